# SPDX-License-Identifier: GPL-3.0-or-later
"""What is paired with what when many objects get their sessions at once."""

from __future__ import annotations

import pytest

from csm_blender.core.files.assignment import by_name, in_order, natural_order, usable


def test_names_are_sorted_as_people_do() -> None:
    names = ["chair 10", "Chair 2", "Table", "2", "10", "Chair.001", "Chair"]
    assert sorted(names, key=natural_order) == ["2", "10", "Chair", "Chair 2", "chair 10", "Chair.001", "Table"]


@pytest.mark.parametrize(
    ("codes", "names", "pairs"),
    [
        (["A", "B"], ["Box 10", "Box 9"], [("A", "Box 9", True), ("B", "Box 10", True)]),
        (["A", "B"], ["Box"], [("A", "Box", True), ("B", "", False)]),
        (["A"], ["Box", "Ball"], [("A", "Ball", True), ("", "Box", False)]),
        ([], [], []),
    ],
)
def test_codes_go_to_objects_in_order_and_what_is_left_over_is_told(
    codes: list[str], names: list[str], pairs: list[tuple[str, str, bool]]
) -> None:
    found = in_order(codes, names)
    assert [(pair.session, pair.object_name, not pair.problem) for pair in found] == pairs
    assert usable(found) == [pair for pair, (_, _, good) in zip(found, pairs, strict=True) if good]


@pytest.mark.parametrize(
    ("files", "names", "pairs"),
    [
        (["Chair.glb"], ["Chair", "chair"], {"Chair.glb": "Chair"}),
        (["old-chair.obj", "T 2.ply"], ["Old Chair", "t_02"], {"old-chair.obj": "Old Chair", "T 2.ply": "t_02"}),
        (["/a/b/lamp_final_v3.glb"], ["Lamp", "Lamb"], {"/a/b/lamp_final_v3.glb": "Lamp"}),
        (["sofa.fbx"], ["Sofa.001", "Table"], {"sofa.fbx": "Sofa.001"}),
        (["rock01.glb", "rock02.glb"], ["Rock.001", "Rock.002"], {"rock01.glb": "Rock.001", "rock02.glb": "Rock.002"}),
        (["Chair.glb", "Chair 2.glb"], ["Chair", "Chair 2"], {"Chair.glb": "Chair", "Chair 2.glb": "Chair 2"}),
        (["🪑.glb", "Straße.glb"], ["🪑", "STRASSE"], {"🪑.glb": "🪑", "Straße.glb": "STRASSE"}),
        ([], [], {}),
    ],
)  # fmt: skip
def test_files_go_to_the_objects_of_their_names(files: list[str], names: list[str], pairs: dict[str, str]) -> None:
    assert {pair.session: pair.object_name for pair in usable(by_name(files, names))} == pairs


@pytest.mark.parametrize(
    ("files", "names", "left"),
    [
        (["chairman.glb"], ["Chair"], {"chairman.glb", "Chair"}),
        (["chair.glb", "chair.obj"], ["chair"], {"chair.glb", "chair.obj", "chair"}),
        (["chair.glb"], ["Chair.001", "Chair.002"], {"chair.glb", "Chair.001", "Chair.002"}),
        (["chair_a.glb", "chair-a.glb"], ["Chair A"], {"chair_a.glb", "chair-a.glb", "Chair A"}),
        (["chair_v1.glb", "chair_v2.glb"], ["Chair"], {"chair_v1.glb", "chair_v2.glb", "Chair"}),
        (["___.glb"], ["---"], {"___.glb", "---"}),
    ],
)
def test_nothing_is_guessed_and_what_is_left_over_is_told(files: list[str], names: list[str], left: set[str]) -> None:
    found = by_name(files, names)
    assert usable(found) == []
    assert {pair.session or pair.object_name for pair in found} == left
    assert all(pair.problem for pair in found)


def test_an_exact_name_comes_before_one_that_is_only_alike() -> None:
    found = by_name(["chair.glb", "Chair.obj"], ["Chair", "chair"])
    assert {pair.session: pair.object_name for pair in usable(found)} == {"chair.glb": "chair", "Chair.obj": "Chair"}
