# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of images as arrays, and their color at UV places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_GRAY_ALPHA, _RGB, _RGBA = 2, 3, 4


@dataclass(frozen=True)
class Pixels:
    """(h, w, 4) *values* from the bottom row up: bytes as they are stored, or linear floats.

    With ``is_srgb`` the color of the bytes has the sRGB curve, or nearly, as those of Filmic and AgX; the bytes of all
    other color spaces are taken as linear.
    """

    values: NDArray[Any]
    is_srgb: bool


MOST_VALUES = 2**28
"""Pixels times channels of an image that are read at once, 1 GB: 8192 x 8192 RGBA. Blender refuses 2**31."""


def read_pixels(image: bpy.types.Image, halvings: int = 0) -> Pixels:
    """The pixels of *image*, which has some, averaged 2 x 2 as often as *halvings* says.

    An image of more than ``MOST_VALUES`` is halved until it has less.
    """
    width, height = image.size
    too_often = 0
    while (width >> too_often) * (height >> too_often) * image.channels > MOST_VALUES:
        too_often += 1
    if too_often:
        smaller = image.copy()
        try:
            smaller.scale(max(1, width >> too_often), max(1, height >> too_often))
            return read_pixels(smaller, max(0, halvings - too_often))
        finally:
            bpy.data.images.remove(smaller)
    channels = image.channels
    raw = np.empty(width * height * channels, dtype=np.float32)
    source: Any = image.pixels
    source.foreach_get(raw)
    values = raw.reshape(height, width, channels)
    if not image.is_float:
        raw *= 255.0
        raw += 0.5
        values = values.astype(np.uint8)
    values = _as_rgba(values)
    if image.alpha_mode == "NONE":
        values[..., 3] = 1.0 if image.is_float else 255
    for _time in range(halvings):
        values = _halved(values)
    settings: Any = image.colorspace_settings
    is_srgb = (
        not image.is_float
        and not settings.is_data
        and "srgb" in settings.name.lower()
        and "linear" not in settings.name.lower()
    )
    return Pixels(np.ascontiguousarray(values), is_srgb)


def looked_up(pixels: Pixels, places: Floats, extension: str, interpolation: str) -> Floats:
    """(n, 4) linear color and alpha at *places* (n, 2 or 3).

    *extension* and *interpolation* are those of an Image Texture node.
    """
    values = pixels.values
    height, width = values.shape[:2]
    flat: Any = values.reshape(-1, _RGBA)
    if values.dtype == np.uint8:
        flat = values.ravel().view(np.uint32)  # one gather instead of four
    x, y = places[:, 0] * np.float32(width), places[:, 1] * np.float32(height)
    if interpolation == "Closest":
        result = _texel(flat, np.floor(x), np.floor(y), (width, height), extension)
    else:
        x, y = x - np.float32(0.5), y - np.float32(0.5)
        left, low = np.floor(x), np.floor(y)
        right_share, high_share = (x - left)[:, None], (y - low)[:, None]
        rows = []
        for row in (low, low + 1):
            value = _texel(flat, left, row, (width, height), extension)
            other = _texel(flat, left + 1, row, (width, height), extension)
            other -= value
            other *= right_share
            value += other
            rows.append(value)
        result, other = rows
        other -= result
        other *= high_share
        result += other
    if values.dtype == np.uint8:
        result *= np.float32(1.0 / 255.0)
    if pixels.is_srgb:
        result[:, :_RGB] = to_linear(result[:, :_RGB])
    return result


def to_linear(color: Floats) -> Floats:
    """Linear values of sRGB ones from 0 to 1."""
    curved = np.power((np.maximum(color, 0.0) + np.float32(0.055)) / np.float32(1.055), np.float32(2.4))
    return np.where(color <= 0.04045, color / np.float32(12.92), curved)  # noqa: PLR2004 - the standard's


def to_srgb(color: Floats) -> Floats:
    """The sRGB values of linear ones from 0 to 1."""
    curved = np.power(np.maximum(color, 1e-9), np.float32(1.0 / 2.4)) * np.float32(1.055) - np.float32(0.055)
    return np.where(color <= 0.0031308, color * np.float32(12.92), curved)  # noqa: PLR2004 - the standard's


def _texel(flat: NDArray[Any], x: Floats, y: Floats, size: tuple[int, int], extension: str) -> Floats:
    """(n, 4) the texels at whole numbers *x*, *y*, wrapped as *extension* says; outside of a clipped image nothing."""
    column, row = _wrapped(x, size[0], extension), _wrapped(y, size[1], extension)
    row *= size[0]
    row += column
    found = flat[row]
    result: Floats = found.view(np.uint8).reshape(-1, _RGBA).astype(np.float32) if found.ndim == 1 else found
    if found.ndim == 2:  # noqa: PLR2004 - floats
        result = found.astype(np.float32)
    if extension == "CLIP":
        result[(x < 0) | (y < 0) | (x >= size[0]) | (y >= size[1])] = 0.0
    return result


def _wrapped(position: Floats, size: int, extension: str) -> NDArray[np.int64]:
    whole = np.nan_to_num(position, posinf=0.0, neginf=0.0).astype(np.int64)
    if extension == "REPEAT":
        return whole % size
    if extension == "MIRROR":
        whole %= 2 * size
        return np.minimum(whole, 2 * size - 1 - whole)
    return np.clip(whole, 0, size - 1)


def _as_rgba(values: NDArray[Any]) -> NDArray[Any]:
    """Gray, gray with alpha or RGB as RGBA."""
    channels = values.shape[2]
    if channels == _RGBA:
        return values
    full = np.empty((*values.shape[:2], _RGBA), dtype=values.dtype)
    full[..., :_RGB] = values if channels == _RGB else values[..., :1]
    opaque = 255 if values.dtype == np.uint8 else 1.0
    full[..., _RGB] = values[..., 1] if channels == _GRAY_ALPHA else opaque
    return full


def _halved(values: Any) -> NDArray[Any]:
    height, width = values.shape[0] // 2 * 2, values.shape[1] // 2 * 2
    wide = np.uint16 if values.dtype == np.uint8 else np.float32
    quarters = [values[y:height:2, x:width:2].astype(wide) for y in (0, 1) for x in (0, 1)]
    total = quarters[0] + quarters[1] + quarters[2] + quarters[3]
    halved: NDArray[Any] = ((total + 2) // 4).astype(np.uint8) if values.dtype == np.uint8 else total / np.float32(4.0)
    return halved
