# SPDX-License-Identifier: GPL-3.0-or-later
"""Which session goes onto which object, as it is shown to the user before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ..messages import Message


@dataclass(frozen=True)
class Pair:
    """A session's code and the name of an object. *problem* says why the two cannot be paired; empty where they can.

    What is left over on one side has the other empty.
    """

    session: str
    object_name: str
    problem: str = ""


def natural_order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Key for sorting names as people do: Chair 2 before Chair 10, upper and lower case alike."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def in_order(codes: Sequence[str], names: Sequence[str]) -> list[Pair]:
    """The codes as they come, each with the next of the *names* in natural order, and what is left over at the end."""
    left_over = (Message("No object is left for it"), Message("No session is left for it"))
    return [
        Pair(code, name, "" if code and name else left_over[bool(name)])
        for code, name in zip_longest(codes, sorted(names, key=natural_order), fillvalue="")
    ]


def usable(pairs: Sequence[Pair]) -> list[Pair]:
    """Those without a problem."""
    return [pair for pair in pairs if not pair.problem]
