# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture of a mesh for the asset browser, rendered in the converter process by Cycles on the CPU.

The other engines need a graphics card. A scene of its own shows the mesh and nothing else that was imported.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Vector
from numpy.typing import NDArray

from ..core.errors import JobError
from ..core.models import Vec3
from ..remesh.texture.png import png

Pixels = NDArray[np.int32]
SIZE_PX = 256
SAMPLES = 24
_VIEW = Euler((1.16, 0.0, 0.62))
"""From the front, a little from the right and above."""
_LIGHTS = ((Euler((0.7, 0.0, -0.1)), 2.1), (Euler((1.1, 0.0, 1.7)), 0.8))
"""How suns are turned, and how strong they are: one from the front above, one from the right."""
_AMBIENT = 0.4
"""Brightness of the gray all around, which is what metals show."""


class ThumbnailFailed(JobError):
    """This Blender cannot make a picture; the message says why."""


def render_thumbnail(mesh: bpy.types.Mesh, scale: Vec3) -> Pixels:
    """The picture: :data:`SIZE_PX` squared pixels from bottom left, each packed into four bytes as previews hold them.

    *scale* is how long one unit of the mesh is on each axis. Raises :class:`ThumbnailFailed`.
    """
    scene = bpy.data.scenes.new("Thumbnail")
    try:
        _set_up(scene)
        _add_objects(scene, mesh, scale)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return _rendered(scene, Path(folder) / "thumbnail.png")
    except (AttributeError, OSError, RuntimeError, StopIteration, TypeError) as problem:  # mostly: built without Cycles
        raise ThumbnailFailed("{error}", error=problem) from problem
    finally:
        for obj in list(scene.objects):
            bpy.data.objects.remove(obj)
        bpy.data.scenes.remove(scene)


def thumbnail_png(mesh: bpy.types.Mesh, scale: Vec3) -> bytes:
    """The same picture at half its size, as a PNG. Raises :class:`ThumbnailFailed`."""
    whole = render_thumbnail(mesh, scale).view(np.uint8).reshape(SIZE_PX // 2, 2, SIZE_PX // 2, 2, 4)
    return png(np.round(whole.mean(axis=(1, 3))).astype(np.uint8))


def _set_up(scene: bpy.types.Scene) -> None:
    render: Any = scene.render
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = SIZE_PX
    render.resolution_percentage = 100
    render.film_transparent = True
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGBA"
    cycles: Any = scene.cycles
    cycles.device = "CPU"
    cycles.samples = SAMPLES
    cycles.use_denoising = False  # it costs more than the samples
    cycles.max_bounces = 4
    settings: Any = scene.view_settings
    settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("Thumbnail")
    if scene.world.node_tree is None:  # from 5.0 on there always is one, and this is deprecated
        scene.world.use_nodes = True
    tree: Any = scene.world.node_tree
    background = next(node for node in tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (_AMBIENT, _AMBIENT, _AMBIENT, 1.0)


def _add_objects(scene: bpy.types.Scene, mesh: bpy.types.Mesh, scale: Vec3) -> None:
    shown = bpy.data.objects.new("Mesh", mesh)
    shown.scale = scale
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.rotation_euler = _VIEW
    data: Any = camera.data
    data.lens = 80.0
    suns = [bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN")) for _ in _LIGHTS]
    for sun, (rotation, strength) in zip(suns, _LIGHTS, strict=True):
        sun.rotation_euler = rotation
        light: Any = sun.data
        light.energy, light.angle = strength, 0.3
    for obj in (shown, camera, *suns):
        scene.collection.objects.link(obj)
    scene.camera = camera
    layer = scene.view_layers[0]
    layer.update()
    corners = [shown.matrix_world @ Vector(corner) for corner in shown.bound_box]
    fit: Any = camera.camera_fit_coords  # the stub says that it returns nothing
    location, _scale = fit(layer.depsgraph, [getattr(corner, axis) for corner in corners for axis in "xyz"])
    middle = sum(corners, Vector()) / len(corners)
    camera.location = middle + (Vector(location) - middle) * 1.06
    far = (camera.location - middle).length + max((corner - middle).length for corner in corners)
    data.clip_start, data.clip_end = far * 1e-3, far * 2.0


def _rendered(scene: bpy.types.Scene, path: Path) -> Pixels:
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    if not path.is_file():
        raise ThumbnailFailed("nothing was rendered")
    image = bpy.data.images.load(str(path))
    try:
        values = np.empty(SIZE_PX * SIZE_PX * 4, dtype=np.float32)
        image.pixels.foreach_get(values)  # type: ignore[attr-defined]  # the stub says it is a float
    finally:
        bpy.data.images.remove(image)
    if not values[3::4].any():
        raise ThumbnailFailed("the picture is empty")
    return np.round(values * 255.0).astype(np.uint8).view(np.int32)
