# SPDX-License-Identifier: GPL-3.0-or-later
"""Remesh one file to another in a converter, blocking: nothing that happens to the converter harms the caller.

The converter works in a folder of its own beside the target, so that the target is complete or absent: the files made
there are moved to their places when all are done, the target last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import BadMesh, BadOutput, ConversionFailed, CsmError, DiskProblem, NotEnoughMemory
from ..file_system import remove_file, replace_file, share_file
from ..files.whole_file import check_room
from ..messages import Message, sentences
from ..remesh import RemeshAnswer, RemeshOptions, RemeshReport, RemeshRequest
from .child_process import ChildProcess, Ending, Progress
from .launch import Interpreters
from .memory import SHARE_TO_USE, memory_to_use, not_enough_memory, remesh_needs

TIME_LIMIT_S = 1800.0
POLL_S = 0.05
_LOG_NAME = "converter.log"
_MOST_OF_FREE = 0.95
_DISK_HINT = "Free some disk space or fix the folder's permissions, then try again."
_ERRORS = {kind.code: kind for kind in (BadMesh, ConversionFailed, DiskProblem, NotEnoughMemory)}


@dataclass(frozen=True)
class RemeshFiles:
    """The files of one call: ``source``, which is checked and not changed, and ``target``, which is made."""

    source: Path
    target: Path


def remesh_in_child(
    interpreters: Interpreters,
    files: RemeshFiles,
    options: RemeshOptions,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    time_limit_s: float = TIME_LIMIT_S,
) -> RemeshReport:
    """Remesh ``files.source`` to ``files.target`` and give the report.

    *on_progress* is called several times a second. Whatever it raises, ``KeyboardInterrupt`` too, ends the converter.
    Raises :class:`BadMesh`, :class:`ConversionFailed`, :class:`NotEnoughMemory`, :class:`DiskProblem` or
    :class:`BadOutput`; then the target is as it was before.
    """
    memory = memory_to_use()
    refuse_too_large(files.source, options, memory)
    with _folder_beside(files.target) as folder:
        work = folder / "files"
        request = RemeshRequest(files.source, work / files.target.name, options)
        try:
            work.mkdir()
            path, log = folder / "request.json", folder / _LOG_NAME
            path.write_text(json.dumps({**request.as_dict(), "log": str(log), "folder": str(folder)}), encoding="utf-8")
            command = interpreters.with_bpy("converter", str(path))
            most = None if memory is None else int(memory / SHARE_TO_USE * _MOST_OF_FREE)
            child = ChildProcess(command, log=log, deadline_s=time_limit_s, memory_bytes=most)
        except OSError as error:
            raise DiskProblem("The converter cannot be started: {reason}.", _DISK_HINT, reason=error) from error
        try:
            while child.is_running() and child.answer is None:
                on_progress(child.progress)
                time.sleep(POLL_S)
            on_progress(child.progress)
        finally:
            child.stop()
        answer = _answer(child, time_limit_s, work)
        _move_to_place(work, files.target, answer.companions)
    return answer.report


def refuse_too_large(source: Path, options: RemeshOptions, memory: int | None) -> None:
    """Raises :class:`NotEnoughMemory` where *source* holds more than fits in *memory* bytes; ``None`` is not known."""
    needed = remesh_needs(source, options)
    if memory is not None and needed > memory:
        raise not_enough_memory(needed, memory)


@contextlib.contextmanager
def _folder_beside(target: Path) -> Any:
    """A new folder in that of *target*, removed at the end. Raises :class:`BadOutput`."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.stem[:40]}-", suffix=".part", dir=target.parent))
    except OSError as error:
        raise BadOutput(
            "Nothing can be written to the folder {folder}: {reason}.",
            "Make it writable or free some space, or write to another folder.",
            folder=target.parent,
            reason=error,
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answer(child: ChildProcess, time_limit_s: float, work: Path) -> RemeshAnswer:
    """What the converter has answered. Raises what it met, or how it ended."""
    data = child.answer
    if data is not None and "error" not in data:
        return RemeshAnswer.from_dict(data)
    if data is not None:
        error = data["error"]
        hint = _DISK_HINT if error["code"] == DiskProblem.code else error["hint"]
        raise _ERRORS.get(error["code"], ConversionFailed)(error["message"], hint)
    if child.ending is Ending.DEADLINE:
        words = "The mesh was not done after {seconds} seconds ({text})."
        hint = "Allow more with --timeout, or ask for less."
        raise ConversionFailed(words, hint, seconds=f"{time_limit_s:g}", text=child.progress.text or "starting")
    if child.ending is Ending.MEMORY:
        raise NotEnoughMemory("The mesh took more memory than is free, so the work was stopped.")
    try:
        check_room(work)  # some exporters crash where there is none
    except OSError as error:
        raise DiskProblem("The mesh cannot be written: {reason}.", _DISK_HINT, reason=error) from error
    output = Message("Its last words: {line}", line=child.last_output()) if child.last_output() else ""
    raise ConversionFailed(
        sentences(Message("The converter gave no result."), child.how_it_ended(), output),
        "The file may crash Blender's importer: open it in another program and export it again, best as .glb.",
    )


def _move_to_place(work: Path, target: Path, companions: tuple[str, ...]) -> None:
    """Move the finished files out of the folder *work*, the target last; all of them or none. Raises `CsmError`."""
    if problem := companion_in_the_way(target, companions):
        raise problem
    undo: list[Callable[[], None]] = []
    try:
        for place in (target.with_name(Path(name).name) for name in companions):
            if place.exists():
                share_file(place, earlier := work / f"{place.name}.earlier")
                undo.append(partial(replace_file, earlier, place))
            else:
                undo.append(partial(remove_file, place))
            replace_file(work / place.name, place)
        replace_file(work / target.name, target)
    except OSError as error:
        for back in undo:
            with contextlib.suppress(OSError):
                back()
        words = "The file {path} cannot be written: {reason}."
        raise DiskProblem(words, _DISK_HINT, path=target, reason=error) from error


def companion_in_the_way(target: Path, companions: tuple[str, ...]) -> CsmError | None:
    """The error where files that are not of an earlier *target* have the names of its *companions*."""
    if target.exists():
        return None
    taken = [name for name in companions if os.path.lexists(target.with_name(name))]
    if not taken:
        return None
    return BadOutput(
        "The file {name} belongs beside {target}, and there is another one of that name.",
        "Give the output another name or folder.",
        name=taken[0],
        target=target.name,
    )
