# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh files that were refined last, kept beside the jobs, to choose from again."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from .whole_file import write_whole

FILE_NAME = "recent-files.json"
MOST = 10
_ELSEWHERE = ("//", "\\\\")


def recent_files(home: Path) -> list[str]:
    """The paths, the last one first; none where there is no list that can be read."""
    try:
        found = json.loads((home / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in found if isinstance(path, str)][:MOST] if isinstance(found, list) else []


def remember_file(home: Path, path: str) -> None:
    """Make *path* the first of the list in *home*. A list that cannot be written stays as it is."""
    paths = [path, *(other for other in recent_files(home) if other != path)][:MOST]
    with contextlib.suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        write_whole(home / FILE_NAME, json.dumps(paths, indent=1))


def is_gone(path: str) -> bool:
    """Whether there is no file *path* any more. Another machine's is not looked up: its network may take long."""
    return not path.startswith(_ELSEWHERE) and not os.path.isfile(path)  # noqa: PTH113 - Path raises for long names
