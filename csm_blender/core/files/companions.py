# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a mesh file into the folder of its job, along with the files beside it that it needs.

A file that is complete in itself is copied as it is. One that names others (the materials and textures of an OBJ, the
data of a .gltf, the layers and textures of a USD, the textures of an FBX) becomes a zip of all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO
from urllib.parse import unquote

from ..errors import BadSource, SourceChanged
from ..file_system import fresh_part, remove_file, replace_file

MOST_COMPANIONS = 190
"""Fewer than a zip may hold to be read again (``zip_archive.MAX_FILES``)."""
MOST_TEXT_BYTES = 512 * 1024**2
"""Of a file in which names are looked for."""
_CHUNK = 1024 * 1024
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tga", ".bmp", ".tif", ".tiff", ".exr", ".hdr"})
_ENDING = re.compile(rb"\.(?:png|jpe?g|webp|tga|bmp|tiff?|exr|hdr|usd[ac]?)(?![a-z0-9])", re.IGNORECASE)
_NO_NAME = re.compile(rb"[\x00-\x1f\"@<>|*?]")
"""Bytes that end a name, as file formats and file systems have it."""
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Copied:
    """A copy: its length in bytes, and the SHA-256 of what it holds."""

    length: int
    sha256: str


def copy_source(path: Path, copy: Path, on_progress: Callable[[int, int | None], None]) -> Copied:
    """Copy the mesh file *path* to *copy*, whole or not at all.

    *on_progress* is called with the bytes done and the bytes in all, and may raise to stop. Raises
    :class:`BadSource` where the file is not there or cannot be read, :class:`SourceChanged`, and :class:`OSError` where
    the copy cannot be written.
    """
    part = fresh_part(copy)
    try:
        with _readable(path):
            before = _state(path)
            files = [path, *companions_of(path)]
            total = sum(each.stat().st_size for each in files)
        if len(files) == 1:
            with part.open("wb") as sink:
                _copy_into(sink, path, on_progress, 0, total)
        else:
            _write_zip(part, files, on_progress, total)
        with _readable(path):
            if _state(path) != before:
                raise SourceChanged("The file {path} is being written.", path=path)
        copied = _sum_of(part)
        replace_file(part, copy)
        return copied
    finally:
        remove_file(part)


def companions_of(path: Path) -> list[Path]:
    """The files in the folder of *path*, or in folders of it, that the mesh file *path* names and that are there."""
    kind = path.suffix.lower()
    if kind == ".obj":
        libraries = list(_there(path, _words_after(path, b"mtllib")))
        maps = (name for library in libraries for name in _last_words(library))
        return _unique(path, [*libraries, *_there(path, maps)])
    if kind == ".gltf":
        return _unique(path, _there(path, _uris(path)))
    if kind in (".fbx", ".usd", ".usda", ".usdc"):
        return _unique(path, _named_in(path))
    return []


def missing_material_files(path: Path) -> list[str]:
    """The names of the .mtl files that the OBJ at *path* needs and that are not beside it, each once."""
    wanted = dict.fromkeys(_words_after(path, b"mtllib"))
    return [name for name in wanted if not any(_there(path, _may_mean(name)))][:MOST_COMPANIONS]


def _may_mean(name: str) -> list[str]:
    """The file *name*, which may have lost its folders in a zip, or several files with blanks between."""
    return [name, PureWindowsPath(name).name, *name.split()]


def _unique(path: Path, found: Iterable[Path]) -> list[Path]:
    others = [each for each in dict.fromkeys(found) if each != path]
    return others[:MOST_COMPANIONS]


def _there(path: Path, names: Iterable[str]) -> Iterator[Path]:
    """Those of *names* that are files in the folder of *path* or below; names out of it are not followed."""
    folder = path.parent
    for name in names:
        named = PureWindowsPath(name.strip().strip('"'))  # takes both kinds of slashes
        is_elsewhere = named.anchor or ".." in named.parts  # on an artist's own disk; the file is often beside the mesh
        relative = Path(named.name if is_elsewhere else named.as_posix())
        with contextlib.suppress(OSError, ValueError):
            if named.name and (folder / relative).is_file():
                yield folder / relative


def _words_after(path: Path, keyword: bytes) -> Iterator[str]:
    """What follows *keyword* on lines of a text file that begin with it."""
    with path.open("rb") as file:
        for line in file:
            if line.lstrip()[: len(keyword) + 1].split() == [keyword]:
                yield line.split(None, 1)[1].decode("utf-8", "replace").strip()


def _last_words(library: Path) -> Iterator[str]:
    """The pictures of an .mtl: a name may hold spaces, and options stand before it."""
    for line in library.read_bytes().splitlines():
        words = line.decode("utf-8", "replace").strip().split()
        if words and words[0].lower().startswith(("map_", "bump", "disp", "decal", "refl", "norm")):
            for first in range(1, len(words)):
                yield " ".join(words[first:])


def _uris(path: Path) -> Iterator[str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        for part in (*document.get("buffers", []), *document.get("images", [])):
            uri = part.get("uri", "data:")
            if isinstance(uri, str) and not uri.startswith("data:"):
                yield unquote(uri)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return  # the converter says what is wrong with it


def _named_in(path: Path) -> Iterator[Path]:
    """The pictures and layers whose names stand in a file that is not read otherwise."""
    if path.stat().st_size > MOST_TEXT_BYTES:
        return
    for other in _there(path, _names_in(path)):
        yield other
        if other.suffix.lower() not in _PICTURES and other != path and other.stat().st_size <= MOST_TEXT_BYTES:
            yield from _there(path, _names_in(other))


def _names_in(path: Path) -> list[str]:
    """What may be names of pictures and layers in the bytes of a file, sorted."""
    data = path.read_bytes()
    found = set()
    for ending in _ENDING.finditer(data):
        before = _NO_NAME.split(data[max(0, ending.start() - _LONGEST_NAME) : ending.start()])[-1]
        found.add((before + ending[0]).decode("utf-8", "replace"))
    return sorted(found)


def _write_zip(part: Path, files: list[Path], on_progress: Callable[[int, int | None], None], total: int) -> None:
    done = 0
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(files[0].parent).as_posix())
            with archive.open(entry, "w", force_zip64=True) as sink:
                done = _copy_into(sink, file, on_progress, done, total)


def _copy_into(
    sink: IO[bytes], path: Path, on_progress: Callable[[int, int | None], None], done: int, total: int
) -> int:
    """Write the file *path* to *sink*. The bytes done so far."""
    with _readable(path), path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            sink.write(chunk)
            done += len(chunk)
            on_progress(done, total)
    return done


def _sum_of(path: Path) -> Copied:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return Copied(path.stat().st_size, digest.hexdigest())


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BadSource(
            "The file {path} is not there any more.", "Put it back and retry, or refine another one.", path=path
        ) from error
    except (IsADirectoryError, PermissionError) as error:
        raise BadSource(
            "The file {path} cannot be read: {reason}.", "Check its name and permissions.", path=path, reason=error
        ) from error
