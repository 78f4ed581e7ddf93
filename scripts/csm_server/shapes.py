# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample objects, in meters, y up, front toward +z; each is lopsided, so that a wrong orientation is seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from csm_server.glb import Part
from csm_server.modelling import (
    ball,
    block,
    flawed,
    joined,
    mottled,
    noise_map,
    painted,
    texture,
    tilted,
    tube,
    turned,
    wood,
)


def chair() -> list[Part]:
    """An armchair: back behind, the one arm at the right."""
    rng = np.random.default_rng(11)
    oak = wood(rng, (112, 66, 32), (188, 132, 78))
    legs = [
        tube([(x * 1.1, 0.0, z * 1.1), (x * 1.05, 0.1, z * 1.05), (x, 0.42, z)], [0.018, 0.022, 0.03], 8)
        for x in (-0.2, 0.2)
        for z in (-0.19, 0.2)
    ]
    posts = [
        tilted(block((x, 0.68, -0.22), (0.05, 0.6, 0.045), 2), -7, (1, 0, 0), (0, 0.4, -0.22)) for x in (-0.21, 0.21)
    ]
    slats = [
        tilted(block((0, y, -0.22), (0.4, 0.09, 0.022), 2), -7, (1, 0, 0), (0, 0.4, -0.22)) for y in (0.65, 0.79, 0.92)
    ]
    seat = block((0, 0.43, 0), (0.52, 0.05, 0.5), 2)
    arm = [
        block((0.25, 0.66, 0.0), (0.06, 0.035, 0.44), 2),
        tube([(0.25, 0.43, 0.18), (0.25, 0.55, 0.2), (0.25, 0.66, 0.18)], [0.02] * 3, 8),
    ]
    frame = flawed(joined(seat, *legs, *posts, *slats, *arm), rng, noise=0.0022, holes=6, bits=4)
    cushion = flawed(ball((0, 0.475, 0.01), (0.235, 0.055, 0.225), 16, 8), rng, noise=0.0025)
    weave = texture((150, 40, 36), (214, 92, 70), 0.5 * noise_map(rng, (64, 64)) + 0.5 * noise_map(rng, (4, 4)))
    return [painted(frame, "Oak", oak, 0.55), painted(cushion, "Fabric", weave, 0.9)]


def table() -> list[Part]:
    """A desk: the drawers under its right side, their knobs in front."""
    rng = np.random.default_rng(12)
    walnut = wood(rng, (62, 38, 24), (128, 84, 54))
    top = block((0, 0.72, 0), (1.3, 0.045, 0.62), 3)
    legs = [
        tube([(x, 0, z), (x, 0.35, z), (x * 0.97, 0.7, z * 0.97)], [0.022, 0.026, 0.036], 8)
        for x in (-0.58, 0.58)
        for z in (-0.25, 0.25)
    ]
    drawers = block((0.34, 0.57, 0), (0.46, 0.26, 0.5), 2)
    fronts = [block((0.34, y, 0.258), (0.42, 0.105, 0.02), 2) for y in (0.51, 0.635)]
    desk = flawed(joined(top, *legs, drawers, *fronts), rng, noise=0.003, holes=6, bits=3)
    knobs = joined(*(ball((0.34, y, 0.285), (0.022, 0.022, 0.02), 10, 6) for y in (0.51, 0.635)))
    brass = mottled(rng, (180, 134, 60), (222, 180, 100))
    return [painted(desk, "Walnut", walnut, 0.45), painted(knobs, "Brass", brass, 0.3, 1.0)]


def lamp() -> list[Part]:
    """A desk lamp: its arm bends to the right and to the front."""
    rng = np.random.default_rng(13)
    base = turned(
        [(0, 0), (0.06, 0), (0.105, 0.002), (0.115, 0.012), (0.106, 0.024), (0.06, 0.031), (0.02, 0.036), (0, 0.038)],
        16,
    )
    bend = np.linspace(0, 1, 9)
    path = np.column_stack([0.13 * bend**2, 0.03 + 0.42 * np.sin(bend * 1.75), 0.2 * bend**3])
    arm = tube(path, [0.011] * 9, 8)
    metal = flawed(joined(base, arm), rng, noise=0.0012, bits=3)
    shade = turned(
        [(0.045, 0.12), (0.06, 0.1), (0.115, 0.0), (0.109, 0.0), (0.056, 0.095), (0.04, 0.112), (0.045, 0.12)], 16
    )
    shade.points += [0.13, 0.34, 0.22]
    shade = flawed(tilted(shade, 16, (-1, 0, 0.4), (0.13, 0.44, 0.2)), rng, noise=0.0012, holes=3)
    bulb = ball((0.13, 0.375, 0.22), (0.032, 0.038, 0.032), 10, 6)
    enamel, steel = mottled(rng, (24, 92, 96), (44, 132, 130)), mottled(rng, (150, 150, 152), (196, 196, 200))
    glass = painted(bulb, "Glass", mottled(rng, (250, 232, 190), (255, 246, 220)), 0.2)
    return [painted(metal, "Steel", steel, 0.3, 1.0), painted(shade, "Enamel", enamel, 0.35), glass]


