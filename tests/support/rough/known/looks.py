# SPDX-License-Identifier: GPL-3.0-or-later
"""What the known meshes look like: colors, metal, light and transparency as functions of place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from rough.surface import ColorAt, Places


@dataclass(frozen=True)
class Look:
    """One material. ``carrier`` says where its base color comes from: ``"texture"``, ``"vertex"`` or ``"factor"``.

    ``color`` gives sRGB; the others linear values from 0 to 1, where they are not ``None``. ``normal_map`` gives the
    offset of the normal in tangent space, x and y. ``transform`` is a texture transform: offset and scale of the UVs.
    """

    color: ColorAt
    carrier: str = "vertex"
    metallic_roughness: ColorAt | None = None
    alpha: ColorAt | None = None
    emission: ColorAt | None = None
    normal_map: Callable[[np.ndarray], np.ndarray] | None = None
    transform: tuple[float, float, float, float] | None = None
    second_uv: bool = False


@dataclass(frozen=True)
class Looks:
    """The materials of a mesh, by number."""

    of: tuple[Look, ...] = field(default_factory=lambda: (Look(waves()),))

    def colors(self, places: Places, material: np.ndarray) -> np.ndarray:
        """Base colors (n, 3) in sRGB of *places* that carry *material*."""
        found = np.zeros((len(places), 3))
        for number, look in enumerate(self.of):
            mine = material == number
            if mine.any():
                found[mine] = look.color(places[mine])
        return found


def waves(seed: int = 0, per_meter: float = 5.0, strength: float = 0.35) -> ColorAt:
    """Slow waves of all colors: what vertices 2 cm apart can carry."""
    rng = np.random.default_rng(1000 + seed)
    directions, phases = rng.normal(size=(3, 3)), rng.uniform(0.0, 6.3, 3)
    directions *= per_meter / np.linalg.norm(directions, axis=1, keepdims=True)
    return lambda places: 0.5 + strength * np.sin(places @ directions.T + phases)


def tiles(seed: int = 0, per_meter: float = 5.0, fine: float = 30.0) -> ColorAt:
    """Waves with a fine pattern on top, for textures."""
    ground = waves(seed, per_meter, 0.3)

    def color(places: Places) -> np.ndarray:
        pattern = np.sin(fine * places[:, 0]) * np.sin(fine * places[:, 1]) + np.sin(fine * places[:, 2])
        return np.clip(ground(places) + 0.06 * pattern[:, None], 0.0, 1.0)

    return color


def even(red: float, green: float, blue: float) -> ColorAt:
    """One color everywhere."""
    return lambda places: np.tile((red, green, blue), (len(places), 1)).astype(np.float64)


def gradient(low: float, high: float, axis: int = 2, per_meter: float = 3.0) -> ColorAt:
    """One value that swings between *low* and *high* along an axis."""
    return lambda places: low + (high - low) * (0.5 + 0.5 * np.sin(per_meter * places[:, axis]))


def pair(first: ColorAt, second: ColorAt) -> ColorAt:
    """Two values side by side, as (n, 2)."""
    return lambda places: np.stack([first(places), second(places)], axis=1)


def stripes(axis: int = 0, per_meter: float = 25.0) -> ColorAt:
    """1 or 0 in turns, with edges 2 cm wide."""
    return lambda places: np.clip(0.5 + 4.0 * np.sin(per_meter * places[:, axis]), 0.0, 1.0)


def linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.0) + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """The sRGB values of linear light."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
