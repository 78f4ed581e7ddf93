# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake what the original shows onto the maps of an unwrapped mesh."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.messages import Message
from ...core.remesh import ReportProgress
from ..material.channels import AlphaMode, Channels, read_channels
from ..material.density import halvings, texel_density
from ..material.evaluate import Places, constant_value
from ..material.expressions import Constant, Expression, Operation, Procedural
from ..material.images import Pixels, read_pixels, to_srgb
from ..material.mesh_data import Floats, Ints, TriangleData
from .baked_material import Factors, make_material
from .cycles import rendered
from .fill import nearest_filled
from .maps import Map
from .original_surface import OriginalSurface
from .png import packed_image
from .raster import Spans, rasterize_in_parts
from .shading import LowFrames, OriginalNormals, in_tangent_space, materials_at
from .unwrap import padding

_TEXELS_AT_ONCE = 1 << 20
_RGB = 3
_ONE = Constant((1.0,))
_AVERAGED_SIZE = 256
"""Side of the maps whose averages are taken where no images are wanted."""
_VISIBLE_TILT = 0.035
"""Sine of the angle from which on a normal that differs is seen: two degrees."""
_VISIBLE_SHARE = 0.002


def bake(
    original: bpy.types.Mesh,
    low: bpy.types.Mesh,
    texture_size: int,
    report_progress: ReportProgress,
    flipped: NDArray[np.bool_] | None = None,
) -> tuple[Message, ...]:
    """Give *low* one material that shows what *original* shows, with images of *texture_size* x *texture_size*.

    *low* is unwrapped and has its final normals; both are in the same place. Images are packed, and there is one only
    for what differs from place to place; with a *texture_size* of 0 there is none, and averages are taken. *flipped*
    (t,) are triangles of the original that are known to be turned over by mistake.
    Returns notes for people.
    """
    report_progress(0.0, Message("Reading materials"))
    numbers = TriangleData(original).material_numbers()
    notes: list[Message] = []
    materials = list(original.materials) or [None]
    channels: dict[int, Channels] = {}
    for number in np.flatnonzero(np.bincount(numbers)):
        channels[int(number)], found = read_channels(materials[number], has_colors=bool(original.color_attributes))
        notes += [note for note in found if note not in notes]
    size = texture_size or _AVERAGED_SIZE
    work = _Work((original, low), channels, size, has_normals=texture_size > 0)
    work.run(report_progress, flipped)
    report_progress(0.85, Message("Writing textures"))
    work.finish(low, with_images=texture_size > 0)
    report_progress(1.0, Message("Writing textures"))
    return tuple(notes)


