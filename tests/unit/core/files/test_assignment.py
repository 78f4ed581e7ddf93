# SPDX-License-Identifier: GPL-3.0-or-later
"""What is paired with what when many objects get their sessions at once."""

from __future__ import annotations

import pytest

from csm_blender.core.files.assignment import in_order, natural_order, usable


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
