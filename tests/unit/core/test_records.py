# SPDX-License-Identifier: GPL-3.0-or-later
"""Records go through JSON and come back as they were, by the types of their fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from csm_blender.core.records import FLAT, IF_SET, NOT_KEPT, Record, key


class Wood(StrEnum):
    OAK = "OAK"
    PINE = "PINE"


@dataclass(frozen=True)
class Leg(Record):
    length: float
    wood: Wood = Wood.OAK


@dataclass(frozen=True)
class Seat(Record):
    width: float = field(metadata=key("seat_width"))
    depth: float | None = None


@dataclass(frozen=True)
class Chair(Record):
    seat: Seat = field(metadata=FLAT)
    legs: tuple[Leg, ...] = ()
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)
    back: Leg | None = None
    file: Path = Path("chair.blend")
    cushion: Seat | None = field(default=None, metadata=FLAT)
    note: str = field(default="", metadata=NOT_KEPT)


CHAIR = Chair(Seat(0.5), (Leg(1.0), Leg(2.0, Wood.PINE)), (1.0, 2.0, 3.0), Leg(4.0), Path("a/b.blend"), Seat(0.5))


def test_a_record_comes_back_as_it_was() -> None:
    written = json.loads(json.dumps(CHAIR.as_dict()))
    assert Chair.from_dict(written) == CHAIR
    assert written["seat_width"] == 0.5, "a flat record's values stand beside the others"
    assert set(written) == Chair.keys() == {"seat_width", "depth", "legs", "place", "back", "file"}


def test_what_is_missing_gets_its_default_and_what_is_more_is_passed_over() -> None:
    assert Chair.from_dict({"seat_width": 1, "color": "red"}).legs == ()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"seat_width": "wide"},
        {"seat_width": None},
        {"seat_width": 1, "place": [1.0, 2.0]},
        {"seat_width": 1, "legs": [{"length": 1, "wood": "STEEL"}]},
        {"seat_width": 1, "legs": 4},
        {"seat_width": 1, "back": ["length"]},
        ["seat_width"],
    ],
)
def test_what_cannot_be_is_refused(data: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Chair.from_dict(data)


def test_a_field_that_earlier_versions_do_not_know_is_written_only_where_it_is_set() -> None:
    @dataclass(frozen=True)
    class Newer(Record):
        name: str
        added: int = field(default=0, metadata=IF_SET)

    assert Newer("a").as_dict() == {"name": "a"}
    assert Newer("a", 2).as_dict() == {"name": "a", "added": 2}
    assert Newer.from_dict({"name": "a"}) == Newer("a")
    assert Newer.from_dict({"name": "a", "added": 2}) == Newer("a", 2)
