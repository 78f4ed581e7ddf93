"""Handles in the viewport: what is dragged is what is sent, one undo step each, and the object stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from harness import Blender
from test_overlay import check_payload, of_service

SCENARIOS = "scenarios/handles.py"
PLACES = "scenarios/handles_places.py"
SESSION = "SESSION_P_44569824122"
SLOW_S = 180.0
"""Each step of the mouse is a redraw in software."""


def test_a_face_is_dragged_by_the_mouse(blender: Blender, service: Any) -> None:
    result = blender.run(f"{SCENARIOS}:faces", env=of_service(service), timeout=SLOW_S)
    seen = result.value
    (low, high), dragged = seen["start"], seen["dragged"]
    assert seen["modal"] == ["CSM_OT_drag_face"]
    assert dragged == seen["during"] == [low, [*high[:2], pytest.approx(dragged[1][2])]]
    assert dragged[1][2] > high[2] + 0.1
    check_payload(seen["drawn"])
    assert seen["drawn"]["bbox"][1] == pytest.approx(0.95 * dragged[1][2], abs=1e-6)  # the object's scale is 0.95
    assert max(vertex[2] for vertex in seen["mesh"]) == 1.0
    assert seen["wider"][1][0] > dragged[1][0] + 0.05
    assert (seen["escaped"], seen["left"]) == (dragged, [])
    assert (seen["undone"], seen["redone"]) == (seen["start"], dragged)
    assert result.output.count("Drag Box Face") == 1  # one named step, none for what was given up
    assert seen["snapped"][2] * 10 == pytest.approx(round(seen["snapped"][2] * 10), abs=1e-5)


def test_the_pivot_is_dragged_to_a_corner_of_a_mirrored_box(blender: Blender, service: Any) -> None:
    result = blender.run(f"{SCENARIOS}:pivot", env=of_service(service), timeout=SLOW_S)
    seen = result.value
    assert seen["snapped"] == [0.5, -0.5, 0.5]
    check_payload(seen["drawn"], side=-1.0)
    assert seen["drawn"]["pivot"] == pytest.approx(seen["corner"], abs=1e-6)
    assert seen["undone"] == pytest.approx([0.1, 0.0, 0.0], abs=1e-6)
    assert seen["redone"] == seen["snapped"] == seen["escaped"]
    assert 0.0 < seen["snapped"][2] - seen["precise"][2] < 0.2  # a tenth of the way
    assert result.output.count("Drag Pivot") == 1
    assert seen["menu"] == [0.0, 0.0, -0.5]


def test_handles_are_where_the_overlay_is_and_only_in_object_mode(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{PLACES}:places", env=of_service(service), timeout=SLOW_S).value
    assert seen == {
        "measured box": False,
        "custom box": True,
        "without overlays": False,
        "in EDIT mode": False,
        "in OBJECT mode": True,
        "in local view of another": False,
        "after it": True,
    }


def test_a_face_stays_under_the_mouse_in_a_quad_view_and_under_a_shearing_parent(
    blender: Blender, service: Any
) -> None:
    seen = blender.run(f"{PLACES}:quad_view", env=of_service(service), timeout=SLOW_S).value
    assert seen["followed"] == pytest.approx(40.0, abs=2.0)  # pixels
    assert seen["after"][0] == seen["before"][0]
    assert seen["after"][1][1:] == seen["before"][1][1:]


def test_nothing_can_be_dragged_while_the_object_is_being_refined(blender: Blender, slow_service: Any) -> None:
    seen = blender.run(
        f"{PLACES}:busy", env=of_service(slow_service), params={"session": SESSION}, timeout=SLOW_S
    ).value
    assert seen == {"before": True, "during": False}
