# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mesh's material shows at places of it: base color, metal, emission, alpha, normals. Needs bpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy
import numpy as np

from rough.known.looks import encoded
from rough.uvs import corner_uvs

if TYPE_CHECKING:
    from rough.known.kinds import Kind
    from rough.measure import Figures, Mesh, Spots

_FAR = 32.0


@dataclass(frozen=True)
class Image:
    """Pixels (height, width, 4) from below, as stored in the file."""

    pixels: np.ndarray

    @staticmethod
    def of(image: bpy.types.Image) -> Image:
        """The pixels of *image*."""
        width, height = image.size
        values = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(values)
        return Image(values.reshape(height, width, 4))

    def at(self, uv: np.ndarray) -> np.ndarray:
        """Bilinear (n, 4), repeating."""
        height, width = self.pixels.shape[:2]
        x, y = uv[:, 0] * width - 0.5, uv[:, 1] * height - 0.5
        i, j = np.floor(x).astype(int), np.floor(y).astype(int)
        s, t = (x - i)[:, None], (y - j)[:, None]
        i0, i1, j0, j1 = i % width, (i + 1) % width, j % height, (j + 1) % height
        p = self.pixels
        return (p[j0, i0] * (1 - s) + p[j0, i1] * s) * (1 - t) + (p[j1, i0] * (1 - s) + p[j1, i1] * s) * t

    def smaller(self, times: int) -> Image:
        """As a mip level: each pixel the mean of a square of *times* pixels a side."""
        height, width = (side // times * times for side in self.pixels.shape[:2])
        blocks = self.pixels[:height, :width].reshape(height // times, times, width // times, times, 4)
        return Image(blocks.mean(axis=(1, 3)))


def compare(found: Figures, mesh: bpy.types.Mesh, made: Mesh, ours: Spots, place: np.ndarray, material: np.ndarray,
            kind: Kind) -> None:  # fmt: skip
    """Fill in what is known of colors: at *place* on the truth, which carries *material*."""
    wanted = kind.looks.colors(place, material)
    shown, image = base_color(mesh, made, ours)
    if shown is not None:
        off = (shown - wanted) * 255.0
        found.color = float(np.sqrt((off**2).mean()))
        found.color_far = float((np.abs(off).max(axis=1) > _FAR).mean())
    corners = corner_uvs(mesh, made)
    if image is None or corners is None:
        return
    uv = (corners[ours.triangle] * ours.weights[..., None]).sum(axis=1)
    small = image.smaller(8).at(uv)[:, :3]
    found.color_small = float(np.sqrt((((small - wanted) * 255.0) ** 2).mean()))
    for name, channel in (("metallic", 0), ("roughness", 1)):
        _compare_value(found, mesh, uv, place, material, kind, name, channel)
    _compare_light(found, mesh, uv, place, material, kind, image)


def _compare_value(found, mesh, uv, place, material, kind, name, channel) -> None:
    looks = [look.metallic_roughness for look in kind.looks.of]
    if all(look is None for look in looks):
        return
    wanted = np.stack([np.zeros(len(place)), np.full(len(place), 0.6)], axis=1)
    for number, look in enumerate(looks):
        mine = material == number
        if look is not None and mine.any():
            wanted[mine] = look(place[mine])
    shown = _socket(mesh, name.title(), uv)
    setattr(found, name, float(np.sqrt((((shown - wanted[:, channel]) * 255.0) ** 2).mean())))


def _compare_light(found, mesh, uv, place, material, kind, image) -> None:
    alphas = [(n, look.alpha) for n, look in enumerate(kind.looks.of) if look.alpha is not None]
    if alphas:
        wanted = np.ones(len(place))
        for number, alpha in alphas:
            wanted[material == number] = alpha(place[material == number])
        shown = image.at(uv)[:, 3] if _linked(mesh, "Alpha") else np.ones(len(uv))
        found.alpha = float(((shown > 0.5) != (wanted > 0.5)).mean())
    glow = [(n, look.emission) for n, look in enumerate(kind.looks.of) if look.emission is not None]
    if glow:
        light = np.zeros((len(place), 3))
        for number, emission in glow:
            light[material == number] = emission(place[material == number])
        node = _image_node(mesh, "Emission Color")
        shown = Image.of(node.image).at(uv)[:, :3] if node else np.zeros((len(uv), 3))
        found.emission = float(np.sqrt((((shown - encoded(light)) * 255.0) ** 2).mean()))


def base_color(mesh: bpy.types.Mesh, made: Mesh, ours: Spots) -> tuple[np.ndarray | None, Image | None]:
    """The sRGB shown at the places (k, 3), and the image if one material carries it."""
    corners = corner_uvs(mesh, made)
    node = _image_node(mesh, "Base Color")
    if node is not None and corners is not None and len(mesh.materials) == 1:
        image = Image.of(node.image)
        return image.at((corners[ours.triangle] * ours.weights[..., None]).sum(axis=1))[:, :3], image
    if len(mesh.materials) > 1:
        return None, None
    attribute = mesh.color_attributes.active_color
    if attribute is not None:
        values = np.empty(len(attribute.data) * 4, np.float32)
        attribute.data.foreach_get("color", values)
        index = made.loops if attribute.domain == "CORNER" else made.triangles
        light = values.reshape(-1, 4)[index[ours.triangle]][..., :3]
        return encoded((light * ours.weights[..., None]).sum(axis=1)), None
    shader = _principled(mesh)
    if shader is None:
        return None, None
    color = np.array(shader.inputs["Base Color"].default_value[:3])
    return np.tile(encoded(color), (len(ours.place), 1)), None


def normals(mesh: bpy.types.Mesh, made: Mesh, ours: Spots) -> np.ndarray:
    """The shading normals (k, 3) of the corners, the normal map in where there is one."""
    values = np.empty(len(mesh.loops) * 3, np.float32)
    mesh.corner_normals.foreach_get("vector", values)
    weights = ours.weights[..., None]
    loops = made.loops[ours.triangle]
    normal = (values.reshape(-1, 3)[loops] * weights).sum(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    corners, node = corner_uvs(mesh, made), _image_node(mesh, "Normal")
    if node is None or corners is None:
        return normal
    mesh.calc_tangents()
    tangents, signs = np.empty(len(mesh.loops) * 3, np.float32), np.empty(len(mesh.loops), np.float32)
    mesh.loops.foreach_get("tangent", tangents)
    mesh.loops.foreach_get("bitangent_sign", signs)
    mesh.free_tangents()
    tangent = (tangents.reshape(-1, 3)[loops] * weights).sum(axis=1)
    across = signs[loops[:, 0]][:, None] * np.cross(normal, tangent)
    texel = Image.of(node.image).at((corners[ours.triangle] * weights).sum(axis=1))[:, :3] * 2.0 - 1.0
    bent = texel[:, :1] * tangent + texel[:, 1:2] * across + texel[:, 2:] * normal
    return bent / np.maximum(np.linalg.norm(bent, axis=1, keepdims=True), 1e-12)


def _principled(mesh: bpy.types.Mesh) -> bpy.types.Node | None:
    material = mesh.materials[0] if mesh.materials else None
    if material is None or material.node_tree is None:
        return None
    return next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)


def _linked(mesh: bpy.types.Mesh, socket: str) -> bool:
    shader = _principled(mesh)
    return shader is not None and shader.inputs[socket].is_linked


def _image_node(mesh: bpy.types.Mesh, socket: str) -> bpy.types.Node | None:
    """The image texture behind an input of the shader, if there is one."""
    shader = _principled(mesh)
    waiting = [shader.inputs[socket]] if shader is not None else []
    while waiting:
        for link in waiting.pop().links:
            if link.from_node.type == "TEX_IMAGE" and link.from_node.image is not None:
                return link.from_node
            waiting += list(link.from_node.inputs)
    return None


def _socket(mesh: bpy.types.Mesh, name: str, uv: np.ndarray) -> np.ndarray:
    """One value (k,) of the shader: glTF keeps metal in blue and roughness in green."""
    node, shader = _image_node(mesh, name), _principled(mesh)
    if node is not None:
        return Image.of(node.image).at(uv)[:, {"Metallic": 2, "Roughness": 1}[name]]
    return np.full(len(uv), shader.inputs[name].default_value if shader is not None else 0.0)
