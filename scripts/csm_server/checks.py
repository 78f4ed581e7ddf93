# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what a client sends: the refine call's body, and the list's query."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_BODY = 1_000_000
"""Bytes; a longer body is refused with 413."""
MAX_MESH = 512 * 1024**2
"""Bytes of a mesh that is added; a longer one is refused with 413."""
MIN_SIZE, MAX_SIZE = 1e-9, 1e9
"""Meters; beyond, 32-bit coordinates lose their meaning."""


class BadRequestError(ValueError):
    """What the client sent cannot be taken; the text says why."""


def refine_request(body: bytes) -> tuple[dict[str, list[float]], list[str]]:
    """The fields ``scaled_bbox`` and ``pivot_point`` of a refine call's body, as far as they were sent.

    ``scaled_bbox`` is width, height, depth in meters; ``pivot_point`` x, y, z as a share of the box, center 0.
    An empty body is an empty request. Gives the names of other fields, too. Raises BadRequestError.
    """
    if not body.strip():
        return {}, []
    try:
        values = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"The body is not valid JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadRequestError("The body must be a JSON object.")
    request = {}
    if "scaled_bbox" in values:
        request["scaled_bbox"] = _numbers("scaled_bbox", values["scaled_bbox"], MIN_SIZE, MAX_SIZE)
    if "pivot_point" in values:
        request["pivot_point"] = _numbers("pivot_point", values["pivot_point"], -0.5, 0.5)
    return request, [json.dumps(name)[:60] for name in values if name not in request][:20]


def paging(limit: str, page: str) -> tuple[int, int]:
    """``limit`` (1 to 100) and ``page`` (from 1) of the list call, as numbers. Raises BadRequestError."""
    return _whole("limit", limit, 1, 100), _whole("page", page, 1, 1_000_000)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _numbers(name: str, value: Any, low: float, high: float) -> list[float]:
    if not isinstance(value, list) or len(value) != 3:
        raise BadRequestError(f"{name} must be a list of three numbers.")
    for entry in value:
        if isinstance(entry, bool) or not isinstance(entry, int | float):
            raise BadRequestError(f"{name} must hold numbers only, not {json.dumps(entry)[:60]}.")
        # The comparison comes first: an integer may be too large for a float.
        if not (low <= entry <= high and math.isfinite(entry)):
            raise BadRequestError(f"{name} must hold numbers between {low:g} and {high:g}, not {str(entry)[:40]}.")
    return [float(entry) for entry in value]


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise BadRequestError(f"{name} must be a whole number from {low} to {high}.")
    return int(text)
