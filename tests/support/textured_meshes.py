# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes whose surface says a known thing at each place, and what a baked mesh shows there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bmesh
import bpy
import numpy as np

from csm_blender.remesh.texture.bake import bake
from csm_blender.remesh.texture.unwrap import unwrap

Array = Any


def sphere(name: str, subdivisions: int, radius: float = 1.0) -> bpy.types.Mesh:
    """A smooth sphere of triangles: 20 * 4 ** (subdivisions - 1)."""
    mesh = bpy.data.meshes.new(name)
    made = bmesh.new()
    bmesh.ops.create_icosphere(made, subdivisions=subdivisions, radius=radius)
    made.to_mesh(mesh)
    made.free()
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    return mesh


def grid(name: str, cells: int, z: float = 0.0) -> bpy.types.Mesh:
    """A square of quads from -1 to 1 facing up, with a UV map from 0 to 1 (u along x, v along y)."""
    mesh = bpy.data.meshes.new(name)
    made = bmesh.new()
    bmesh.ops.create_grid(made, x_segments=cells, y_segments=cells, size=1.0)
    bmesh.ops.translate(made, verts=made.verts, vec=(0.0, 0.0, z))
    made.to_mesh(mesh)
    made.free()
    add_uv_map(mesh, "UVMap", lambda places: places[:, :2] * 0.5 + 0.5)
    return mesh


def corner_places(mesh: bpy.types.Mesh) -> Array:
    """(loops, 3) where the corners are."""
    places = np.array([vertex.co[:] for vertex in mesh.vertices], dtype=np.float32)
    return places[[loop.vertex_index for loop in mesh.loops]]


def add_uv_map(mesh: bpy.types.Mesh, name: str, of_place: Callable[[Array], Array]) -> None:
    layer: Any = mesh.uv_layers.new(name=name)
    layer.uv.foreach_set("vector", of_place(corner_places(mesh)).astype(np.float32).ravel())


def add_colors(mesh: bpy.types.Mesh, name: str, kind: str, domain: str, of_place: Callable[[Array], Array]) -> None:
    """A color attribute with linear colors (n, 3 or 4) of places."""
    attribute: Any = mesh.color_attributes.new(name, kind, domain)
    places = corner_places(mesh) if domain == "CORNER" else np.array([v.co[:] for v in mesh.vertices])
    colors = of_place(places)
    full = np.ones((len(places), 4), dtype=np.float32)
    full[:, : colors.shape[1]] = colors
    attribute.data.foreach_set("color", full.ravel())


def image(name: str, stored: Array, color_space: str = "sRGB", *, is_float: bool = False) -> bpy.types.Image:
    """An image of *stored* values (h, w, 3 or 4) from 0 to 1, from the bottom row up."""
    height, width, channels = stored.shape
    made: Any = bpy.data.images.new(name, width, height, alpha=True, float_buffer=is_float)
    made.colorspace_settings.name = color_space
    full = np.ones((height, width, 4), dtype=np.float32)
    full[..., :channels] = stored
    made.pixels.foreach_set(full.ravel())
    made.pack()
    return made


def ramp(width: int = 64, height: int = 64) -> Array:
    """(h, w, 3): red grows with u, green with v, blue is half."""
    v, u = np.mgrid[0:height, 0:width]
    return np.stack([(u + 0.5) / width, (v + 0.5) / height, np.full(u.shape, 0.5)], axis=-1)


class MaterialTree:
    """A material with a Principled BSDF, to be built on."""

    def __init__(self, name: str, **inputs: Any) -> None:
        self.material = bpy.data.materials.new(name)
        if self.material.node_tree is None:
            self.material.use_nodes = True
        self.tree: Any = self.material.node_tree
        self.shader = next(node for node in self.tree.nodes if node.type == "BSDF_PRINCIPLED")
        for key, value in inputs.items():
            self.shader.inputs[key.replace("_", " ").title()].default_value = value

    def node(self, kind: str, **settings: Any) -> Any:
        made = self.tree.nodes.new(kind)
        for key, value in settings.items():
            setattr(made, key, value)
        return made

    def link(self, source: Any, target: Any) -> None:
        self.tree.links.new(source, self.shader.inputs[target] if isinstance(target, str) else target)

    def texture(self, picture: bpy.types.Image, uv_map: str = "", **settings: Any) -> Any:
        node = self.node("ShaderNodeTexImage", image=picture, **settings)
        if uv_map:
            self.link(self.node("ShaderNodeUVMap", uv_map=uv_map).outputs[0], node.inputs["Vector"])
        return node

    def multiplied(self, a: Any, b: Any) -> Any:
        """The color of output *a* times output or color *b*, as glTF's importer writes it."""
        node = self.node("ShaderNodeMix", data_type="RGBA", blend_type="MULTIPLY")
        by_name = {socket.identifier: socket for socket in node.inputs}
        by_name["Factor_Float"].default_value = 1.0
        self.link(a, by_name["A_Color"])
        if isinstance(b, tuple):
            by_name["B_Color"].default_value = b
        else:
            self.link(b, by_name["B_Color"])
        return next(socket for socket in node.outputs if socket.identifier == "Result_Color")


