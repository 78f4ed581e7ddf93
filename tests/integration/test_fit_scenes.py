# SPDX-License-Identifier: GPL-3.0-or-later
"""Random scenes: whatever the block-out's parents, scale, origin and modifiers, the result fills its box exactly.

``CSM_FIT_SCENES`` says how many scenes are tried (default 60); 500 and more are for ``scripts/fit_table.py --scenes``.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fit_measure as fm
import numpy as np
import pytest
from fit_bench import Order, new_scene, open_file, refine_all, save
from fit_glbs import DISOBEDIENCE, disobedient, obedient
from fit_kind import add, mesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mathutils import Euler, Matrix, Vector

bpy = pytest.importorskip("bpy")

from csm_blender.core.models import Original, Pivot

SCENES = int(os.environ.get("CSM_FIT_SCENES", "60"))
WORST: dict[str, float] = {"corners": 0.0, "origin": 0.0, "scenes": 0}

angles = st.tuples(*[st.floats(-3.1, 3.1)] * 3)
places = st.tuples(*[st.floats(-20.0, 20.0)] * 3)
factors = st.builds(lambda size, sign: size * sign, st.floats(0.2, 5.0), st.sampled_from([1.0, 1.0, 1.0, -1.0]))
scales = st.one_of(st.just((1.0, 1.0, 1.0)), st.tuples(factors, factors, factors))


@dataclass(frozen=True)
class Transform:
    place: tuple[float, float, float]
    angles: tuple[float, float, float]
    scale: tuple[float, float, float]

    @property
    def matrix(self) -> Matrix:
        return Matrix.LocRotScale(Vector(self.place), Euler(self.angles), Vector(self.scale))


@dataclass(frozen=True)
class Scene:
    """All that is random about a scene."""

    parents: tuple[Transform, ...]
    own: Transform
    low: tuple[float, float, float]
    size: tuple[float, float, float]
    modifiers: tuple[str, ...]
    hidden: bool
    fate: Original
    pivot: Pivot
    delivery: str
    scale_length: float


transforms = st.builds(Transform, places, angles, scales)
scenes = st.builds(
    Scene,
    parents=st.lists(transforms, max_size=3).map(tuple),
    own=transforms,
    low=st.tuples(*[st.floats(-3.0, 2.0)] * 3),
    size=st.tuples(*[st.floats(0.1, 4.0)] * 3),
    modifiers=st.lists(st.sampled_from(["ARRAY", "SUBSURF", "MIRROR", "SOLIDIFY", "BEVEL"]), max_size=2).map(tuple),
    hidden=st.booleans(),
    fate=st.sampled_from(Original),
    pivot=st.sampled_from([Pivot.ORIGIN, Pivot.CENTER, Pivot.BASE]),
    delivery=st.sampled_from(["obeys", *DISOBEDIENCE]),
    scale_length=st.sampled_from([1.0, 0.01, 0.001, 1000.0]),
)


def build(scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The world matrix and the box of the block-out, as Blender evaluates it."""
    new_scene(scene.scale_length)
    parent = None
    for number, transform in enumerate(scene.parents):
        empty = add(f"Parent{number}", None, transform.matrix)
        empty.parent = parent
        parent = empty
    obj = add("Thing", mesh(scene.low, np.array(scene.low) + scene.size), scene.own.matrix)
    obj.parent = parent
    for kind in scene.modifiers:
        obj.modifiers.new(kind, kind)
    bpy.context.view_layer.update()
    known = fm.world(obj), *fm.box_of(fm.vertices(obj))
    obj.hide_viewport = scene.hidden
    return known


def wanted_origin(scene: Scene, world: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    middle = (low + high) / 2.0
    point = {Pivot.ORIGIN: np.zeros(3), Pivot.CENTER: middle, Pivot.BASE: np.array([middle[0], middle[1], low[2]])}[
        scene.pivot if scene.fate is not Original.REPLACE else Pivot.ORIGIN
    ]
    return world[:3, :3] @ point + world[:3, 3]


@given(scenes)
@settings(
    max_examples=SCENES,
    deadline=None,
    database=None,
    derandomize="CSM_FIT_SCENES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_any_scene_is_filled_exactly(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world, low, high = build(scene)
        save(folder / "in.blend")

        def deliver(size: object, pivot: object) -> bytes:
            return obedient(size, pivot) if scene.delivery == "obeys" else disobedient(scene.delivery, size, pivot)

        order = Order("Thing", scene.fate, pivot=scene.pivot, deliver=deliver)
        [outcome] = refine_all(folder / "in.blend", [order], folder / "out.blend", folder / "jobs")
        assert outcome.error is None, str(outcome.error)
        open_file(folder / "out.blend")
        result = bpy.data.objects[outcome.object_name]
        result.hide_viewport = False
        bpy.context.view_layer.update()
        wanted = fm.corners(world, low, high)
        error = fm.distance(fm.result_corners(result), wanted)
        origin = fm.origin_distance(result, wanted_origin(scene, world, low, high), wanted)
        WORST["corners"], WORST["origin"] = max(WORST["corners"], error), max(WORST["origin"], origin)
        WORST["scenes"] += 1
        assert error <= 1e-5
        assert origin <= 1e-5
        assert fm.world(result)[:3, 2] @ world[:3, 2] > 0.0  # its up is the target's
        assert not bpy.data.libraries


def test_tell_how_exact_it_was(record_property) -> None:
    """The worst of the scenes above, for the table and for those who read the log."""
    assert WORST["scenes"] >= min(SCENES, 1)
    for name, value in WORST.items():
        record_property(f"fit_{name}", value)
    if target := os.environ.get("CSM_FIT_WORST"):
        import json

        Path(target).write_text(json.dumps({"version": bpy.app.version_string, **WORST}) + "\n", encoding="utf-8")
