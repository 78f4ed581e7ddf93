# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools of the sample script: simple bodies with texture coordinates, textures, and the flaws of a preview mesh."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from csm_server.glb import Floats, Ints, Part

Vector = Sequence[float]


def tube(
    path: Sequence[Vector] | Floats, radii: Sequence[float], sections: int = 12, reference: Vector = (0, 0, 1)
) -> Part:
    """A body of circles along a path; a radius of 0 closes an end. ``reference`` is never along the path.

    u runs around, v along; the seam's points are there twice.
    """
    points, sizes = np.asarray(path, dtype=float), np.asarray(radii, dtype=float)
    tangents = np.gradient(points, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    across = np.cross(tangents, reference)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    over = np.cross(tangents, across)
    angles = np.linspace(0, 2 * np.pi, sections + 1)
    ring = np.cos(angles)[None, :, None] * across[:, None] + np.sin(angles)[None, :, None] * over[:, None]
    ring[:, -1] = ring[:, 0]
    vertices = points[:, None] + sizes[:, None, None] * ring
    length = np.concatenate(
        [[0.0], np.cumsum(np.hypot(np.linalg.norm(np.diff(points, axis=0), axis=1), np.diff(sizes)))]
    )
    u, v = np.meshgrid(angles / (2 * np.pi), length / length[-1])
    return _outward(Part("", vertices.reshape(-1, 3), _grid(*u.shape), np.column_stack([u.ravel(), v.ravel()])))


def turned(profile: Sequence[tuple[float, float]], sections: int = 14) -> Part:
    """A body turned on a lathe around the y axis: ``profile`` is radius and height, point by point."""
    # Between equal heights the path needs a direction; a hair's breadth gives it one.
    heights = np.array([height for _, height in profile]) + np.arange(len(profile)) * 1e-9
    flat = np.column_stack([np.zeros(len(profile)), np.arange(len(profile), dtype=float), np.zeros(len(profile))])
    body = tube(flat, [radius for radius, _ in profile], sections)
    steps = np.repeat(heights, sections + 1)
    body.points[:, 1] = steps
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(np.asarray(profile), axis=0).T))])
    body.uv[:, 1] = np.repeat(along / along[-1], sections + 1)
    return _outward(body)


def ball(center: Vector, size: Vector, sections: int = 14, rows: int = 8) -> Part:
    """An ellipsoid with half axes ``size``."""
    angles = np.linspace(0, np.pi, rows + 1)
    body = turned([(float(np.sin(a)) if 0 < a < np.pi else 0.0, float(-np.cos(a))) for a in angles], sections)
    body.points = body.points * np.asarray(size) + np.asarray(center)
    return body


def block(center: Vector, size: Vector, cuts: int = 1, repeat: float = 2.0) -> Part:
    """A box; each side has its own piece of the texture, ``repeat`` times a meter, the grain along its long side."""
    order = np.argsort(-np.asarray(size))  # the longest side first: the grain runs along v
    steps = np.linspace(-0.5, 0.5, 2**cuts + 1)
    sides = []
    for axis in range(3):
        along, across = (other for other in order if other != axis)
        for end in (-0.5, 0.5):
            points = np.full((len(steps) ** 2, 3), end)
            points[:, along], points[:, across] = (grid.ravel() for grid in np.meshgrid(steps, steps))
            points *= size
            side = Part("", points, _grid(len(steps), len(steps)), points[:, [across, along]] * repeat + 0.37 * axis)
            sides.append(_outward(side, (0.0, 0.0, 0.0)))
    whole = joined(*sides)
    whole.points += center
    return whole


