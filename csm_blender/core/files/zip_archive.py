# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a mesh and what belongs to it out of a zip, without trusting a name or a size in it."""

from __future__ import annotations

import errno
import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import BadMesh
from ..file_system import portable_name

MAX_FILES = 200
MAX_TOTAL_BYTES = 2 * 1024**3
_DAMAGED = (errno.EINVAL, errno.EILSEQ, errno.EEXIST, errno.ENOTDIR)
"""The system's errors for names and offsets of a damaged zip, such as a folder called as a file; not of a full disk."""
_TOO_LONG = (errno.ENAMETOOLONG, errno.ENOENT)
"""The same for a name or path that is too long; Windows says that it does not exist."""
_MESHES = (".obj", ".glb", ".gltf", ".fbx", ".usd", ".usda", ".usdc", ".usdz", ".ply", ".stl")
"""Suffixes of meshes: of several in one zip the first kind is taken, and of that the largest."""
_COMPANIONS = {".mtl", ".bin", ".png", ".jpg", ".jpeg", ".webp", ".tga", ".bmp", ".tif", ".tiff", ".exr", ".hdr"}
_WANTED = {*_MESHES, *_COMPANIONS}
_ENCRYPTED = 0x1
_MAX_DEPTH = 16
_LONGEST_NAME = 255


def unpack_mesh(archive: Path, folder: Path) -> Path:
    """Unpack the mesh files of *archive* into *folder* and give the mesh's path. Raises :class:`BadMesh`.

    CSM's zips hold a folder with ``mesh.obj`` and its companions, which go into one folder. Folders are kept where
    companions of other formats, which name them by folder, too, or of equal names need them. Only plain names are used,
    so nothing can be written outside *folder*; the unpacked sizes are counted while writing, not believed.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            return _unpack(bundle, folder)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BadMesh("The zip is damaged or encrypted.") from error
    except OSError as error:
        if error.errno in _DAMAGED:
            raise BadMesh("The zip is damaged.") from error
        if error.errno in _TOO_LONG and archive != Path(error.filename or archive):
            hint = "Unpack it, and use the mesh file in it."
            raise BadMesh("The zip holds a file name that is too long for this computer.", hint) from error
        raise


def _unpack(bundle: zipfile.ZipFile, folder: Path) -> Path:
    entries = [entry for entry in bundle.infolist() if not entry.is_dir() and _is_wanted(PurePosixPath(entry.filename))]
    if len(entries) > MAX_FILES:
        raise BadMesh("The zip holds far too many files.")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise BadMesh("The zip is protected by a password.", "Unpack it, and use the mesh file in it.")
    flat = _goes_into_one_folder([entry.filename for entry in entries])
    room = MAX_TOTAL_BYTES
    meshes = []
    for entry in entries:
        target = _target(entry.filename, folder, flat=flat)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with bundle.open(entry) as source, target.open("wb") as sink:
            while chunk := source.read(1024 * 1024):
                room -= len(chunk)
                if room < 0:
                    raise BadMesh("The zip is far too large when unpacked.")
                sink.write(chunk)
        if target.suffix.lower() in _MESHES:
            meshes.append(target)
    if not meshes:
        raise BadMesh("The zip holds no mesh that can be read: {names}.", names=", ".join(_MESHES))
    return min(meshes, key=lambda path: (_MESHES.index(path.suffix.lower()), -path.stat().st_size))


def _goes_into_one_folder(names: list[str]) -> bool:
    """Whether there is an OBJ, and no two companions have the same name: one of them would be taken for the other."""
    plain = [_target(name, Path(), flat=True) for name in names]
    companions = [path.name.lower() for path in plain if path.suffix.lower() in _COMPANIONS]
    return len(set(companions)) == len(companions) and any(path.suffix.lower() == ".obj" for path in plain)


def _is_wanted(name: PurePosixPath) -> bool:
    """By its suffix; what a Mac stores beside a file has the same one, and a name that begins with "._"."""
    return name.suffix.lower() in _WANTED and not name.name.startswith("._")


def _target(name: str, folder: Path, *, flat: bool) -> Path:
    """Where the entry called *name* goes, inside *folder* whatever it says."""
    *folders, plain = name.replace("\\", "/").split("/")
    if sys.platform == "win32":  # elsewhere they work, and are what the materials call them
        plain = portable_name(plain, _LONGEST_NAME)
        folders = [portable_name(part, _LONGEST_NAME) if part.strip(". ") else part for part in folders]
    if flat:
        return folder / plain
    kept = [part for part in folders if part.strip(". ") and ":" not in part][:_MAX_DEPTH]
    return folder.joinpath(*kept, plain)