class _Work:
    """One bake."""

    def __init__(
        self,
        meshes: tuple[bpy.types.Mesh, bpy.types.Mesh],
        channels: dict[int, Channels],
        size: int,
        *,
        has_normals: bool,
    ) -> None:
        """*meshes* are the original and the low one; *channels* those of the original's material slots."""
        original, low = meshes
        self._size = size
        self._original, self._low = original, low
        self._data = TriangleData(original)
        self._numbers = self._data.material_numbers()
        self._channels = channels
        self._frames = LowFrames(low)
        self._images: dict[int, Pixels] = {}
        self._halvings = halvings(self._data, channels, texel_density(TriangleData(low), size * size))
        self._rendered: dict[Procedural, Floats] = {}
        used = list(channels.values())
        self._emission_scale = max(_strength(each.emission) for each in used)
        self._rule = _AlphaRule(used)
        self._color = Map(size, 3, is_color=True, fixed=_same([(each.base_color,) for each in used]))
        self._alpha = Map(size, 1, fixed=_same([(each.alpha,) for each in used]) if not self._rule.is_hard else None)
        self._gloss = Map(size, 3, fixed=_same([(_ONE, each.roughness, each.metallic) for each in used]))
        fixed = _same([(each.emission,) for each in used])
        fixed = None if fixed is None else fixed / np.float32(self._emission_scale)
        self._emission = Map(size, 3, is_color=True, fixed=fixed)
        self._normal = Map(size, 3) if has_normals else None
        self._tilted = self._count = 0
        self._covered = np.zeros(size * size, dtype=bool)

    def run(self, report_progress: ReportProgress, flipped: NDArray[np.bool_] | None = None) -> None:
        """Look all texels up."""
        wanted = [each for channels in self._channels.values() for each in channels.procedural()]
        if wanted:
            report_progress(0.02, Message("Rendering procedural textures"))
            for spans in self._parts():
                self._covered[spans.texels(self._size)] = True
            covered = self._covered.reshape(self._size, self._size)
            self._rendered = rendered(self._original, self._low, list(dict.fromkeys(wanted)), covered)
        report_progress(0.05, Message("Baking textures"))
        with OriginalSurface(self._data.positions(), flipped) as surface:
            normals = OriginalNormals(self._data, surface) if self._normal is not None else None
            for spans in self._parts():
                self._bake(spans, surface, normals)
                share = float(spans.triangle[-1] + 1) / len(self._frames.uvs) if len(spans.triangle) else 0.0
                report_progress(0.05 + 0.75 * share, Message("Baking textures"))

    def _parts(self) -> Iterator[Spans]:
        return rasterize_in_parts(self._frames.uvs, self._size, _TEXELS_AT_ONCE)

    def _bake(self, spans: Spans, surface: OriginalSurface, normals: OriginalNormals | None) -> None:
        if not len(spans.triangle):
            return
        texels = spans.texels(self._size)
        self._covered[texels] = True
        triangles = spans.triangles()
        values = spans.interpolated(self._frames.corners)
        facing = values[:, 3:6] / np.maximum(np.linalg.norm(values[:, 3:6], axis=1, keepdims=True), 1e-20)
        hits = surface.hits(values[:, :3], facing)
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

        def write(target: Map, *parts: Expression, change: Callable[[Floats], Floats] = _unchanged) -> None:
            if target.fixed is None:
                values = [change(places.values(part)) for part in parts]
                wide = [np.broadcast_to(each, (count, each.shape[1])) for each in values]
                target.write(places.texels, np.concatenate(wide, axis=1) if len(wide) > 1 else wide[0])

        scale = np.float32(self._emission_scale)
        write(self._color, channels.base_color, change=_three)
        write(self._alpha, channels.alpha, change=lambda values: self._rule.applied(values, channels))
        write(self._gloss, _ONE, channels.roughness, channels.metallic)
        write(self._emission, channels.emission, change=lambda values: _three(values) / scale)

    def _pixels(self, image: bpy.types.Image) -> Pixels:
        key = image.as_pointer()
        if key not in self._images:
            self._images[key] = read_pixels(image, self._halvings.get(image, 0))
        return self._images[key]

    def finish(self, low: bpy.types.Mesh, *, with_images: bool) -> None:
        """Write the images and the material."""
        square = self._covered.reshape(self._size, self._size)
        targets, sources = nearest_filled(square, steps=2 * padding(self._size))
        rest = ~self._covered
        rest[targets] = False
        has_alpha = with_images and self._alpha.varies()
        maps = {"Metallic Roughness": self._gloss, "Emission": self._emission}
        images = {}
        if with_images and (self._color.varies() or has_alpha):
            channels = [self._spread(each, targets, sources, rest) for each in (self._color, self._alpha)]
            pixels = np.concatenate(channels, axis=1) if has_alpha else channels[0]
            images["Base Color"] = self._image("Base Color", pixels, "sRGB")
        for name, each in maps.items():
            if with_images and each.varies():
                space = "sRGB" if name == "Emission" else "Non-Color"
                images[name] = self._image(name, self._spread(each, targets, sources, rest), space)
        if self._normal is not None and self._tilted > self._count * _VISIBLE_SHARE:
            images["Normal"] = self._image("Normal", self._spread(self._normal, targets, sources, rest), "Non-Color")
        color, gloss, emission = (each.mean() for each in (self._color, self._gloss, self._emission))
        alpha_mode = self._rule.mode
        if not has_alpha and alpha_mode == AlphaMode.MASK:
            alpha_mode = AlphaMode.OPAQUE
        factors = Factors(
            base_color=tuple(map(float, color)),
            alpha=float(self._alpha.mean()[0]) if alpha_mode == AlphaMode.BLEND else 1.0,
            roughness=float(gloss[1]),
            metallic=float(gloss[2]),
            emission=tuple(map(float, emission)),
            emission_strength=self._emission_scale if emission.any() else 0.0,
            alpha_mode=alpha_mode,
            cutoff=self._rule.cutoff,
            is_culled=all(each.is_culled for each in self._channels.values()),
        )
        material = make_material(low.name, images, factors, has_alpha=has_alpha)
        low.materials.clear()
        low.materials.append(material)
        low.polygons.foreach_set("material_index", np.zeros(len(low.polygons), dtype=np.int32))

    def _spread(self, target: Map, targets: Ints, sources: Ints, rest: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """(size * size, k) all texels of a map, also where it is fixed."""
        if target.fixed is not None:
            stored = to_srgb(target.fixed) if len(target.fixed) == _RGB else target.fixed
            return np.tile(np.rint(np.clip(stored, 0, 1) * 255.0).astype(np.uint8), (self._size * self._size, 1))
        target.spread(targets, sources, rest)
        return target.pixels

    def _image(self, kind: str, pixels: NDArray[np.uint8], space: str) -> bpy.types.Image:
        return packed_image(f"{self._low.name} {kind}", pixels.reshape(self._size, self._size, -1), space)


class _AlphaRule:
    """How the alpha of several materials becomes that of one."""

    def __init__(self, used: list[Channels]) -> None:
        modes = {each.alpha_mode for each in used}
        cutoffs = {each.cutoff for each in used if each.alpha_mode == AlphaMode.MASK}
        self.mode = next((each for each in (AlphaMode.BLEND, AlphaMode.MASK) if each in modes), AlphaMode.OPAQUE)
        self.is_hard = self.mode == AlphaMode.BLEND or len(cutoffs) > 1
        self.cutoff = cutoffs.pop() if len(cutoffs) == 1 else 0.5

    def applied(self, alpha: Floats, channels: Channels) -> Floats:
        """(n, 1) *alpha* of places with one of the materials, cut at its limit where the others have another."""
        if channels.alpha_mode == AlphaMode.MASK and self.is_hard:
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


def _same(materials: Sequence[Sequence[Expression]]) -> Floats | None:
    """(k,) the numbers of the expressions of one material, one after the other, if those of all are the same."""
    found: list[Floats] = []
    for expressions in materials:
        values = [constant_value(each) for each in expressions]
        if any(value is None for value in values):
            return None
        found.append(np.concatenate([value for value in values if value is not None]))
    return found[0] if all(np.array_equal(each, found[0]) for each in found) else None


def _unchanged(values: Floats) -> Floats:
    return values


def _three(values: Floats) -> Floats:
    return values if values.shape[1] > 1 else np.repeat(values, 3, axis=1)
