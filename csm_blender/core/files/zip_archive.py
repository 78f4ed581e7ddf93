# SPDX-License-Identifier: GPL-3.0-or-later
"""Take an OBJ and what belongs to it out of a delivered zip, without trusting a name or a size in it."""

from __future__ import annotations

import errno
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import BadMesh

MAX_FILES = 200
MAX_TOTAL_BYTES = 2 * 1024**3
_DAMAGED = (errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ)
"""The system's errors for file names and offsets of a damaged zip; a full disk gives another one."""
_WANTED = {".obj", ".mtl", ".png", ".jpg", ".jpeg", ".webp", ".tga", ".bmp", ".tif", ".tiff"}


def unpack_obj(archive: Path, folder: Path) -> Path:
    """Unpack the mesh files of *archive* into *folder*, flat, and give the OBJ's path. Raises :class:`BadMesh`.

    CSM's zips hold a folder with ``mesh.obj`` and its companions. Only plain names are used, so nothing can be written
    outside *folder*; the unpacked sizes are counted while writing, not believed.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            return _unpack(bundle, folder)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BadMesh("The delivered zip is damaged or encrypted.") from error
    except OSError as error:
        if error.errno in _DAMAGED:
            raise BadMesh("The delivered zip is damaged.") from error
        raise


def _unpack(bundle: zipfile.ZipFile, folder: Path) -> Path:
    entries = [entry for entry in bundle.infolist() if PurePosixPath(entry.filename).suffix.lower() in _WANTED]
    if len(entries) > MAX_FILES:
        raise BadMesh("The delivered zip holds far too many files.")
    room = MAX_TOTAL_BYTES
    meshes = []
    for entry in entries:
        target = folder / PurePosixPath(entry.filename.replace("\\", "/")).name
        if target.exists():
            continue
        with bundle.open(entry) as source, target.open("wb") as sink:
            while chunk := source.read(1024 * 1024):
                room -= len(chunk)
                if room < 0:
                    raise BadMesh("The delivered zip is far too large when unpacked.")
                sink.write(chunk)
        if target.suffix.lower() == ".obj":
            meshes.append(target)
    if not meshes:
        raise BadMesh("The delivered zip holds no OBJ mesh.")
    return max(meshes, key=lambda path: path.stat().st_size)