def vase() -> list[Part]:
    """A jug with one handle, at its left; its lip points to the right."""
    rng = np.random.default_rng(14)
    outside = [
        (0, 0),
        (0.075, 0),
        (0.085, 0.01),
        (0.12, 0.07),
        (0.145, 0.15),
        (0.135, 0.23),
        (0.09, 0.31),
        (0.062, 0.37),
        (0.066, 0.42),
        (0.085, 0.45),
    ]
    inside = [
        (0.074, 0.447),
        (0.056, 0.42),
        (0.052, 0.37),
        (0.08, 0.3),
        (0.122, 0.22),
        (0.13, 0.15),
        (0.1, 0.06),
        (0, 0.02),
    ]
    body = turned([*outside, *inside], 18)
    lip = (body.points[:, 1] > 0.4) & (body.points[:, 0] > 0.0)
    body.points[lip, 0] *= 1 + 6 * (body.points[lip, 1] - 0.4)
    handle = tube(
        [(-0.065, 0.41, 0), (-0.13, 0.43, 0), (-0.19, 0.38, 0), (-0.2, 0.3, 0), (-0.17, 0.23, 0), (-0.125, 0.2, 0)],
        [0.016] * 6,
        8,
    )
    handle.uv[:, 1] = 0.55 + 0.4 * handle.uv[:, 1]  # where the texture has no bands
    pot = flawed(joined(body, handle), rng, noise=0.0022, holes=7, bits=4)
    row = np.linspace(1, 0, 256)[:, None] * np.ones((1, 256))
    bands = (np.sin(row * 70) > 0.55) * (row > 0.15) * (row < 0.5)
    clay = texture((226, 208, 176), (36, 70, 128), 0.9 * bands + 0.16 * noise_map(rng, (24, 24)))
    return [painted(pot, "Glazed clay", clay, 0.25)]


def rock() -> list[Part]:
    """A boulder with moss on top and a foot to the front right."""
    rng = np.random.default_rng(15)
    body = joined(ball((0, 0.3, 0), (0.46, 0.34, 0.36), 20, 12), ball((0.34, 0.12, 0.22), (0.22, 0.15, 0.2), 14, 8))
    waves = rng.normal(0, 1, (7, 3)) * 4.5
    body.points *= 1 + 0.05 * np.sin(body.points @ waves.T + rng.uniform(0, 6, 7)).sum(axis=1, keepdims=True)
    body.points[:, 1] = np.maximum(body.points[:, 1], 0.0)
    stone = flawed(body, rng, noise=0.008, holes=5, bits=5)
    row = np.linspace(1, 0, 256)[:, None]
    moss = ((row - 0.62) * 5 + noise_map(rng, (8, 8)) * 1.6 - 0.6).clip(0, 1)
    gray = np.asarray(mottled(rng, (84, 80, 76), (158, 150, 140), 6), dtype=float)
    green = np.asarray(mottled(rng, (62, 84, 34), (120, 138, 62), 12), dtype=float)
    mix = moss[..., None]
    picture = Image.fromarray((gray * (1 - mix) + green * mix).astype(np.uint8))
    return [painted(stone, "Mossy stone", picture, 0.95)]


def crate() -> list[Part]:
    """A crate: its lid is pushed to the left, a rope handle is in front."""
    rng = np.random.default_rng(16)
    pine = wood(rng, (150, 106, 62), (214, 170, 112))
    sides = []
    for level in range(4):
        y = 0.07 + level * 0.125
        sides += [block((0, y, z), (0.68, 0.115, 0.025), 1) for z in (-0.235, 0.235)]
        sides += [block((x, y, 0), (0.025, 0.115, 0.45), 1) for x in (-0.325, 0.325)]
    posts = [block((x, 0.26, z), (0.05, 0.5, 0.03), 1) for x in (-0.3, 0.3) for z in (-0.262, 0.262)]
    floor = block((0, 0.02, 0), (0.64, 0.03, 0.45), 1)
    lid = [
        tilted(block((-0.05, 0.53, z), (0.74, 0.028, 0.115), 2), 4, (0, 1, 0.3), (0, 0.53, 0))
        for z in (-0.19, -0.065, 0.06, 0.185)
    ]
    box = flawed(joined(floor, *sides, *posts, *lid), rng, noise=0.0016, holes=5, bits=4)
    swing = np.linspace(-1, 1, 9)
    rope = tube(
        np.column_stack([0.13 * swing, 0.34 - 0.1 * (1 - swing**2), 0.255 + 0.05 * (1 - swing**2)]), [0.014] * 9, 8
    )
    hemp = texture(
        (120, 96, 60),
        (196, 170, 120),
        np.sin(np.add.outer(np.arange(256), np.arange(256)) / 256 * 2 * np.pi * 8) * 0.5 + 0.5,
    )
    return [painted(box, "Pine", pine, 0.7), painted(flawed(rope, rng, noise=0.001), "Hemp", hemp, 0.95)]


