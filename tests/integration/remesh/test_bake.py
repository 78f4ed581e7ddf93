# SPDX-License-Identifier: GPL-3.0-or-later
"""A bake as a piece of work: the same each time, and nothing is left behind."""

from __future__ import annotations

import bpy
import pytest
from textured_meshes import SIZE, add_colors, baked, color_of, sphere, spheres

from csm_blender.remesh.texture.bake import bake
from csm_blender.remesh.texture.unwrap import unwrap

pytestmark = pytest.mark.usefixtures("empty_blender")


def test_the_same_input_gives_the_same_bytes_and_progress_only_grows() -> None:
    made, shares = [], []
    for _ in range(2):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        original, low = sphere("Original", 5), sphere("Low", 3)
        add_colors(original, "Tint", "FLOAT_COLOR", "POINT", color_of)
        unwrap(low, SIZE)
        shares = []
        bake(original, low, SIZE, lambda share, _what, shares=shares: shares.append(share))
        made.append([bytes(each.packed_file.data) for each in bpy.data.images])
        assert shares == sorted(shares)
        assert shares[0] >= 0.0
        assert shares[-1] <= 1.0
    assert made[0]
    assert made[0] == made[1]


def test_nothing_else_is_left_behind() -> None:
    original, low = spheres()
    add_colors(original, "Tint", "FLOAT_COLOR", "POINT", color_of)
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("meshes", "objects", "scenes", "node_groups")}
    baked(original, low)
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}


def test_a_canceled_bake_leaves_nothing_behind() -> None:
    original, low = spheres()
    unwrap(low, SIZE)

    def cancel(share: float, _what: str) -> None:
        if share >= 0.05:
            raise KeyboardInterrupt

    before = {kind: len(getattr(bpy.data, kind)) for kind in ("meshes", "objects", "scenes", "node_groups")}
    with pytest.raises(KeyboardInterrupt):
        bake(original, low, SIZE, cancel)
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}
