# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``import_save.py OUT.json GLB``: import and save, the plain way."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy

if __name__ == "__main__":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=sys.argv[2])
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(sys.argv[1]).with_suffix(".blend")), compress=False)
    os._exit(0)  # the wheels of 4.5 may hang in an orderly exit
