# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that a script makes anew each time: what stood in it is removed, so it must be the script's own."""

from __future__ import annotations

import sys
from pathlib import Path


def check_output(folder: Path, mark: str) -> None:
    """End the script, with the reason, where *folder* holds anything and was not made by an earlier call.

    An earlier call has left the file *mark* in it.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() and not (folder / mark).is_file():
        sys.exit(f"refused: {folder} holds something else, which would go\n   hint: give a new or an empty folder")
