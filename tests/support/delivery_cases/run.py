# SPDX-License-Identifier: GPL-3.0-or-later
"""All deliveries, and what becomes of them in this Blender as JSON: ``python -m delivery_cases.run OUT``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from . import frames, geometry, materials, nodes
from .delivery import Delivery, outcome_of

GROUPS: dict[str, tuple[str, tuple[Delivery, ...]]] = {
    "nodes": ("Scenes, nodes and names", nodes.DELIVERIES),
    "geometry": ("Faces and lists of numbers", geometry.DELIVERIES),
    "materials": ("Materials and pictures", materials.DELIVERIES),
    "frames": ("Containers, frames and other formats", frames.DELIVERIES),
}
"""The tables of docs/deliveries.md: their titles and rows, by how their tests are called."""


def named_deliveries() -> dict[str, Delivery]:
    """All deliveries by the name of their test."""
    return {f"{key}-{number}": row for key, (_title, rows) in GROUPS.items() for number, row in enumerate(rows, 1)}


def main(out: str) -> None:
    """Write what docs/deliveries.md says to the file *out*."""
    import bpy

    version = bpy.app.version_string
    groups: dict[str, list[dict[str, str]]] = {title: [] for title, _rows in GROUPS.values()}
    for name, delivery in named_deliveries().items():
        with tempfile.TemporaryDirectory() as folder:
            words = outcome_of(delivery.made(), Path(folder)).words().replace(f"Blender {version}", "this Blender")
        groups[GROUPS[name.split("-")[0]][0]].append({"name": name, "feature": delivery.feature, "words": words})
    Path(out).write_text(json.dumps({"blender": version, "groups": groups}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