def tilted(body: Part, degrees: float, axis: Vector, around: Vector) -> Part:
    """The body turned about an axis through the point ``around``."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + sine * across + (1 - cosine) * across @ across
    body.points = (body.points - around) @ turn.T + around
    return body


def joined(*bodies: Part) -> Part:
    """Several bodies as one mesh; they keep their texture coordinates."""
    offsets = np.cumsum([0, *(len(body.points) for body in bodies[:-1])])
    return Part(
        "",
        np.vstack([body.points for body in bodies]),
        np.vstack([body.faces + offset for body, offset in zip(bodies, offsets, strict=True)]),
        np.vstack([body.uv for body in bodies]),
    )


def flawed(body: Part, rng: np.random.Generator, *, noise: float, holes: int = 0, bits: int = 0) -> Part:
    """The body as a preview has it: rough by ``noise`` meters, with holes, and with loose bits around it."""
    places, index = np.unique(np.round(body.points, 6), axis=0, return_inverse=True)
    body.points += rng.normal(0, noise, places.shape)[index.ravel()]
    body.faces = np.delete(body.faces, rng.choice(len(body.faces), holes, replace=False), axis=0)
    low, high = body.points.min(axis=0), body.points.max(axis=0)
    whole = joined(body, *(_bit(low, high, rng) for _ in range(bits)))
    backward = rng.random(len(whole.faces)) < 0.03  # some faces are inside out, too
    whole.faces = np.where(backward[:, None], np.fliplr(whole.faces), whole.faces)
    return whole


def painted(body: Part, name: str, texture: Image.Image, roughness: float, metallic: float = 0.0) -> Part:
    """The body with a material of that name."""
    picture = io.BytesIO()
    texture.save(picture, "PNG")
    body.uv = body.uv * [1, -1] + [0, 1]  # so far v ran up, as it does in most programs; in glTF it runs down
    body.name, body.picture, body.roughness, body.metallic = name, picture.getvalue(), roughness, metallic
    return body


def noise_map(rng: np.random.Generator, cells: tuple[int, int], size: int = 256) -> Floats:
    """(size, size) smooth noise from 0 to 1 that repeats at its borders; ``cells`` is its coarseness: down, across."""
    grid = np.pad(rng.random(cells), 2, mode="wrap")
    scale = (size * grid.shape[1] // cells[1], size * grid.shape[0] // cells[0])
    large = Image.fromarray((grid * 255).astype(np.uint8)).resize(scale, Image.Resampling.BICUBIC)
    top, left = 2 * size // cells[0], 2 * size // cells[1]
    return np.asarray(large, dtype=float)[top : top + size, left : left + size] / 255


def texture(dark: Vector, light: Vector, share: Floats) -> Image.Image:
    """A picture between two colors (0 to 255); ``share`` from 0 to 1 is how much of the second."""
    mix = share.clip(0, 1)[..., None]
    return Image.fromarray((np.asarray(dark) * (1 - mix) + np.asarray(light) * mix).astype(np.uint8))


def wood(rng: np.random.Generator, dark: Vector, light: Vector) -> Image.Image:
    """Wood with its grain down the picture."""
    rings = np.sin(noise_map(rng, (2, 10)) * 22) * 0.5 + 0.5
    return texture(dark, light, 0.55 * rings + 0.45 * noise_map(rng, (8, 128)))


def mottled(rng: np.random.Generator, dark: Vector, light: Vector, cells: int = 8) -> Image.Image:
    """Spots of two sizes."""
    return texture(dark, light, 0.6 * noise_map(rng, (cells, cells)) + 0.4 * noise_map(rng, (cells * 5, cells * 5)))


def _outward(body: Part, middle: Vector | None = None) -> Part:
    corners = body.points[body.faces] - (body.points.mean(axis=0) if middle is None else middle)
    if np.linalg.det(corners).sum() < 0:
        body.faces = np.fliplr(body.faces)
    return body


def _grid(rows: int, columns: int) -> Ints:
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    return np.vstack([np.column_stack([x.ravel() for x in trio]) for trio in ((a, b, c), (a, c, d))])


def _bit(low: Floats, high: Floats, rng: np.random.Generator) -> Part:
    size = 0.012 * float(np.linalg.norm(high - low))
    place = low + (high - low) * rng.uniform(-0.1, 1.1, 3)
    return ball(tuple(place), tuple(size * rng.uniform(0.4, 1.0, 3)), sections=4, rows=3)
