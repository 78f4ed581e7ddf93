# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sources of the user interface the pictures of the docs show: a screenshot is old when one of them has changed.

``scripts/pictures.py`` records it when it has made them. Comments and blank lines do not count.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

STAMP = "scripts/releasing/pictures_made_from.json"
SHOWN = ("csm_blender/ui/**/*.py", "csm_blender/scene/properties.py")
"""What decides how the panel, its dialogs and the overlay look."""


def changed_since_pictures(root: Path) -> list[str]:
    """The sources that are not those of the pictures: changed, new, or gone."""
    try:
        recorded: dict[str, str] = json.loads((root / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        recorded = {}
    now = fingerprints(root)
    return sorted(name for name in now.keys() | recorded.keys() if now.get(name) != recorded.get(name))


def record(root: Path) -> None:
    """Say that the pictures show the sources as they are now."""
    text = json.dumps(fingerprints(root), indent=1)
    (root / STAMP).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def fingerprints(root: Path) -> dict[str, str]:
    """A hash for each source that the pictures show."""
    found = sorted({path for pattern in SHOWN for path in root.glob(pattern)})
    return {path.relative_to(root).as_posix(): _fingerprint(path) for path in found}


def _fingerprint(path: Path) -> str:
    lines = [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if line and not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]
