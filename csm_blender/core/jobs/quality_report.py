# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality card of a job: what an artist wants to know about a result before using it, and a plain verdict.

All of it was measured: by the converter when the mesh was fitted, and by Blender when it was placed. The panel shows
:meth:`Card.rows`, the report of the command line holds :meth:`Card.as_dict`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..messages import NOTHING, Message, sentences
from ..models import Fit, Vec3
from .job import Job

EXACT = 1e-5
"""Error, of the box's diagonal, up to which a result counts as standing exactly (design §4)."""

_WORTH_TELLING = 1e-3
"""Share of the diagonal by which a delivery may be off before the verdict speaks of it."""


@dataclass(frozen=True)
class Card:
    """Sizes are width, height, depth in metres. What is not known yet, or was not sent, is ``None``."""

    verdict: Message
    good: bool
    triangles: int | None
    vertices: int | None
    loose_parts: int | None
    open_edges: int | None
    non_manifold_edges: int | None
    uv_maps: int | None
    bad_numbers: int | None
    textures: tuple[tuple[str, int, int], ...]
    size_asked: Vec3 | None
    size_delivered: Vec3 | None
    size_placed: Vec3 | None
    delivered_error: float | None
    placed_error: float | None
    pivot_error: float | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)

    def rows(self) -> list[tuple[Message, Message]]:
        """Label and value for the panel, without the verdict and the notes."""
        return [
            (Message("Triangles"), _count(self.triangles)),
            (Message("Vertices"), _count(self.vertices)),
            (Message("Loose Parts"), _count(self.loose_parts)),
            (Message("Open Edges"), _count(self.open_edges)),
            (Message("Non-Manifold"), _count(self.non_manifold_edges)),
            (Message("UV Maps"), _count(self.uv_maps)),
            (Message("Textures"), _textures(self.textures)),
            (Message("Invalid Values"), _count(self.bad_numbers)),
            (Message("Size Requested"), _size(self.size_asked)),
            (Message("Size Delivered"), _size(self.size_delivered)),
            (Message("Size Placed"), _size(self.size_placed)),
            (Message("Box Error"), _error(self.placed_error)),
            (Message("Pivot Error"), _error(self.pivot_error)),
        ]


def stands_exactly(error: float) -> bool:
    """Whether a result with this *error*, as a share of the box's diagonal, counts as standing exactly."""
    return math.isfinite(error) and error <= EXACT


def card(job: Job) -> Card | None:
    """The card of *job*; ``None`` before its mesh was converted."""
    result = job.result
    if "box_min" not in result:
        return None
    verdict, good = _verdict(job)
    return Card(
        verdict=verdict,
        good=good,
        triangles=result.get("triangles"),
        vertices=result.get("vertices"),
        loose_parts=result.get("loose_parts"),
        open_edges=result.get("open_edges"),
        non_manifold_edges=result.get("non_manifold_edges"),
        uv_maps=result.get("uv_maps"),
        bad_numbers=result.get("bad_numbers"),
        textures=tuple((str(name), int(width), int(height)) for name, width, height in result.get("textures", ())),
        size_asked=job.spec.refinement.scaled_bbox,
        size_delivered=_delivered_size(result),
        size_placed=_vec3(result.get("placed_size")),
        delivered_error=result.get("delivered_error"),
        placed_error=result.get("placed_error"),
        pivot_error=result.get("pivot_error"),
        notes=(*result.get("notes", ()), *result.get("placing_notes", ())),
    )


def _verdict(job: Job) -> tuple[Message, bool]:
    """One or two sentences, and whether all is well."""
    result = job.result
    error = max(result.get("placed_error") or 0.0, result.get("pivot_error") or 0.0)
    if result.get("placed_error") is None:
        stands, good = Message("Ready, not placed yet."), True
    elif not stands_exactly(error):
        stands, good = Message("Off by {share} of the box's diagonal.", share=f"{error:.2%}"), False
    else:
        stands, good = _how_it_stands(job), True
    flaws = _flaws(result)
    delivered = result.get("delivered_error")
    if delivered is not None and delivered > _WORTH_TELLING:
        off = Message("The service was off by {share}; this was corrected.", share=f"{delivered:.1%}")
        stands = sentences(stands, off)
    return sentences(stands, flaws), good and not result.get("bad_numbers")


def _how_it_stands(job: Job) -> Message:
    if any(job.spec.placement.flat):
        return Message("Scaled evenly into the block-out, which has no thickness; placed on its pivot.")
    match job.spec.fit:
        case Fit.EXACT:
            return Message("Fills the box exactly; placed on its pivot.")
        case Fit.INSIDE:
            return Message("Fits inside the box without stretching; placed on its pivot.")
        case Fit.NONE:
            return Message("Placed on the pivot at the delivered size.")


def _flaws(result: Mapping[str, Any]) -> Message:
    loose, edges = result.get("loose_parts", 1) - 1, result.get("open_edges", 0)
    forks, invalid = result.get("non_manifold_edges", 0), result.get("bad_numbers", 0)
    counted = (
        (loose, Message("{count} loose part" if loose == 1 else "{count} loose parts", count=f"{loose:,}")),
        (edges, Message("{count} open edge" if edges == 1 else "{count} open edges", count=f"{edges:,}")),
        (
            forks,
            Message("{count} non-manifold edge" if forks == 1 else "{count} non-manifold edges", count=f"{forks:,}"),
        ),
        (invalid, Message("{count} invalid value" if invalid == 1 else "{count} invalid values", count=f"{invalid:,}")),
    )
    flaws = [flaw for count, flaw in counted if count > 0]
    if not result.get("uv_maps", 1):
        flaws.append(Message("no UVs"))
    return Message("Please check: {flaws}.", flaws=tuple(flaws)) if flaws else NOTHING


def _delivered_size(result: Mapping[str, Any]) -> Vec3 | None:
    low, high = _vec3(result.get("delivered_min")), _vec3(result.get("delivered_max"))
    return None if low is None or high is None else (high[0] - low[0], high[1] - low[1], high[2] - low[2])


def _vec3(values: Any) -> Vec3 | None:
    return None if values is None else (float(values[0]), float(values[1]), float(values[2]))


def _count(value: int | None) -> Message:
    return Message("-" if value is None else f"{value:,}")


def _size(size: Vec3 | None) -> Message:
    return Message("not sent" if size is None else " x ".join(f"{length:.4g}" for length in size) + " m")


def _error(value: float | None) -> Message:
    return Message("-") if value is None else Message("{share} of the diagonal", share=f"{value:.0e}")


def _textures(textures: tuple[tuple[str, int, int], ...]) -> Message:
    return Message(", ".join(f"{width} x {height}" for _name, width, height in textures) or "None")
