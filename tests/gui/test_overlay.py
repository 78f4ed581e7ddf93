"""What the viewport shows before anything is paid is exactly what goes out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from harness import Blender

SCENARIOS = "scenarios/overlay.py"
SESSION = "SESSION_P_44569824122"


def of_service(service: Any) -> dict[str, str]:
    return {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}


def check_payload(each: dict[str, Any], unit: float = 1.0, side: float = 1.0) -> None:
    """What would be sent is the box and the pivot drawn: *unit* is meters per Blender unit, *side* -1 if mirrored."""
    corners = each["corners"]
    center = [sum(corner[axis] for corner in corners) / 8 for axis in range(3)]
    edges = [[b - a for a, b in zip(corners[0], corners[index], strict=True)] for index in (4, 2, 1)]
    width, depth, height = (math.hypot(*edge) for edge in edges)
    assert [v / unit for v in each["bbox"]] == pytest.approx([width, height, depth], abs=1e-6)
    offset = [p - c for p, c in zip(each["pivot"], center, strict=True)]
    x, y, z = (sum(o * e for o, e in zip(offset, edge, strict=True)) / math.hypot(*edge) ** 2 for edge in edges)
    assert each["point"] == pytest.approx([side * x, z, -y], abs=1e-6)


def test_the_payload_is_what_is_drawn(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:drawn_is_sent", env=of_service(service)).value
    for each, unit, side in zip(seen, (1.0, 1.0, 0.01, 0.01, 0.01), (1.0, 1.0, -1.0, -1.0, -1.0), strict=True):
        check_payload(each, unit, side)
    assert seen[1]["corners"][0][0] - seen[0]["corners"][0][0] == pytest.approx(1.5, abs=1e-6)
    assert seen[3]["point"] != [0.0, 0.0, 0.0]
    assert seen[4]["bbox"] == pytest.approx(
        [0.032, 0.0532, 0.0135], abs=1e-6
    )  # a custom box, in a scene of centimeters


def test_on_with_the_tab_and_off_with_the_overlays(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:on_and_off", env=of_service(service)).value
    assert seen == {"closed": False, "quad": True, "other_in_local_view": False, "after_local_view": True}


def test_the_box_fills_while_its_job_runs(blender: Blender, slow_service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:fills", env=of_service(slow_service), params={"session": SESSION}).value
    assert seen["shares"] == sorted(seen["shares"])
    assert seen["left"] in ([], [None])


def test_it_costs_next_to_nothing(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:cost", env=of_service(service)).value
    # Measured, not asserted: other tests share the machine.
    (blender.screens / "overlay-cost.json").write_text(json.dumps(seen))
