# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake what the original shows onto the maps of an unwrapped mesh."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.messages import Message
from ...core.remesh import ReportProgress
from ..material.channels import AlphaMode, Channels, read_channels
from ..material.evaluate import Places, constant_value
from ..material.expressions import Constant, Expression, Operation, Procedural
from ..material.images import Pixels, read_pixels
from ..material.mesh_data import Floats, Ints, TriangleData
from .baked_material import Factors, make_material
from .fill import nearest_filled
from .maps import Map
from .png import packed_image
from .raster import Spans, rasterize
from .shading import LowFrames, OriginalNormals, in_tangent_space, materials_at
from .surface import Surface
from .unwrap import padding

_TEXELS_AT_ONCE = 1 << 20
_AVERAGED_SIZE = 256
"""Side of the maps whose averages are taken where no images are wanted."""
_VISIBLE_TILT = 0.035
"""Sine of the angle from which on a normal that differs is seen: two degrees."""
_VISIBLE_SHARE = 0.002


def bake(
    original: bpy.types.Mesh, low: bpy.types.Mesh, texture_size: int, report_progress: ReportProgress
) -> tuple[Message, ...]:
    """Give *low* one material that shows what *original* shows, with images of *texture_size* x *texture_size*.

    *low* is unwrapped and has its final normals; both are in the same place. Images are packed, and there is one only
    for what differs from place to place; with a *texture_size* of 0 there is none, and averages are taken.
    Returns notes for people.
    """
    report_progress(0.0, Message("Reading materials"))
    data = TriangleData(original)
    numbers = data.material_numbers()
    notes: list[Message] = []
    materials = list(original.materials) or [None]
    channels: dict[int, Channels] = {}
    for number in np.unique(numbers):
        channels[int(number)], found = read_channels(materials[number], has_colors=bool(original.color_attributes))
        notes += [note for note in found if note not in notes]
    size = texture_size or _AVERAGED_SIZE
    work = _Work(low, data, numbers, channels, size, has_normals=texture_size > 0)
    work.run(report_progress)
    report_progress(0.85, Message("Writing textures"))
    work.finish(low, with_images=texture_size > 0)
    report_progress(1.0, Message("Writing textures"))
    return tuple(notes)


