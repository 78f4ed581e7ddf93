# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a .blend with Cycles on the CPU: ``python demo_render.py SCENE.blend OUT.png [WIDTH] [SAMPLES]``."""

from __future__ import annotations

import sys

import bpy


def main(blend: str, picture: str, width: str = "1200", samples: str = "40") -> None:
    """Render the file's camera view at 16:9."""
    bpy.ops.wm.open_mainfile(filepath=blend, load_ui=False)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = int(width), int(width) * 9 // 16
    render.resolution_percentage = 100
    render.filepath = picture
    scene.cycles.device = "CPU"
    scene.cycles.samples = int(samples)
    scene.cycles.use_denoising = True
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
