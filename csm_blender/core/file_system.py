# SPDX-License-Identifier: GPL-3.0-or-later
"""What file systems of all platforms ask for: files that others have open, and names that fit everywhere.

On Windows a file that any program has open cannot be renamed, replaced or removed, and virus scanners open each new
file for a moment. Sources: Microsoft's "Naming Files, Paths, and Namespaces" and "System Error Codes".
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import time
import unicodedata
import uuid
from pathlib import Path

HELD_S = 3.0
"""How long a file may be held by another program before that counts as an error."""
_LOOK_AGAIN_S = 0.05
_HELD = (5, 32, 33)
"""ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION: what Windows says of a file that is held."""
_FORBIDDEN = '<>:"/\\|?*'
_DEVICES = {
    *("con", "prn", "aux", "nul", "conin$", "conout$"),
    *(f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"),
}
"""Names that mean a device on Windows, whatever follows after a dot."""


def replace_file(new: Path, path: Path) -> None:
    """Rename *new* to *path*, over what is there; waits up to :data:`HELD_S` for a program that holds one of them.

    Raises ``OSError``. On Linux and macOS nothing is held like that, and nothing is waited for.
    """
    end_s = time.monotonic() + HELD_S
    while True:
        try:
            new.replace(path)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _HELD or time.monotonic() > end_s:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def remove_file(path: Path) -> None:
    """Remove the file at *path* if it is there and can be removed. What is held stays behind; never raises."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def share_file(path: Path, name: Path) -> None:
    """Give the file at *path* the second name *name*, which stays when the first goes. Raises ``OSError``.

    Where the file system knows no second names, as FAT and many network drives, it is copied.
    """
    try:
        os.link(path, name)
    except OSError:
        shutil.copyfile(path, name)


def fresh_part(path: Path) -> Path:
    """A name beside *path* that no other process uses, to write its content under before it is renamed.

    What killed processes left under such names is removed; so is what one writes that was believed dead, whose renaming
    fails then.
    """
    for left in path.parent.glob(f"{glob.escape(path.name)}*.part"):
        remove_file(left)
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")


def portable_name(name: str, longest_bytes: int = 120) -> str:
    """*name* as one that all file systems take; empty where nothing of it is left.

    No character that one of them refuses, no space or dot at its ends, no name of a device, and at most
    *longest_bytes* in UTF-8: common is a limit of 255, and suffixes have to fit, too.
    """
    plain = "".join("_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in name)
    plain = plain.strip(" .").encode(errors="replace")[:longest_bytes].decode(errors="ignore").rstrip(" .")
    base, dot, rest = plain.partition(".")
    return f"{base}_{dot}{rest}" if base.rstrip().casefold() in _DEVICES else plain


def same_name(path: Path) -> str:
    """A text that is equal for paths which mean one file where case and composition of letters do not count.

    Windows takes ``Chair.glb`` and ``chair.glb`` for one file; macOS, besides, both ways to write an ``é``.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())
