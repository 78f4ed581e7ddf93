# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a mesh: a small software rasteriser (flat light, texture, no shadows), enough for a thumbnail."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw
from trimesh.remesh import subdivide

from csm_server.meshes import Floats, Part, Surface

VIEW = np.array([0.55, 0.42, 1.0])
"""From where one looks: the right, above, the front."""
LIGHT = np.array([0.35, 0.8, 0.6])
BACKGROUND = (236, 238, 241)
OVERSAMPLING = 2
FACES = 30_000
"""Coarser meshes are cut finer first, since a face gets one color."""


def thumbnail(surface: Surface, size: int = 256) -> bytes:
    """A square PNG, ``size`` pixels wide, of the surface seen from the front right."""
    surface = _finer(surface)
    camera = _camera()
    corners = surface.points[surface.faces] @ camera.T
    low, high = corners.reshape(-1, 3).min(axis=0), corners.reshape(-1, 3).max(axis=0)
    pixels = size * OVERSAMPLING
    scale = 0.88 * pixels / max(float((high - low)[:2].max()), 1e-30)
    flat = (corners[..., :2] - (low + high)[:2] / 2) * scale * [1, -1] + pixels / 2
    colors = (_colors(surface) * _light(surface)[:, None]).clip(0, 255).astype(int)
    image = Image.new("RGB", (pixels, pixels), BACKGROUND)
    draw = ImageDraw.Draw(image)
    for face in np.argsort(corners[..., 2].mean(axis=1)):  # the farthest first: the nearer paint over it
        draw.polygon([tuple(point) for point in flat[face]], fill=tuple(colors[face]))
    buffer = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _finer(surface: Surface) -> Surface:
    """The same surface in faces small enough for one color each."""
    finer = replace(surface)
    while len(finer.faces) < FACES:
        finer.points, finer.faces = subdivide(finer.points, finer.faces)
        finer.wedges, finer.wedge_faces = subdivide(finer.wedges, finer.wedge_faces)
        finer.part = np.repeat(finer.part, 4)
    return finer


def _camera() -> Floats:
    """(3, 3) rows: the picture's right, its up, and toward the viewer."""
    toward = VIEW / np.linalg.norm(VIEW)
    right = np.cross([0.0, 1.0, 0.0], toward)
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(toward, right), toward])


def _light(surface: Surface) -> Floats:
    corners = surface.points[surface.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    # Both sides are lit alike: previews have inside-out faces.
    return np.asarray(0.35 + 0.75 * np.abs(normals @ (LIGHT / np.linalg.norm(LIGHT))))


def _colors(surface: Surface) -> Floats:
    """(m, 3) color of each face, 0 to 255, taken in the middle of the face."""
    wedges = surface.wedges[surface.wedge_faces].mean(axis=1)
    colors = np.full((len(surface.faces), 3), 190.0)
    for index, part in enumerate(surface.parts):
        mask = surface.part == index
        colors[mask] = _part_colors(part, wedges[mask])
    return colors


def _part_colors(part: Part, wedges: Floats) -> Floats:
    colors = np.full((len(wedges), 3), 190.0)
    if part.material is not None:
        colors[:] = np.asarray(part.material.main_color[:3], dtype=float)
        texture = getattr(part.material, "baseColorTexture", None)
        if texture is not None and part.has_uv:
            pixels = np.asarray(texture.convert("RGB"), dtype=float)
            height, width = pixels.shape[:2]
            column = (wedges[:, 0] % 1 * width).astype(int).clip(0, width - 1)
            row = ((1 - wedges[:, 1]) % 1 * height).astype(int).clip(0, height - 1)
            colors = pixels[row, column] * _factor(part)
    return colors * wedges[:, 2:5] if part.has_color else colors


def _factor(part: Part) -> Floats:
    factor = getattr(part.material, "baseColorFactor", None)
    return np.ones(3) if factor is None else np.asarray(factor[:3], dtype=float) / 255
