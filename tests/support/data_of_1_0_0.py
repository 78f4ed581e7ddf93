# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that version 1.0.0 wrote (``tests/data/1.0.0``), unpacked for a test."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "1.0.0"
RELEASED_ZIP = DATA.with_name("releases") / "csm_blender-1.0.0.zip"
"""The extension as it was released, built by ``scripts/build.py`` of commit 3063547."""

PLACEHOLDER = "/ROOT-OF-1.0.0"
STATES = ("QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING", "READY", "PLACED", "FAILED",
          "CANCELLED", "UNCERTAIN")  # fmt: skip
CODES = {state: f"SESSION_P_{number:011d}" for number, state in enumerate(STATES, 1)}
"""The session of the scene's job in each state; its object has the name of the state."""

COMMAND_LINE_CODE = "SESSION_P_00000000012"
"""The session of the interrupted call of ``refine``."""


def unpacked(folder: Path, url: str) -> Path:
    """A copy in *folder*, whose jobs are of the service at *url* and name files in that folder."""
    root = folder / "of-1.0.0"
    shutil.copytree(DATA, root)
    with contextlib.closing(sqlite3.connect(root / "jobs" / "jobs.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE jobs SET base_url=?", [url])
        for column in ("spec_json", "result_json", "blend_file", "message", "error_json"):
            database.execute(f"UPDATE jobs SET {column}=replace({column}, ?, ?)", [PLACEHOLDER, root.as_posix()])
    return root
