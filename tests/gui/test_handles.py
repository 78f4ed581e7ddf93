"""Handles in the viewport: what is dragged is what is sent, one undo step each, and the object stays as it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from harness import Blender

SCENARIOS = "scenarios/handles.py"


def of_service(service: Any) -> dict[str, str]:
    return {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}


def test_a_face_is_dragged(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:faces", env=of_service(service)).value
    print(seen)


def test_the_pivot_is_dragged(blender: Blender, service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:pivot", env=of_service(service)).value
    print(seen)
