# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files that are never seen half written."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from ..file_system import remove_file, replace_file

_ROOM_BYTES = 65536


def check_room(folder: Path) -> None:
    """Raises ``OSError`` where the disk of *folder* has no room left: not all that write to it say so."""
    probe = folder / f"{os.getpid()}.probe"
    try:
        probe.write_bytes(bytes(_ROOM_BYTES))
    finally:
        remove_file(probe)


def write_whole(path: Path, content: str | bytes) -> None:
    """Make *content* (text as UTF-8) that of the file *path*, in one step; a file that was there keeps its permissions.

    Written under another name beside it first. Raises :class:`OSError`, and then leaves *path* as it was.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        with contextlib.suppress(OSError):  # there is none yet, or its permissions are not ours to give
            shutil.copymode(path, part)
        replace_file(part, path)
    finally:
        remove_file(part)
