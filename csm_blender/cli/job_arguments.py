# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions go onto which objects: ``--job``, ``--jobs`` and the numbers, read and checked."""

from __future__ import annotations

from pathlib import Path

from ..core.api.session_code import parse_session_code, shortened
from ..core.errors import BadSessionCode, BadValue, UsageError
from ..core.files.jobs_file import Row, read_jobs_file
from ..core.models import Vec3


def wanted_jobs(job_options: list[str], jobs_file: str | None) -> list[Row]:
    """All jobs asked for, in order. Raises :class:`UsageError` for the first that makes no sense."""
    wanted = [_from_option(text) for text in job_options]
    if jobs_file is not None:
        wanted += read_jobs_file(Path(jobs_file))
    if not wanted:
        raise UsageError("There is nothing to refine.", "Give --job SESSION=OBJECT or --jobs FILE.")
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


def _from_option(text: str) -> Row:
    """``SESSION=OBJECT`` or ``SESSION``. A pasted URL and an object's name may hold "=" themselves."""
    for index in (index for index, letter in enumerate(text) if letter == "="):
        left = text[:index]
        try:
            code = parse_session_code(left)
        except BadSessionCode:
            continue
        if left.rstrip().endswith(code):
            if not text[index + 1 :].strip():
                raise UsageError("--job {text} names no object after the =.", text=shortened(text))
            return Row(code, text[index + 1 :])
    try:
        return Row(parse_session_code(text), "")
    except BadSessionCode:
        return Row(parse_session_code(text.partition("=")[0]), "")  # raises, quoting what is in place of the code
