# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the demo's block-out scene with plain bpy: ``python demo_scene.py OUT.blend JOBS.csv``.

A corner of a studio in centimeters, blocked out with boxes the way artists do: rotated, parented, mirrored, scaled
unevenly, with origins anywhere, and copies that share one mesh.
"""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import bpy
from mathutils import Euler, Matrix, Vector

Vec3 = tuple[float, float, float]
CHAIR, DESK, LAMP = "SESSION_P_44569824122", "SESSION_1700000001_0000001", "SESSION_1700000002_0000002"
JUG, BOULDER, CRATE = "SESSION_1700000003_0000003", "SESSION_1700000004_0000004", "SESSION_1700000005_0000005"
TREE, TEAPOT = "SESSION_1700000006_0000006", "SESSION_1700000007_0000007"
BASE, CENTER = (0.0, 0.0, -0.5), (0.0, 0.0, 0.0)


def main(blend: str, jobs: str) -> None:
    """Build the scene, save it, and write the jobs file for it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.unit_settings.scale_length = 0.01
    scene.unit_settings.length_unit = "CENTIMETERS"
    _make_room()
    _make_camera_and_light()
    wanted = _make_block_outs()
    with Path(jobs).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["session", "object"])
        rows.writerows((session, obj.name) for obj, session in wanted)
    bpy.ops.wm.save_as_mainfile(filepath=blend)


def _make_block_outs() -> list[tuple[bpy.types.Object, str]]:
    """The boxes to refine, each with its session. Sizes and places are in centimeters, angles in degrees."""
    group = bpy.data.objects.new("Desk group", None)
    group.matrix_world = Matrix.LocRotScale((-30, 60, 0), _turn(0, 0, -8), (1, 1, 1))
    bpy.context.scene.collection.objects.link(group)

    desk = _box("Desk", (140, 68, 76), BASE, (0, 0, 0))
    lamp = _box("Lamp", (38, 46, 58), BASE, (-44, 8, 76), turn=(0, 0, 35))
    teapot = _box("Teapot", (40, 25, 25), (0.3, 0.1, -0.5), (30, -8, 76), turn=(0, 0, 20))
    for child in (desk, lamp, teapot):
        child.parent = group
    teapot.scale.x *= -1.0

    chair = _box("Chair", (1, 1, 1), BASE, (-28, 0, 0), turn=(0, 0, 168), scale=(52, 58, 96))
    guest = _copy("Guest chair", chair, (80, 66, 0), turn=(0, 0, -48), scale=(-52, 58, 96))
    crate = _box("Crate", (84, 60, 56), CENTER, (112, -84, 28), turn=(0, 0, 24))
    small_crate = _copy("Small crate", crate, (106, -82, 73), turn=(0, 0, -9), scale=(0.6, 0.6, 0.6))
    jug = _box("Jug", (34, 30, 46), (0.5, -0.5, -0.5), (-128, -52, 0), turn=(0, 0, -20))
    boulder = _box("Boulder", (1, 1, 1), CENTER, (-150, 4, 24), turn=(8, -12, 40), scale=(88, 64, 52))
    tree = _box("Tree", (112, 90, 158), (0.1, 0.0, -0.5), (-150, 92, 0), turn=(0, 0, 15))
    return [
        *((chair, CHAIR), (guest, CHAIR), (desk, DESK), (lamp, LAMP), (teapot, TEAPOT)),
        *((crate, CRATE), (small_crate, CRATE), (jug, JUG), (boulder, BOULDER), (tree, TREE)),
    ]


def _box(  # noqa: PLR0913 - what a box is, in one line each where it is made
    name: str, size: Vec3, origin: Vec3, place: Vec3, *, turn: Vec3 = (0, 0, 0), scale: Vec3 = (1, 1, 1)
) -> bpy.types.Object:
    """A box of *size* whose origin lies at the normalised point *origin* of it."""
    x, y, z = ((-0.5 - origin[i]) * size[i] for i in range(3))
    corners = [(x + a * size[0], y + b * size[1], z + c * size[2]) for c in (0, 1) for b in (0, 1) for a in (0, 1)]
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(_material("Block-out", (0.55, 0.62, 0.72), 0.8))
    return _stand(bpy.data.objects.new(name, mesh), place, turn, scale)


def _copy(name: str, original: bpy.types.Object, place: Vec3, *, turn: Vec3, scale: Vec3) -> bpy.types.Object:
    """A linked duplicate: another object with the same mesh."""
    return _stand(bpy.data.objects.new(name, original.data), place, turn, scale)


def _stand(obj: bpy.types.Object, place: Vec3, turn: Vec3, scale: Vec3) -> bpy.types.Object:
    obj.location, obj.rotation_euler, obj.scale = place, _turn(*turn), scale
    bpy.context.scene.collection.objects.link(obj)
    return obj


def _turn(x: float, y: float, z: float) -> Euler:
    return Euler((math.radians(x), math.radians(y), math.radians(z)))


def _material(name: str, color: tuple[float, float, float], roughness: float) -> bpy.types.Material:
    found = bpy.data.materials.get(name)
    if found:
        return found
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return material


def _make_room() -> None:
    for name, size, place, color in (
        ("Floor", (1400, 900, 2), (0, 0, -2), (0.50, 0.40, 0.31)),
        ("Back wall", (1400, 4, 400), (0, 170, 0), (0.82, 0.79, 0.74)),
    ):
        wall = _box(name, size, BASE, place)
        wall.data.materials.clear()
        wall.data.materials.append(_material(name, color, 0.9))


def _make_camera_and_light() -> None:
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens, camera.data.clip_end = 37, 5000
    eye, aim = Vector((52, -470, 205)), Vector((-16, 20, 47))
    camera.matrix_world = Matrix.LocRotScale(eye, (aim - eye).to_track_quat("-Z", "Y"), None)
    scene.collection.objects.link(camera)
    scene.camera = camera
    for name, place, size, energy in (("Window", (-320, -240, 300), 180, 9e5), ("Fill", (330, -280, 240), 260, 3.6e5)):
        light = bpy.data.objects.new(name, bpy.data.lights.new(name, "AREA"))
        light.data.size, light.data.energy = size, energy
        light.matrix_world = Matrix.LocRotScale(place, (aim - Vector(place)).to_track_quat("-Z", "Y"), None)
        scene.collection.objects.link(light)
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.82, 0.9, 1.0)
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.6


if __name__ == "__main__":
    main(*sys.argv[1:])
