# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality card of a job: what a user wants to know about a result before using it, and a plain verdict.

All of it was measured: by the converter when the mesh was fitted, and by Blender when it was placed. The panel shows
:meth:`Card.rows`, the report of the command line holds :meth:`Card.as_dict`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..conversion import JobResult, MeshFindings, PlacementReport
from ..geometry.linalg import minus
from ..messages import NOTHING, Message, sentences
from ..models import Fit, Vec3
from ..records import FLAT, Record
from .job import Job

EXACT = 1e-5
"""Error, of the box's diagonal, up to which a result counts as standing exactly."""

STRETCHED = 1.25
"""Stretch on an axis from which the verdict mentions it."""

_SAME_STRETCH = 1.05
_DIMENSIONS = (Message("width"), Message("height"), Message("depth"))
_WORTH_MENTIONING = 1e-3
"""Share of the diagonal by which a delivery may be off before the verdict mentions it."""


@dataclass(frozen=True)
class Card(Record):
    """Sizes are width, height, depth in meters. What is not known yet, or was not sent, is ``None``."""

    verdict: Message
    good: bool
    findings: MeshFindings = field(metadata=FLAT)
    size_asked: Vec3 | None
    size_delivered: Vec3 | None
    size_placed: Vec3 | None
    delivered_error: float | None
    stretch: Vec3 | None
    facing: int
    placed_error: float | None
    pivot_error: float | None
    notes: tuple[str, ...]

    def rows(self) -> list[tuple[Message, Message]]:
        """Label and value for the panel, without the verdict and the notes."""
        found = self.findings
        return [
            (Message("Triangles"), _count(found.triangles)),
            (Message("Vertices"), _count(found.vertices)),
            (Message("Loose Parts"), _count(found.loose_parts)),
            (Message("Open Edges"), _count(found.open_edges)),
            (Message("Non-Manifold"), _count(found.non_manifold_edges)),
            (Message("UV Maps"), _count(found.uv_maps)),
            (Message("Textures"), _textures(found.textures)),
            (Message("Invalid Values"), _count(found.bad_numbers)),
            (Message("Size Requested"), _size(self.size_asked)),
            (Message("Size Delivered"), _size(self.size_delivered)),
            (Message("Size Placed"), _size(self.size_placed)),
            (Message("Stretch"), _stretch(self.stretch)),
            (Message("Facing"), Message("{degrees}°", degrees=self.facing)),
            (Message("Box Error"), _error(self.placed_error)),
            (Message("Pivot Error"), _error(self.pivot_error)),
        ]


def stands_exactly(error: float) -> bool:
    """Whether a result with this *error*, as a share of the box's diagonal, counts as standing exactly."""
    return math.isfinite(error) and error <= EXACT


def _stands(placement: PlacementReport) -> bool:
    return stands_exactly(placement.placed_error) and stands_exactly(placement.pivot_error)


def misses_the_box(job: Job) -> bool:
    """Whether the result of *job* was placed and does not stand where it was asked to, in box or pivot.

    The promise was the box, so this is no success, whatever else is good about the result.
    """
    placement = job.result.placement if job.result else None
    return placement is not None and not _stands(placement)


def card(job: Job) -> Card | None:
    """The card of *job*; ``None`` before its mesh was converted."""
    if job.result is None:
        return None
    conversion, placement = job.result.conversion, job.result.placement
    low, high = conversion.fitted.delivered_min, conversion.fitted.delivered_max
    verdict, good = _verdict(job, job.result)
    return Card(
        verdict=verdict,
        good=good,
        findings=conversion.findings,
        size_asked=job.spec.refinement.scaled_bbox,
        size_delivered=minus(high, low) if low and high else None,
        size_placed=placement.size if placement else None,
        delivered_error=conversion.fitted.delivered_error,
        stretch=conversion.fitted.stretch,
        facing=conversion.fitted.facing,
        placed_error=placement.placed_error if placement else None,
        pivot_error=placement.pivot_error if placement else None,
        notes=(*conversion.notes, *(placement.notes if placement else ())),
    )


