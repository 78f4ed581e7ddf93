# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the source of a job as people write it, and check the file it names before anything starts."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..api.session_code import parse_session_code, shortened
from ..errors import BadSessionCode, BadSource
from ..sources import MESH_SUFFIXES, OBJECT_PREFIX, Engine, Facing, Source, SourceKind
from .assignment import natural_order

FRESH_S = 3.0
"""A file that was changed this little time ago may still be written."""
LOOK_AGAIN_S = 0.25
_QUOTES = ("''", '""')


def parse_source(text: str, folder: Path | None = None) -> Source:
    """The source that *text* names: a session's code or URL, the path of a mesh file, or ``object:NAME``.

    A relative path is one in *folder*, by default the current one; a path in quotes and a ``file:`` URL are paths, too.
    Nothing is looked up on the disk. Raises :class:`BadSource` or :class:`BadSessionCode`.
    """
    stripped = text.strip()
    if not stripped:
        raise BadSource("The source is empty.")
    if stripped.lower().startswith(OBJECT_PREFIX):
        name = text.lstrip()[len(OBJECT_PREFIX) :]
        if not name.strip():
            raise BadSource("{text} names no object.", "For example: object:Chair", text=shortened(text))
        return Source(SourceKind.OBJECT, name)
    if (path := _path_in(stripped)) is not None:
        return Source(SourceKind.FILE, str(((folder or Path.cwd()) / _at_home(path)).absolute()))
    try:
        return Source(SourceKind.SESSION, parse_session_code(text))
    except BadSessionCode as error:
        if _is_like_a_path(stripped):
            raise BadSource("{text} is no mesh file that can be read.", text=shortened(stripped)) from error
        raise


def check_file(path: Path) -> None:
    """Check that the file *path* is there, without waiting: a person does. Raises :class:`BadSource`.

    Whether it is all there is seen when the job begins, see :func:`fresh_state`.
    """
    for problem in problems_of([path], look_again=False).values():
        raise problem


def check_files(paths: Iterable[Path]) -> None:
    """Check that the files are there and are all there. Raises :class:`BadSource` for the first that is not."""
    for problem in problems_of(paths).values():
        raise problem


def problems_of(paths: Iterable[Path], *, look_again: bool = True) -> dict[Path, BadSource]:
    """Those of the files that are not there or not all there, and why.

    Those that were changed just now are looked at twice, a moment apart: it takes that long once, however many. Not so
    without *look_again*.
    """
    found: dict[Path, BadSource] = {}
    fresh: dict[Path, os.stat_result] = {}
    for path in dict.fromkeys(paths):
        try:
            seen = _looked_at(path)
        except BadSource as problem:
            found[path] = problem
            continue
        if look_again and time.time() - seen.st_mtime < FRESH_S:
            fresh[path] = seen
        elif not seen.st_size:
            found[path] = _empty(path)
    if fresh:
        time.sleep(LOOK_AGAIN_S)
    for path, before in fresh.items():
        try:
            seen = _looked_at(path)
        except BadSource as problem:
            found[path] = problem
            continue
        if (seen.st_size, seen.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            words = "The file {path} is being written."
            found[path] = BadSource(words, "Wait until the program that writes it is done.", path=path)
        elif not seen.st_size:
            found[path] = _empty(path)
    return found


def fresh_state(path: Path) -> tuple[int, int] | None:
    """Size and time of a file that was changed just now, and may still be written; ``None`` for any other."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return (seen.st_size, seen.st_mtime_ns) if time.time() - seen.st_mtime < FRESH_S else None


def mesh_files_in(folder: str) -> list[str]:
    """The paths of the mesh files in *folder*, in the order people sort them. Raises :class:`BadSource`."""
    path = _at_home(folder).absolute()
    try:
        found = [each for each in path.iterdir() if is_mesh_file(each) and not each.name.startswith(".")]
        files = [str(each) for each in found if each.is_file()]
    except OSError as error:
        words = "The folder {folder} cannot be read: {reason}."
        raise BadSource(words, "Check the path.", folder=path, reason=error) from error
    if not files:
        raise BadSource("The folder {folder} holds no mesh files.", folder=path)
    return sorted(files, key=lambda file: natural_order(Path(file).name))


def _at_home(text: str) -> Path:
    """The path *text*, with the home of a user where it begins with one's ``~``."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # a name that begins with ~ and is no user's
        path = path.expanduser()
    return path


def _looked_at(path: Path) -> os.stat_result:
    try:
        if path.is_dir():
            raise BadSource(
                "{path} is a folder.", "Name one mesh file; --folder takes all mesh files of a folder.", path=path
            )
        with path.open("rb") as file:
            file.read(1)
        return path.stat()
    except FileNotFoundError as error:
        raise BadSource(
            "There is no file {path}.", "Check the path; it may have been moved or renamed.", path=path
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise BadSource(
            "The file {path} cannot be read: {reason}.", "Check its name and permissions.", path=path, reason=error
        ) from error


def _empty(path: Path) -> BadSource:
    return BadSource("The file {path} is empty.", "Export or download it again.", path=path)


def read_engine(text: str) -> Engine:
    """The engine called *text*: ``service``, ``local`` or ``none``. Raises ``ValueError``."""
    return Engine(text.upper())


def read_facing(text: str) -> Facing:
    """The facing called *text*: ``as-delivered``, ``auto`` or a turn such as ``90``. Raises ``ValueError``."""
    return Facing(text.upper().replace("-", "_"))


def is_mesh_file(path: Path) -> bool:
    """Whether the name of *path* is that of a mesh file."""
    return path.suffix.lower() in MESH_SUFFIXES


def _path_in(text: str) -> str | None:
    """The path that *text* is, by what it ends in; ``None`` where it is none."""
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        path = unquote(parts.path)
        if parts.netloc not in ("", "localhost"):
            path = f"//{parts.netloc}{path}"
        elif len(path) > 2 and path[2] == ":":  # noqa: PLR2004 - /C:/folder
            path = path[1:]
        return path if is_mesh_file(Path(path)) else None
    if text.lower().startswith(("http:", "https:")):
        return None
    if len(text) > 2 and text[0] + text[-1] in _QUOTES and is_mesh_file(Path(text[1:-1])):  # noqa: PLR2004 - quotes
        return text[1:-1]
    return text if is_mesh_file(Path(text)) else None


def _is_like_a_path(text: str) -> bool:
    """Whether someone who wrote *text* will have meant a file."""
    suffix = Path(text).suffix
    return (
        "://" not in text and not text.startswith("SESSION_") and ("/" in text or "\\" in text or suffix[1:].isalnum())
    )