def tree() -> list[Part]:
    """A small tree: the trunk leans to the right, a low branch reaches to the front left."""
    rng = np.random.default_rng(17)
    trunk = tube(
        [(0, 0, 0), (0.01, 0.12, 0), (0.04, 0.5, 0.02), (0.12, 0.95, 0.0), (0.22, 1.4, -0.03), (0.25, 1.6, 0)],
        [0.2, 0.12, 0.095, 0.085, 0.06, 0.0],
        10,
    )
    branch = tube(
        [(0.07, 0.72, 0.0), (-0.12, 0.92, 0.16), (-0.34, 1.14, 0.3), (-0.4, 1.22, 0.34)],
        [0.055, 0.045, 0.03, 0.0],
        8,
        (1, 0, 0),
    )
    stem = flawed(joined(trunk, branch), rng, noise=0.006, holes=4)
    crowns = [
        ((0.26, 1.72, -0.02), 0.5),
        ((0.62, 1.5, 0.12), 0.32),
        ((-0.08, 1.56, -0.22), 0.36),
        ((-0.42, 1.32, 0.36), 0.27),
        ((0.3, 1.46, 0.34), 0.3),
    ]
    crown = joined(*(ball(place, (size, size * 0.78, size), 14, 9) for place, size in crowns))
    waves = rng.normal(0, 1, (6, 3)) * 9
    crown.points *= 1 + 0.012 * np.sin(crown.points @ waves.T).sum(axis=1, keepdims=True)
    leaves = flawed(crown, rng, noise=0.016, holes=8, bits=6)
    bark = wood(rng, (66, 46, 32), (130, 100, 74))
    green = mottled(rng, (38, 78, 26), (134, 168, 58), 14)
    return [painted(stem, "Bark", bark, 0.9), painted(leaves, "Leaves", green, 0.85)]


def teapot() -> list[Part]:
    """A teapot: the spout to the right, the handle at the left, a badge in front."""
    rng = np.random.default_rng(18)
    body = turned(
        [(0, 0), (0.055, 0.0), (0.065, 0.008), (0.1, 0.04), (0.118, 0.085), (0.105, 0.13), (0.07, 0.16), (0, 0.172)], 18
    )
    spout = tube(
        [(0.06, 0.06, 0), (0.14, 0.075, 0), (0.165, 0.115, 0), (0.19, 0.155, 0), (0.195, 0.16, 0)],
        [0.034, 0.026, 0.018, 0.013, 0.0],
        10,
    )
    handle = tube(
        [
            (-0.09, 0.14, 0),
            (-0.13, 0.155, 0),
            (-0.17, 0.135, 0),
            (-0.175, 0.09, 0),
            (-0.15, 0.05, 0),
            (-0.105, 0.045, 0),
        ],
        [0.011] * 6,
        8,
    )
    badge = ball((0.01, 0.085, 0.112), (0.03, 0.03, 0.012), 12, 6)
    lid = turned(
        [
            (0, 0.158),
            (0.062, 0.162),
            (0.058, 0.172),
            (0.02, 0.186),
            (0.011, 0.19),
            (0.01, 0.198),
            (0.018, 0.208),
            (0.014, 0.218),
            (0, 0.221),
        ],
        16,
    )
    pot = flawed(joined(body, spout, handle), rng, noise=0.0014, holes=5, bits=3)
    trim = flawed(joined(lid, badge), rng, noise=0.0006)
    glaze = mottled(rng, (26, 92, 78), (66, 150, 126), 5)
    gold = mottled(rng, (196, 150, 74), (226, 188, 110))
    return [painted(pot, "Glaze", glaze, 0.18), painted(trim, "Gilt", gold, 0.3, 0.9)]


SHAPES: dict[str, tuple[str, Callable[[], list[Part]]]] = {
    "chair": ("Oak armchair with a red cushion", chair),
    "table": ("Walnut desk with two drawers", table),
    "lamp": ("Enamel desk lamp", lamp),
    "vase": ("Striped clay jug", vase),
    "rock": ("Mossy boulder", rock),
    "crate": ("Pine crate with a rope handle", crate),
    "tree": ("Small tree, leaning", tree),
    "teapot": ("Green teapot with a gilt lid", teapot),
}
"""By file name: caption and maker. The first is the documentation's own sample session."""