def _verdict(job: Job, result: JobResult) -> tuple[Message, bool]:
    """One or two sentences, and whether all is well."""
    placement, findings = result.placement, result.conversion.findings
    good = placement is None or _stands(placement)
    if not placement:
        verdict = Message("Ready, not placed yet.")
    elif not good:
        error = max(placement.placed_error, placement.pivot_error)
        verdict = Message("Off by {share} of the box's diagonal.", share=f"{error:.2%}")
    else:
        verdict = _how_it_fits(job)
    delivered = result.conversion.fitted.delivered_error
    if delivered is not None and delivered > _WORTH_MENTIONING:
        off = Message("The service was off by {share}; this was corrected.", share=f"{delivered:.1%}")
        verdict = sentences(verdict, off)
    return sentences(verdict, stretch_note(job), _flaws(findings)), good and not _looks_wrong(findings)


def stretch_note(job: Job) -> Message:
    """What is to be said where the mesh of a converted *job* was stretched much, and what helps; else empty."""
    stretch = job.result.conversion.fitted.stretch if job.result else None
    if stretch is None or max(stretch) <= STRETCHED:
        return NOTHING
    most = max(stretch)
    # Two axes that are stretched alike are the same as the third one pressed together.
    where = tuple(name for name, value in zip(_DIMENSIONS, stretch, strict=True) if value > most / _SAME_STRETCH)
    said = Message("Stretched {factor} times in {dimensions}.", factor=f"{most:.1f}", dimensions=where)
    return sentences(said, Message("Fit Inside keeps its proportions; another facing may fit better."))


def _looks_wrong(findings: MeshFindings) -> bool:
    """Whether something is missing or wrong that is seen at once; holes and forks are what some meshes have."""
    return bool(
        findings.bad_numbers
        or findings.missing_textures
        or findings.transparent_materials
        or findings.inside_out
        or findings.triangles == 0
    )


def _how_it_fits(job: Job) -> Message:
    if any(job.spec.placement.flat):
        return Message("Scaled evenly into the block-out, which has no thickness; placed on its pivot.")
    match job.spec.choices.fit:
        case Fit.EXACT:
            return Message("Fills the box exactly; placed on its pivot.")
        case Fit.INSIDE:
            return Message("Fits inside the box without stretching; placed on its pivot.")
        case Fit.NONE:
            return Message("Placed on the pivot at the delivered size.")


def _flaws(findings: MeshFindings) -> Message:
    loose, edges = (findings.loose_parts or 1) - 1, findings.open_edges or 0
    forks, invalid = findings.non_manifold_edges or 0, findings.bad_numbers or 0
    missing, unseen = findings.missing_textures or 0, findings.transparent_materials or 0
    counted = (
        (loose, Message("{count} loose part" if loose == 1 else "{count} loose parts", count=f"{loose:,}")),
        (edges, Message("{count} open edge" if edges == 1 else "{count} open edges", count=f"{edges:,}")),
        (
            forks,
            Message("{count} non-manifold edge" if forks == 1 else "{count} non-manifold edges", count=f"{forks:,}"),
        ),
        (invalid, Message("{count} invalid value" if invalid == 1 else "{count} invalid values", count=f"{invalid:,}")),
        (
            missing,
            Message(
                "{count} missing or damaged picture" if missing == 1 else "{count} missing or damaged pictures",
                count=missing,
            ),
        ),
        (
            unseen,
            Message(
                "{count} fully transparent material" if unseen == 1 else "{count} fully transparent materials",
                count=unseen,
            ),
        ),
    )
    flaws = [flaw for count, flaw in counted if count > 0]
    if findings.triangles == 0:
        flaws.append(Message("no faces"))
    elif findings.uv_maps == 0:
        flaws.append(Message("no UVs"))
    if findings.inside_out:
        flaws.append(Message("the faces are inside out"))
    return Message("Please check: {flaws}.", flaws=tuple(flaws)) if flaws else NOTHING


def _count(value: int | None) -> Message:
    return Message("-" if value is None else f"{value:,}")


def _size(size: Vec3 | None) -> Message:
    return Message("not sent" if size is None else " x ".join(f"{length:.4g}" for length in size) + " m")


def _stretch(stretch: Vec3 | None) -> Message:
    return Message("-" if stretch is None else " x ".join(f"{value:.3g}" for value in stretch))


def _error(value: float | None) -> Message:
    return Message("-") if value is None else Message("{share} of the diagonal", share=f"{value:.0e}")


def _textures(textures: tuple[tuple[str, int, int], ...]) -> Message:
    return Message(", ".join(f"{width} x {height}" for _name, width, height in textures) or "None")
