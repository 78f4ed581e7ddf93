# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a mesh with Cycles on the CPU: shaded as it is, or its wires. Needs bpy."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

_SIDE = Vector((0.62, -1.0, 0.5)).normalized()


def load_made(blend: Path) -> bpy.types.Mesh:
    """The mesh that a case kept."""
    with bpy.data.libraries.load(str(blend)) as (source, target):
        target.meshes = source.meshes[:1]
    return target.meshes[0]


def render(
    mesh: bpy.types.Mesh, box: np.ndarray, path: Path, *, wires: bool = False, pixels: int = 640, side: Vector = _SIDE
) -> None:
    """Render *mesh* alone to *path*; the camera is set by *box* (2, 3), so that two meshes are seen alike."""
    scene = bpy.data.scenes.new("picture")
    scene.collection.objects.link(obj := bpy.data.objects.new("seen", mesh))
    kept = list(mesh.materials)
    if wires:
        mesh.materials.clear()
        mesh.materials.append(_wire_material())
    middle, size = Vector((box[0] + box[1]) / 2.0), float(np.linalg.norm(box[1] - box[0]))
    camera = bpy.data.cameras.new("camera")
    camera.type, camera.ortho_scale, camera.clip_end = "ORTHO", size * 0.95, size * 10.0
    scene.collection.objects.link(eye := bpy.data.objects.new("camera", camera))
    eye.location = middle + side * size * 2.0
    eye.rotation_euler = side.to_track_quat("Z", "Y").to_euler()
    scene.camera = eye
    for turn, strength, angle in ((Vector((0.2, -0.5, 1.0)), 2.5, 0.2), (Vector((1.0, 0.3, 0.3)), 1.0, 0.5)):
        sun = bpy.data.lights.new("sun", "SUN")
        sun.energy, sun.angle = strength, angle
        scene.collection.objects.link(lamp := bpy.data.objects.new("sun", sun))
        lamp.rotation_euler = turn.to_track_quat("Z", "Y").to_euler()
    world = bpy.data.worlds.new("world")
    if world.node_tree is None:  # from 5.0 on there always is one, and this is deprecated
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.78, 0.82, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.6
    scene.world = world
    _settings(scene, path, pixels)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    bpy.data.scenes.remove(scene)
    bpy.data.objects.remove(obj)
    if wires:
        mesh.materials.clear()
        for material in kept:
            mesh.materials.append(material)


def _settings(scene: bpy.types.Scene, path: Path, pixels: int) -> None:
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = pixels
    render.film_transparent = False
    render.image_settings.file_format = "PNG"
    render.filepath = str(path)
    scene.cycles.device = "CPU"
    scene.cycles.samples = 24
    scene.cycles.max_bounces = 4
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"


def _wire_material() -> bpy.types.Material:
    material = bpy.data.materials.new("wires")
    if material.node_tree is None:  # as above
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    wire = nodes.new("ShaderNodeWireframe")
    wire.use_pixel_size = True
    wire.inputs["Size"].default_value = 0.8
    mix = nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    mix.inputs["A"].default_value, mix.inputs["B"].default_value = (0.62, 0.62, 0.6, 1.0), (0.02, 0.05, 0.15, 1.0)
    links.new(wire.outputs[0], mix.inputs["Factor"])
    links.new(mix.outputs["Result"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def before_and_after(rough: bpy.types.Mesh, made: bpy.types.Mesh, box: np.ndarray, path: Path, pixels: int) -> None:
    """A JPEG of both meshes side by side: each shaded, then its wires."""
    shots = []
    for number, (mesh, wires) in enumerate(((rough, False), (made, False), (rough, True), (made, True))):
        render(mesh, box, shot := path.with_name(f"{path.stem}-{number}.png"), wires=wires, pixels=pixels)
        image = bpy.data.images.load(str(shot))
        values = np.empty(pixels * pixels * 4, np.float32)
        image.pixels.foreach_get(values)
        shots.append(values.reshape(pixels, pixels, 4))
        bpy.data.images.remove(image)
        shot.unlink()
    both = np.concatenate(shots, axis=1)
    image = bpy.data.images.new("both", both.shape[1], pixels)
    image.pixels.foreach_set(np.ascontiguousarray(both).ravel())
    image.filepath_raw, image.file_format = str(path), "JPEG"
    image.save(quality=80)
    bpy.data.images.remove(image)