SIZE = 256
STEP = 1.0 / 255.0
"""Of a stored value."""


def color_of(places: Array) -> Array:
    """A smooth linear color of place."""
    return 0.5 + 0.4 * np.sin(places * (1.0, 1.3, 0.7) + (0.0, 1.0, 2.0))


def spheres() -> tuple[bpy.types.Mesh, bpy.types.Mesh]:
    """A fine one and a coarser one."""
    return sphere("Original", 5), sphere("Low", 4)


class Baked:
    """What the one material of a baked mesh shows."""

    def __init__(self, mesh: bpy.types.Mesh) -> None:
        assert len(mesh.materials) == 1
        self.mesh = mesh
        self.material: Any = mesh.materials[0]
        self.tree = self.material.node_tree
        self.shader = next(node for node in self.tree.nodes if node.type == "BSDF_PRINCIPLED")

    def factor(self, name: str) -> Any:
        value = self.shader.inputs[name].default_value
        return np.array(value)[:3] if hasattr(value, "__len__") else value

    def is_textured(self, name: str) -> bool:
        return bool(self.shader.inputs[name].is_linked)

    def image(self, kind: str) -> Any:
        return bpy.data.images[f"{self.mesh.name} {kind}"]

    def kinds(self) -> set[str]:
        return {
            node.image.name.removeprefix(f"{self.mesh.name} ") for node in self.tree.nodes if node.type == "TEX_IMAGE"
        }

    def pixels(self, kind: str) -> Array:
        """(h, w, 4) stored values from 0 to 1."""
        picture = self.image(kind)
        values = np.empty(picture.size[0] * picture.size[1] * 4, dtype=np.float32)
        picture.pixels.foreach_get(values)
        return values.reshape(picture.size[1], picture.size[0], 4)

    def at_surface(self, kind: str, count: int = 4000) -> tuple[Array, Array]:
        """(n, 3) places spread over the mesh, and (n, 4) the stored values of the image there, as a viewer filters."""
        mesh = self.mesh
        mesh.calc_loop_triangles()
        corners = np.array([triangle.loops[:] for triangle in mesh.loop_triangles])
        places, uvs = corner_places(mesh)[corners], uv_map(mesh)[corners]
        random = np.random.default_rng(7)
        area = np.linalg.norm(np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]), axis=1)
        chosen = random.choice(len(corners), count, p=area / area.sum())
        weights = random.dirichlet((1.0, 1.0, 1.0), count)[..., None]
        return (places[chosen] * weights).sum(1), bilinear(self.pixels(kind), (uvs[chosen] * weights).sum(1))


def uv_map(mesh: bpy.types.Mesh) -> Array:
    """(loops, 2)"""
    values = np.empty(len(mesh.loops) * 2, dtype=np.float32)
    layer: Any = mesh.uv_layers[0]
    layer.uv.foreach_get("vector", values)
    return values.reshape(-1, 2)


def bilinear(pixels: Array, uvs: Array) -> Array:
    height, width = pixels.shape[:2]
    x, y = uvs[:, 0] * width - 0.5, uvs[:, 1] * height - 0.5
    left, low = np.floor(x).astype(int), np.floor(y).astype(int)
    result = np.zeros((len(uvs), 4))
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - (x - left)) * np.abs(1 - dy - (y - low))
            column, row = np.clip(left + dx, 0, width - 1), np.clip(low + dy, 0, height - 1)
            result += weight[:, None] * pixels[row, column]
    return result


def srgb(linear: Array) -> Array:
    """The sRGB values of linear ones, by the standard."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def linear(stored: Array) -> Array:
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def baked(original: bpy.types.Mesh, low: bpy.types.Mesh, size: int = SIZE) -> Baked:
    """What *low* shows when *original* was baked onto it."""
    unwrap(low, size)
    bake(original, low, size, lambda _share, _what: None)
    return Baked(low)
