# SPDX-License-Identifier: GPL-3.0-or-later
"""What is typed, read and checked: ``--job``, ``--jobs``, ``--folder``, which mesh goes where; numbers; paths."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..core.api.session_code import shortened
from ..core.errors import BadSessionCode, BadValue, UsageError
from ..core.files.jobs_file import Row, read_jobs_file
from ..core.files.source_text import parse_source
from ..core.models import Vec3
from ..core.sources import Source, SourceKind


def wanted_jobs(job_options: list[str], jobs_file: str | None, folder: str | None = None) -> list[Row]:
    """All jobs of ``--job`` and ``--jobs``, in order. Raises :class:`UsageError` for the first that makes no sense.

    Also where nothing is asked for, be it the files of a *folder*.
    """
    wanted = [_from_option(text) for text in job_options]
    if jobs_file is not None:
        wanted += read_jobs_file(Path(jobs_file))
    if not wanted and folder is None:
        raise UsageError("There is nothing to refine.", "Give --job SOURCE=OBJECT, --jobs FILE or --folder DIR.")
    return wanted


def parse_numbers(text: str, option: str) -> Vec3:
    """Three numbers separated by commas. Raises :class:`BadValue` naming the *option*."""
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadValue(
            "{option} needs three numbers separated by commas, not {text}.",
            "For example: 0.5,0.9,0.6",
            option=option,
            text=shortened(text),
        ) from error
    return (x, y, z)


def typed_path(text: str) -> Path:
    """*text* as an absolute path. Raises :class:`UsageError` for bytes that are no text: Blender takes no such path."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        words = "The path {path} holds bytes that are no text in UTF-8."
        raise UsageError(words, "Give the file and its folders other names.", path=ascii(text)) from error
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # a name that begins with ~ and is no user's
        path = path.expanduser()
    return path.absolute()


def _from_option(text: str) -> Row:
    """``SOURCE=OBJECT`` or ``SOURCE``. A pasted URL, a path and an object's name may hold "=" themselves.

    Of several ways to read a path the file that is there is meant, else the shortest.
    """
    ways = [way for index, letter in enumerate(text) if letter == "=" for way in _split_at(text, index)]
    there = [way for way in ways if way[0].kind is SourceKind.FILE and os.path.isfile(way[0].name)]  # noqa: PTH113 - Path raises for long names
    for source, name in [*there, *ways]:
        if not name.strip():
            raise UsageError("--job {text} names no object after the =.", text=shortened(text))
        return Row(source.text, name)
    try:
        return Row(parse_source(text).text, "")
    except BadSessionCode:
        return Row(parse_source(text.partition("=")[0]).text, "")  # raises, quoting what is in place of the source


def _split_at(text: str, index: int) -> list[tuple[Source, str]]:
    """The source before and the object after the "=" at *index*; none where what is before is no source."""
    left = text[:index]
    try:
        source = parse_source(left)
    except UsageError:
        return []
    if source.kind is SourceKind.SESSION and not left.rstrip().endswith(source.name):
        return []  # the "=" is one of a URL's own
    return [(source, text[index + 1 :])]
