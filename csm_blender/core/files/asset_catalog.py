# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog of an asset library that refined meshes are filed under, in Blender's catalog definition file.

The file is ``blender_assets.cats.txt`` at the root of a library (or beside a .blend that is in none): UTF-8, a line
``VERSION 1``, then ``UUID:path:simple name`` for each catalog; empty lines and ``#`` are comments
(https://docs.blender.org/manual/en/4.2/files/asset_libraries/catalogs.html). Assets know their catalog by the UUID.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import DiskProblem
from ..file_system import portable_name
from .whole_file import write_whole

FILE_NAME = "blender_assets.cats.txt"
CATALOG_ID = "c5a3ef1e-7d52-4d0b-9a6e-3f0c52a1d7b4"
"""The same everywhere, so that results of all files and machines are in one catalog."""
_LINE = f"{CATALOG_ID}:CSM/Refined:CSM-Refined"
_PARENT_LINE = "0f6ab2f4-58c1-4f1c-8c39-6d1f0e7b2a90:CSM:CSM"
"""Blender would create a missing parent catalog itself, and then ask for it to be saved."""
_HEAD = """\
# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1

"""
_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*.\x00-\x1f]+')


def with_catalog(text: str) -> str:
    """*text* of a definition file with our catalog in it. An existing one keeps its name and place."""
    lines = [line.strip() for line in text.splitlines()]
    if any(line.lower().startswith(f"{CATALOG_ID}:") for line in lines):
        return text
    if not any(line.startswith("VERSION") for line in lines):
        text = _HEAD + text
    if text and not text.endswith("\n"):
        text += "\n"
    if not any(line.split(":")[1:2] == ["CSM"] for line in lines):
        text += f"{_PARENT_LINE}\n"
    return f"{text}{_LINE}\n"


def add_catalog(folder: Path) -> None:
    """Give the library at *folder* the catalog of refined meshes. Raises :class:`DiskProblem`."""
    try:
        path = (folder / FILE_NAME).resolve()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if (wanted := with_catalog(text)) != text:
            write_whole(path, wanted)
    except UnicodeDecodeError as error:
        raise DiskProblem("The catalog file {path} is not UTF-8 text, so it was not changed.", "", path=path) from error
    except OSError as error:
        raise DiskProblem(
            "The catalog file of {folder} cannot be written: {reason}.", folder=folder, reason=error
        ) from error


def as_file_name(name: str) -> str:
    """*name* without what some systems do not allow in file names."""
    return portable_name(_NOT_IN_FILE_NAMES.sub("_", name).strip(" _"), longest_bytes=80).strip(" _") or "Unnamed"