class _Work:
    """One bake."""

    def __init__(
        self,
        low: bpy.types.Mesh,
        data: TriangleData,
        numbers: Ints,
        channels: dict[int, Channels],
        size: int,
        *,
        has_normals: bool,
    ) -> None:
        self._size = size
        self._data = data
        self._numbers = numbers
        self._channels = channels
        self._frames = LowFrames(low)
        self._images: dict[int, Pixels] = {}
        self._rendered: dict[Procedural, Floats] = {}
        used = list(channels.values())
        self._emission_scale = max(_strength(each.emission) for each in used)
        self._alpha = _AlphaRule(used)
        self._color = Map(size, 4, is_color=True)
        self._surface_map = Map(size, 3)
        self._emission = Map(size, 3, is_color=True)
        self._normal = Map(size, 3) if has_normals else None
        self._tilted = self._count = 0
        self._covered = np.zeros(size * size, dtype=bool)

    def run(self, report_progress: ReportProgress) -> None:
        """Look all texels up."""
        spans = rasterize(self._frames.uvs.astype(np.float64), self._size)
        total, done = int(spans.count.sum()), 0
        with Surface(self._data.positions()) as surface:
            normals = OriginalNormals(self._data, surface) if self._normal is not None else None
            for chunk in spans.chunks(_TEXELS_AT_ONCE):
                report_progress(0.05 + 0.8 * done / max(total, 1), Message("Baking textures"))
                self._bake(chunk, surface, normals)
                done += int(chunk.count.sum())

    def _bake(self, spans: Spans, surface: Surface, normals: OriginalNormals | None) -> None:
        texels = spans.texels(self._size)
        triangles = spans.triangles()
        values = spans.interpolated(self._frames.corners)
        facing = values[:, 3:6] / np.maximum(np.linalg.norm(values[:, 3:6], axis=1, keepdims=True), 1e-20)
        hits = surface.hits(values[:, :3], facing)
        self._covered[texels] = True
        everywhere = Places(self._data, hits, self._pixels, texels, self._rendered)
        for number, chosen in materials_at(self._numbers, hits.triangle, len(self._channels)):
            channels = self._channels[number] if len(self._channels) > 1 else next(iter(self._channels.values()))
            places = everywhere if isinstance(chosen, slice) else everywhere.part(chosen)
            self._write(places, channels)
            if normals is not None and self._normal is not None:
                turned = normals.at(places, channels, facing[chosen])
                signs = self._frames.signs[triangles[chosen]]
                tangent = in_tangent_space(turned, values[chosen, 3:], signs)
                self._tilted += int((np.hypot(tangent[:, 0], tangent[:, 1]) > _VISIBLE_TILT).sum())
                self._count += len(tangent)
                self._normal.write(places.texels, tangent * np.float32(0.5) + np.float32(0.5))

    def _write(self, places: Places, channels: Channels) -> None:
        count = len(places.texels)

        def rows(*parts: Floats) -> Floats:
            return np.concatenate([np.broadcast_to(each, (count, each.shape[1])) for each in parts], axis=1)

        alpha = self._alpha.applied(places.values(channels.alpha), channels)
        self._color.write(places.texels, rows(_three(places.values(channels.base_color)), alpha))
        one = np.ones((1, 1), dtype=np.float32)
        surface = rows(one, places.values(channels.roughness), places.values(channels.metallic))
        self._surface_map.write(places.texels, surface)
        emission = _three(places.values(channels.emission)) / np.float32(self._emission_scale)
        self._emission.write(places.texels, rows(emission))

    def _pixels(self, image: bpy.types.Image) -> Pixels:
        key = image.as_pointer()
        if key not in self._images:
            self._images[key] = read_pixels(image)
        return self._images[key]

    def finish(self, low: bpy.types.Mesh, *, with_images: bool) -> None:
        """Write the images and the material."""
        square = self._covered.reshape(self._size, self._size)
        targets, sources = nearest_filled(square, steps=2 * padding(self._size))
        rest = ~self._covered
        rest[targets] = False
        maps = {"Base Color": self._color, "Metallic Roughness": self._surface_map, "Emission": self._emission}
        has_alpha = self._color.varies(3, 4)
        wanted = {name for name, each in maps.items() if with_images and each.varies(0, 4)}
        if self._normal is not None and self._tilted > self._count * _VISIBLE_SHARE:
            maps["Normal"] = self._normal
            wanted.add("Normal")
        images = {}
        for name in sorted(wanted):
            maps[name].spread(targets, sources, rest)
            pixels = maps[name].pixels
            kept = pixels if has_alpha or name != "Base Color" else pixels[:, :3]
            square_pixels = np.ascontiguousarray(kept).reshape(self._size, self._size, -1)
            space = "sRGB" if name in {"Base Color", "Emission"} else "Non-Color"
            images[name] = packed_image(f"{low.name} {name}", square_pixels, space)
        color, surface, emission = (each.mean() for each in (self._color, self._surface_map, self._emission))
        alpha_mode = self._alpha.mode
        if "Base Color" not in images and alpha_mode == AlphaMode.MASK:
            alpha_mode = AlphaMode.OPAQUE
        factors = Factors(
            base_color=tuple(map(float, color[:3])),
            alpha=float(color[3]) if alpha_mode == AlphaMode.BLEND else 1.0,
            roughness=float(surface[1]),
            metallic=float(surface[2]),
            emission=tuple(map(float, emission)),
            emission_strength=self._emission_scale if emission.any() else 0.0,
            alpha_mode=alpha_mode,
            cutoff=self._alpha.cutoff,
            is_culled=all(each.is_culled for each in self._channels.values()),
        )
        material = make_material(low.name, images, factors, has_alpha=has_alpha)
        low.materials.clear()
        low.materials.append(material)
        low.polygons.foreach_set("material_index", np.zeros(len(low.polygons), dtype=np.int32))


class _AlphaRule:
    """How the alpha of several materials becomes that of one."""

    def __init__(self, used: list[Channels]) -> None:
        modes = {each.alpha_mode for each in used}
        cutoffs = {each.cutoff for each in used if each.alpha_mode == AlphaMode.MASK}
        self.mode = next((each for each in (AlphaMode.BLEND, AlphaMode.MASK) if each in modes), AlphaMode.OPAQUE)
        self._is_hard = self.mode == AlphaMode.BLEND or len(cutoffs) > 1
        self.cutoff = cutoffs.pop() if len(cutoffs) == 1 else 0.5

    def applied(self, alpha: Floats, channels: Channels) -> Floats:
        """(n, 1) *alpha* of places with one of the materials, cut at its limit where the others have another."""
        if channels.alpha_mode == AlphaMode.MASK and self._is_hard:
            return (alpha >= channels.cutoff).astype(np.float32)
        return alpha


def _strength(emission: Expression) -> float:
    """The most that *emission* may be, by its factors; 1 where they do not say."""
    value = constant_value(emission)
    if value is not None:
        return float(value.max()) or 1.0
    if isinstance(emission, Operation) and emission.kind == "multiply" and isinstance(emission.inputs[1], Constant):
        return max(emission.inputs[1].value) or 1.0
    return 1.0


def _three(values: Floats) -> Floats:
    return values if values.shape[1] > 1 else np.repeat(values, 3, axis=1)
