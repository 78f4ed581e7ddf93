# SPDX-License-Identifier: GPL-3.0-or-later
"""All deliveries, and their outcomes in this Blender as JSON: ``python run.py OUT`` with tests/support in the path."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from . import frames, geometry, materials, nodes
from .delivery import Delivery, outcome_of

GROUPS: dict[str, tuple[Delivery, ...]] = {
    "Scenes, nodes and names": nodes.DELIVERIES,
    "Faces and lists of numbers": geometry.DELIVERIES,
    "Materials and pictures": materials.DELIVERIES,
    "Containers, frames and other formats": frames.DELIVERIES,
}
"""What docs/deliveries.md has a table of each."""


def all_deliveries() -> list[Delivery]:
    """Those of all groups."""
    return [delivery for group in GROUPS.values() for delivery in group]


def main(out: str) -> None:
    """Write ``{"blender", "outcomes": {feature: words}}`` to the file *out*."""
    import bpy

    outcomes = {}
    for delivery in all_deliveries():
        with tempfile.TemporaryDirectory() as folder:
            outcome = outcome_of(delivery.made(), Path(folder))
        outcomes[delivery.feature] = {"words": outcome.words(), **asdict(outcome)}
    Path(out).write_text(json.dumps({"blender": bpy.app.version_string, "outcomes": outcomes}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
