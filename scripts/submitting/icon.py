# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the icon: ``icon.py REFINED.blend ICON.png``: a chair of the demo in the box of its block-out."""

from __future__ import annotations

import math
import sys

import bpy
from mathutils import Euler, Matrix, Vector

SIDE = 256
SHOWN = "Guest chair_refined"


def main(blend: str, picture: str) -> None:
    """Everything but one result and the lines of its box is left out; the background stays transparent."""
    bpy.ops.wm.open_mainfile(filepath=blend, load_ui=False)
    scene = bpy.context.scene
    shown = bpy.data.objects[SHOWN]
    corners = [shown.matrix_world @ Vector(corner) for corner in shown.bound_box]
    for obj in list(scene.objects):
        if obj != shown and obj.type != "CAMERA":
            bpy.data.objects.remove(obj)
    center = sum(corners, Vector()) / 8
    size = max((corner - center).length for corner in corners)
    _make_lines(corners, size * 0.022)
    turn = shown.matrix_world.to_quaternion() @ Euler((math.radians(72), 0.0, math.radians(32))).to_quaternion()
    away = turn @ Vector((0.0, 0.0, 1.0))
    camera = scene.camera
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = size * 2.0
    camera.matrix_world = Matrix.Translation(center + away * size * 6) @ turn.to_matrix().to_4x4()
    light = bpy.data.objects.new("Key", bpy.data.lights.new("Key", "SUN"))
    light.data.energy, light.data.angle = 3.2, 0.4
    light.matrix_world = turn.to_matrix().to_4x4() @ Euler((-0.5, -0.6, 0.0)).to_matrix().to_4x4()
    scene.collection.objects.link(light)
    render = scene.render
    render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 48
    render.resolution_x = render.resolution_y = SIDE * 2
    render.resolution_percentage, render.film_transparent = 100, True
    render.image_settings.color_mode = "RGBA"
    render.filepath = picture
    bpy.ops.render.render(write_still=True)


def _make_lines(corners: list[Vector], radius: float) -> None:
    """The twelve edges of the box, as tubes that glow."""
    curve = bpy.data.curves.new("Box", "CURVE")
    curve.dimensions, curve.bevel_depth = "3D", radius
    for first in range(8):
        for second in range(first + 1, 8):
            if _are_ends_of_an_edge(first, second):
                line = curve.splines.new("POLY")
                line.points.add(1)
                for point, corner in zip(line.points, (corners[first], corners[second]), strict=True):
                    point.co = (*corner, 1.0)
    material = bpy.data.materials.new("Box")
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (0.02, 0.25, 0.5, 1.0)
    shader.inputs["Emission Color"].default_value = (0.05, 0.45, 0.85, 1.0)
    shader.inputs["Emission Strength"].default_value = 1.0
    curve.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Box", curve))


def _are_ends_of_an_edge(first: int, second: int) -> bool:
    """Whether two corners of Blender's ``bound_box`` are the ends of an edge."""
    places = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)]
    return sum(a != b for a, b in zip(places[first], places[second], strict=True)) == 1


if __name__ == "__main__":
    main(*sys.argv[1:])
