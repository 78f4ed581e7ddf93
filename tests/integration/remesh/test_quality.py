# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local engine makes of small rough meshes whose truth is known.

``scripts/remesh_quality.py`` measures many more, as dense as generators make them; docs/remesh.md tells.
"""

from __future__ import annotations

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

from rough.case import run
from rough.cases import Case
from rough.known.kinds import KINDS

GEOMETRY = 16
"""Length of the part of a fingerprint that is of points and triangles; the rest is of the images."""
SMALL = {"triangles": 6_000, "budget": 3_000, "texture": 512}
SAMPLES = 6_000


def figures(case: Case, folder: Path) -> tuple[dict, dict]:
    """The report and the figures of a case, after what holds for each: form, budget, progress."""
    result = run(case, folder, samples=SAMPLES)
    found, kind = result["figures"], KINDS[case.kind]
    assert result["progress_grows"]
    assert found["triangles"] <= case.budget
    assert found["triangles"] >= 0.99 * case.budget
    assert found["bad_edges"] == found["miswound"] == found["flat"] == 0
    assert found["bodies"] == kind.bodies
    assert not found["lost"]
    if not kind.open_bodies:
        assert found["open_edges"] == 0
        assert result["report"]["output"]["watertight"]
        assert found["volume"] == pytest.approx(found["true_volume"], rel=0.05)
    return result["report"], found


@pytest.mark.parametrize(
    ("kind", "damage", "strength", "mean", "p99"),
    [
        # 3,000 triangles: the numbers are larger than those of the issue, which are for 20,000.
        ("creature", "none", 1, 0.0005, 0.002),
        ("bracket", "holes", 1, 0.0003, 0.001),
        ("chair", "flips", 2, 0.0003, 0.001),
        ("head", "mixed", 1, 0.0007, 0.003),
    ],
)
def test_a_damaged_mesh_comes_back_near_to_what_it_was(
    kind: str, damage: str, strength: int, mean: float, p99: float, tmp_path: Path
) -> None:
    _report, found = figures(Case(kind, damage, strength, **SMALL), tmp_path)
    assert found["mean"] <= mean
    assert found["p99"] <= p99
    assert found["color"] <= 6.0
    assert found["color_far"] <= 0.005
    assert found["uv_overlap"] <= 0.001
    if KINDS[kind].sharp:
        assert found["angle"] <= 3.0


def test_a_cloth_stays_open(tmp_path: Path) -> None:
    report, found = figures(Case("cloth", "none", **SMALL), tmp_path)
    assert report["way"] == "MENDED"
    assert found["open_edges"] > 0
    assert found["mean"] <= 0.0005
    assert report["notes"]


def test_inner_shells_go_and_their_color_with_them(tmp_path: Path) -> None:
    report, found = figures(Case("knot", "shells", 1, **SMALL), tmp_path)
    assert report["bodies_dropped"] >= 1
    assert found["color_far"] <= 0.005


@pytest.mark.parametrize(("damage", "compared"), [("tangles", None), ("mixed", GEOMETRY)])
def test_the_same_mesh_gives_the_same_result(damage: str, compared: int | None, tmp_path: Path) -> None:
    """Of doubled faces, as in "mixed", Blender 4.2 imports now one, now the other: a few texels follow that."""
    case = Case("gear", damage, 1, **SMALL)
    prints = []
    for name in ("first", "second"):
        (folder := tmp_path / name).mkdir()
        prints.append(run(case, folder, samples=100)["figures"]["fingerprint"][:compared])
    assert prints[0] == prints[1]
