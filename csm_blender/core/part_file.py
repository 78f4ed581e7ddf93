# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for files that are being written, and are renamed when they are whole."""

from __future__ import annotations

import glob
import uuid
from pathlib import Path

from .file_system import remove_file


def fresh_part(path: Path) -> Path:
    """A name beside *path* that no other process uses, to write its content under before it is renamed.

    What killed processes left under such names is removed; so is what one writes that was believed dead, whose renaming
    fails then.
    """
    for left in path.parent.glob(f"{glob.escape(path.name)}*.part"):
        remove_file(left)
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
