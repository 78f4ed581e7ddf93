# SPDX-License-Identifier: GPL-3.0-or-later
"""Many mesh files at once, each refined into the object of its name."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ...core.errors import CsmError, UsageError
from ...core.files.assignment import Pair, by_name, natural_order, usable
from ...core.files.source_text import problems_of
from ...core.messages import Message
from ...core.models import Choices
from ...core.sources import Source, SourceKind
from ..blender.bpy_typing import Context, current
from ..blender.custom_properties import read
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw
from ..blender.runtime import Part
from ..blender.undo import in_scene
from ..jobs.state import Binding
from ..measure.measure import SIZELESS_TYPES
from ..placement.preview_objects import is_preview
from .assign_sessions import obstacle_to
from .new_job import start_job

STARTING_S = 0.03
"""How long jobs are started in one go, so that Blender goes on in between."""
PAUSE_S = 0.02


@dataclass
class FileBatch(Part):
    """The files that were agreed to and whose jobs are still to be started, and why some could not be."""

    waiting: deque[tuple[str, Binding, Choices]] = field(default_factory=deque)
    refused: list[Message] = field(default_factory=list)


file_batch = FileBatch.current
"""The batch of the current runtime."""


def block_outs_of(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects of *scene* that files can be given to: no results, no previews, nothing without a size."""
    return [
        obj
        for obj in scene.objects
        if obj.type not in SIZELESS_TYPES and read(obj, "csm_job_id") is None and not is_preview(obj)
    ]


def pairs_of_files(files: Sequence[str], context: Context) -> list[Pair]:
    """The *files* (absolute paths) with the objects of their names: the selected ones if there are several, else any.

    Of selected objects those without a file are listed, too. Raises :class:`UsageError` where no file can be used.
    """
    chosen = [obj for obj in block_outs_of(context.scene) if obj in (context.selected_objects or ())]
    is_selection = len(chosen) > 1
    objects = {obj.name: obj for obj in (chosen if is_selection else block_outs_of(context.scene))}
    files = sorted(files, key=lambda file: natural_order(Path(file).name))
    pairs = by_name(files, list(objects))
    bad = problems_of((Path(pair.session) for pair in usable(pairs)), look_again=False)
    found = []
    for pair in pairs:
        if not pair.session and not is_selection:
            continue
        problem: str = pair.problem
        if not problem and (error := bad.get(Path(pair.session))) is not None:
            problem = error.message
        found.append(Pair(pair.session, pair.object_name, problem or obstacle_to(objects[pair.object_name], context)))
    if not usable(found):
        problem = next((pair.problem for pair in found if pair.session), "")
        raise UsageError(
            "No file fits an object ({name}: {problem}).",
            "Call the files as the block-outs are called, or the block-outs as the files.",
            name=Path(files[0]).name,
            problem=problem,
        )
    return found


def begin_files(pairs: Sequence[Pair], context: Context, choices: Choices) -> int:
    """Have the jobs of *pairs* started, some at a time, while the user goes on. How many there are."""
    batch, scene = file_batch(), context.scene
    batch.refused.clear()
    for pair in usable(pairs):
        binding = Binding(scene.session_uid, scene.objects[pair.object_name].session_uid)
        batch.waiting.append((pair.session, binding, choices))
    main_timer().call(_start_some)
    return len(usable(pairs))


def start_files(pairs: Sequence[Pair], context: Context, choices: Choices) -> list[str]:
    """Start the jobs of *pairs* now. Gives their ids; those that could not be started are in ``file_batch()``."""
    batch, job_ids = file_batch(), []
    batch.refused.clear()
    for pair in usable(pairs):
        obj = context.scene.objects[pair.object_name]
        if (job_id := _started(pair.session, obj, context, choices)) is not None:
            job_ids.append(job_id)
    return job_ids


def stop_starting() -> None:
    """Start no more of the files that were agreed to."""
    file_batch().waiting.clear()
    redraw()


def file_opened() -> None:
    """Another file is open now: what is left of the batch, and what was said about it, was about the earlier one."""
    file_batch().waiting.clear()
    file_batch().refused.clear()


def _start_some() -> float | None:
    waiting, until_s = file_batch().waiting, time.perf_counter() + STARTING_S
    while waiting and time.perf_counter() < until_s:
        file, binding, choices = waiting.popleft()
        scene, obj = binding.scene(), binding.target()
        if scene is not None and obj is not None:  # else they were deleted, or the file was closed
            with in_scene(scene):
                _started(file, obj, current, choices)
    redraw()
    return PAUSE_S if waiting else None


def _started(file: str, obj: bpy.types.Object, context: Context, choices: Choices) -> str | None:
    try:
        return start_job(Source(SourceKind.FILE, file), [obj], context, choices, is_checked=True).job_id
    except CsmError as error:
        words = Message("{name}: {problem}", name=obj.name, problem=error.message)
        file_batch().refused.append(words)
        return None
