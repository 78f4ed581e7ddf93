# SPDX-License-Identifier: GPL-3.0-or-later
"""One delivered file, what is expected of it, and what became of it in this Blender."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNIT = ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))
SIZE = (0.5, 0.9, 0.2)
"""Width, height and depth of the box that every delivery is fitted to."""


@dataclass(frozen=True)
class Delivery:
    """A *feature* of a file that *made* makes.

    It has to be placed with that many *triangles* from the *box* of what was delivered (glTF axes), with notes that
    contain *says*, and without any where that is not given; *finds* are what the findings must be. Where *refused* is
    given, it has to be refused with these words, or, with *or_placed*, may be: that depends on a library of Blender.
    """

    feature: str
    made: Callable[[], bytes]
    triangles: int = 60
    box: tuple[tuple[float, ...], tuple[float, ...]] = UNIT
    says: str = ""
    finds: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""
    or_placed: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery; all is JSON-ready. *off* is how far the box was missed, of its diagonal."""

    refused: str = ""
    kind: str = ""
    triangles: int = 0
    box: Any = None
    fitted_error: float = 0.0
    off: float = 0.0
    notes: tuple[str, ...] = ()
    flaws: tuple[str, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> str:
        """The outcome as a sentence for the table."""
        if self.kind:
            return f"refused: {self.refused}"
        counted = f"placed, {self.triangles} triangles" if self.triangles else "placed, no faces"
        missed = f"misses the box by {self.off:.0%}" if self.off > 1e-5 else ""
        return "; ".join(filter(None, (counted, missed, *self.flaws, *(note.rstrip(".") for note in self.notes))))


def outcome_of(data: bytes, folder: Path) -> Outcome:
    """Convert *data* in this Blender, as a job does, with files in *folder*."""
    from csm_blender.converter.convert import convert
    from csm_blender.core.conversion import ConversionRequest
    from csm_blender.core.errors import BadMesh, ConversionFailed
    from csm_blender.core.geometry import box
    from csm_blender.core.geometry.linalg import IDENTITY
    from csm_blender.core.pipeline.retrieve import check_delivered

    refinement, placement = box.plan_for_numbers(SIZE, None, scale_length=1.0)
    mesh = folder / "delivered.mesh"
    mesh.write_bytes(data)
    request = ConversionRequest(mesh, "Delivered", placement, refinement, blend=folder / "refined.blend")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            check_delivered(mesh)
            report = convert(request)
    except (BadMesh, ConversionFailed) as error:
        return Outcome(refused=str(error), kind=type(error).__name__)
    fitted, found = report.fitted, report.findings
    wanted = box.corners(IDENTITY, placement.box_min, placement.box_max)
    off = box.corner_error(box.corners(IDENTITY, fitted.box_min, fitted.box_max), wanted)
    return Outcome(
        triangles=found.triangles or 0,
        box=(fitted.delivered_min, fitted.delivered_max),
        fitted_error=fitted.fitted_error,
        off=off,
        notes=tuple(map(str, report.notes)),
        flaws=tuple(words for name, words in _FLAWS.items() if getattr(found, name)),
        findings=found.as_dict(),
    )


_FLAWS = {
    "bad_numbers": "card: invalid values",
    "missing_textures": "card: missing or damaged picture",
    "transparent_materials": "card: fully transparent material",
    "inside_out": "card: the faces are inside out",
}
