# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a mesh: points strewn over its faces (flat light, texture, no shadows), enough for a thumbnail."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from csm_server.glb import Floats, Ints, Part

VIEW = np.array([0.55, 0.42, 1.0])
"""From where one looks: the right, above, the front."""
LIGHT = np.array([0.35, 0.8, 0.6])
BACKGROUND = (236, 238, 241)
OVERSAMPLING = 2
DENSITY = 4.0
"""Points per pixel of a face, on average; with this many no pixel that counts stays empty."""


def thumbnail(parts: list[Part], size: int = 256) -> bytes:
    """A square PNG, ``size`` pixels wide, of the parts seen from the front right."""
    camera, pixels = _camera(), size * OVERSAMPLING
    seen = [part.points @ camera.T for part in parts]
    used = np.vstack([points[part.faces.ravel()] for points, part in zip(seen, parts, strict=True)])
    low, high = used.min(axis=0), used.max(axis=0)
    scale = 0.88 * pixels / max(float((high - low)[:2].max()), 1e-30)
    middle = (low + high) / 2
    drawn = [_strewn(part, (points - middle) * scale, pixels) for part, points in zip(parts, seen, strict=True)]
    places, colors = (np.vstack([each[number] for each in drawn]) for number in (0, 1))
    depth = places[:, 2] / (scale * max(float((high - low)[2]), 1e-30)) + 0.5
    order = np.argsort((depth * 65535).astype(np.uint16), kind="stable")  # the farthest first: the nearer paint over it
    column, row = ((places[order, :2] * [1, -1] + pixels / 2).astype(int).clip(0, pixels - 1)).T
    canvas = np.full((pixels, pixels, 3), BACKGROUND, dtype=np.uint8)
    canvas[row, column] = colors[order].clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(canvas).resize((size, size), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _strewn(part: Part, points: Floats, pixels: int) -> tuple[Floats, Floats]:
    """(n, 3) points all over the faces, and their (n, 3) colors, 0 to 255; ``points`` are the part's, in pixels."""
    corners = points[part.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1, keepdims=True)
    counts = np.minimum(DENSITY * np.abs(normals[:, 2]) / 2, pixels**2).astype(int) + 1
    face = np.repeat(np.arange(len(corners)), counts)
    first, second = np.random.default_rng(1).random((2, len(face)), dtype=np.float32)
    first, second = np.where(first + second > 1, [1 - first, 1 - second], [first, second])
    shares = np.column_stack([1 - first - second, first, second])
    # Both sides are lit alike: previews have inside-out faces.
    toward = _camera() @ (LIGHT / np.linalg.norm(LIGHT))
    light = 0.35 + 0.75 * np.abs(normals / np.maximum(area, 1e-30) @ toward)
    at = part.faces[face]
    return _mixed(points, at, shares), _colors(part, at, shares) * light[face, None]


def _mixed(values: Floats, at: Ints, shares: Floats) -> Floats:
    """(n, k) *values* at points given by the three corners of their face, (n, 3), and the share of each, (n, 3)."""
    plain = values.astype(np.float32)
    mixed: Floats = sum(plain[at[:, corner]] * shares[:, corner, None] for corner in range(3))
    return mixed


def _camera() -> Floats:
    """(3, 3) rows: the picture's right, its up, and toward the viewer."""
    toward = VIEW / np.linalg.norm(VIEW)
    right = np.cross([0.0, 1.0, 0.0], toward)
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(toward, right), toward])


def _colors(part: Part, at: Ints, shares: Floats) -> Floats:
    """(n, 3) colors at points given by the three corners of their face, (n, 3), and the share of each."""
    colors = np.full((len(at), 3), 255.0)
    if part.picture and part.uv is not None:
        with Image.open(io.BytesIO(part.picture)) as picture:
            texels = np.asarray(picture.convert("RGB"), dtype=float)
        height, width = texels.shape[:2]
        uv = _mixed(part.uv, at, shares) % 1
        colors = texels[(uv[:, 1] * height).astype(int) % height, (uv[:, 0] * width).astype(int) % width]
    elif part.color == (1.0, 1.0, 1.0) and part.colors is None:
        colors *= 0.75  # white on white would show little
    if part.colors is not None:
        colors = colors * _mixed(part.colors, at, shares)
    return colors * np.array(part.color)
