# SPDX-License-Identifier: GPL-3.0-or-later
"""From asking for a preview to its standing there: a child process fetches and fits it, the timer waits for the moment.

What it calls also takes away previews whose block-outs were deleted, and ends when there is neither.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ...core.conversion import ConversionReport
from ...core.errors import CsmError, DiskProblem
from ...core.files.preview_cache import Kind, work_folder
from ...core.messages import NOTHING, Message
from ...core.models import NO_ASSET, Choices, JobSpec, Materials, Original
from ...worker.preview_fetch import SPEC_NAME
from ..addon.environment import jobs_home
from ..addon.translation import labels
from ..background.one_shot import OneShotProcess
from ..blender.bpy_typing import Context
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw
from ..blender.runtime import Part, part
from ..blender.undo import in_scene, push_undo_step
from ..placement import preview_objects
from ..placement.preview_objects import Remark
from ..versions import history
from . import safe_moment
from .planning import plan_for_objects

READY_LOOK_S = 0.2
STRAY_LOOK_S = 1.0
LONGEST_S = 1800.0
_NO_ANSWER = "The preview could not be fetched: the background process gave no answer."
_log = logging.getLogger(__name__)


class PreviewUnavailable(CsmError):
    """The preview cannot be shown; the sentence says why."""

    code = "preview"


@dataclass
class Order:
    """A preview that was asked for.

    ``versions`` is how many things could stand in its place by then. ``waits`` is empty until it is ready, then says
    what for it waits.
    """

    spec: JobSpec
    scene_uid: int
    object_uid: int
    folder: Path
    versions: int
    errand: OneShotProcess | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    waits: Message = NOTHING

    def scene(self) -> bpy.types.Scene | None:
        """The scene it is for, if that is still there."""
        return next((scene for scene in bpy.data.scenes if scene.session_uid == self.scene_uid), None)

    def target(self) -> bpy.types.Object | None:
        """The block-out, renamed or not, if it is still there."""
        scene = self.scene()
        return next((obj for obj in scene.objects if obj.session_uid == self.object_uid), None) if scene else None


@dataclass
class PreviewOrders(Part):
    """By the block-outs' ``session_uid``: what is awaited, and what went wrong the last time."""

    awaited: dict[int, Order] = field(default_factory=dict)
    troubles: dict[int, CsmError] = field(default_factory=dict)

    def stop(self) -> None:
        """Give up on all."""
        while self.awaited:
            _clear(self.awaited.popitem()[1])
        self.troubles.clear()
        main_timer().cancel(_tick)


def preview_orders() -> PreviewOrders:
    """The orders of the current runtime."""
    return part(PreviewOrders)


def order_of(block_out: bpy.types.Object | None) -> Order | None:
    """The preview that is awaited for *block_out*."""
    return preview_orders().awaited.get(block_out.session_uid) if block_out is not None else None


def trouble_of(block_out: bpy.types.Object | None) -> CsmError | None:
    """Why the last preview asked for is not there."""
    return preview_orders().troubles.get(block_out.session_uid) if block_out is not None else None


def begin(session_code: str, objects: Sequence[bpy.types.Object], context: Context, choices: Choices) -> Order:
    """Have the preview of a session fetched for the common box of *objects*, in the axes of the first.

    Sends no refine request. Raises a :class:`CsmError` where it cannot be begun.
    """
    target = objects[0]
    looks = replace(choices, original=Original.KEEP, copies=False, materials=Materials.OWN, asset=NO_ASSET)
    spec = plan_for_objects(session_code, objects, context.scene, context.evaluated_depsgraph_get(), looks)
    give_up(target)
    _remove_strays()
    folder = work_folder(jobs_home(), uuid.uuid4().hex)
    versions = len(history.versions(target))
    new = Order(spec, context.scene.session_uid, target.session_uid, folder, versions)
    new.errand = OneShotProcess("worker.preview_fetch", lambda answer: _take(new, answer), LONGEST_S)
    try:
        folder.mkdir(parents=True)
        (folder / SPEC_NAME).write_text(json.dumps(spec.as_dict()), encoding="utf-8")
        new.errand.run(str(folder))
    except OSError as problem:
        _clear(new)
        raise DiskProblem("The preview cannot be fetched: {reason}.", reason=problem) from problem
    except CsmError:
        _clear(new)
        raise
    preview_orders().awaited[target.session_uid] = new
    redraw()
    return new


def wait_for(order: Order) -> Message:
    """Stand still until the preview is there, for scripts. What it still waits for, or empty.

    Raises a :class:`CsmError` where it cannot be had.
    """
    assert order.errand is not None
    order.errand.wait()
    orders = preview_orders()
    if order.object_uid in orders.awaited:
        _show_if_it_is_time(order)
    if trouble := orders.troubles.get(order.object_uid):
        raise trouble
    return order.waits


def give_up(block_out: bpy.types.Object) -> bool:
    """Do not wait for a preview of *block_out* any more, and forget what went wrong. Whether one was awaited."""
    orders = preview_orders()
    orders.troubles.pop(block_out.session_uid, None)
    order = orders.awaited.pop(block_out.session_uid, None)
    if order is None:
        return False
    _clear(order)
    redraw()
    return True


def remove(block_out: bpy.types.Object, scene: bpy.types.Scene) -> bool:
    """Take the preview of *block_out* away, in one undo step, or give up one that is awaited. Whether there was any."""
    if give_up(block_out):
        return True
    if not preview_objects.remove_of([block_out]):
        return False
    push_undo_step(labels.say("Remove Preview {name}", name=block_out.name), scene)
    redraw()
    return True


def wake() -> None:
    """See to it that the timer calls, if there is anything to look for."""
    if not bpy.app.background:
        main_timer().call(_tick)


def file_opened() -> None:
    """Another file is open now: nothing is awaited for it."""
    preview_orders().stop()
    wake()


def _clear(order: Order) -> None:
    """End its child and delete its files."""
    if order.errand is not None:
        order.errand.stop()
    shutil.rmtree(order.folder, ignore_errors=True)


def _take(order: Order, answer: dict[str, Any]) -> None:
    """The child has answered."""
    order.answer = answer
    if answer.get("good") is True:
        order.waits = Message("Ready")
    else:
        _end(order, PreviewUnavailable(answer.get("message") or _NO_ANSWER, answer.get("hint", "")))
    wake()
    redraw()


def _end(order: Order, trouble: CsmError | None = None) -> None:
    preview_orders().awaited.pop(order.object_uid, None)
    order.waits = NOTHING
    if trouble is not None:
        preview_orders().troubles[order.object_uid] = trouble
    _clear(order)
    redraw()


def _tick() -> float | None:
    try:
        return _step()
    except Exception:  # noqa: BLE001 - a timer that raises is dropped by Blender
        _log.exception("A look at the previews broke")
        return STRAY_LOOK_S


def _step() -> float | None:
    awaited = preview_orders().awaited
    for order in [order for order in awaited.values() if order.waits]:
        _show_if_it_is_time(order)
    _remove_strays()
    if any(order.waits for order in awaited.values()):
        return READY_LOOK_S
    return STRAY_LOOK_S if any(preview_objects.collected()) else None


def _show_if_it_is_time(order: Order) -> None:
    scene, target = order.scene(), order.target()
    if scene is None or target is None:
        _end(order, PreviewUnavailable("The block-out was deleted in the meantime.", ""))
        return
    if len(history.versions(target)) > order.versions:  # a refined mesh was faster
        _end(order)
        return
    if reason := safe_moment.reason_not_to_touch(scene):
        if reason != order.waits:
            order.waits = reason
            redraw()
        return
    try:
        report = ConversionReport.from_dict(order.answer["report"])
        with in_scene(scene):
            preview_objects.show(order.spec, report, _remark(order), scene, target)
    except CsmError as error:
        _end(order, error)
        return
    except Exception as problem:  # noqa: BLE001 - whatever Blender says: it must not be tried again five times a second
        _log.exception("A preview could not be shown")
        _end(order, PreviewUnavailable("The preview could not be shown: {error}", "", error=problem))
        return
    _end(order)
    push_undo_step(labels.say("Preview {name}", name=target.name), scene)
    wake()


def _remark(order: Order) -> Remark:
    if order.answer.get("stale"):
        return Remark.EARLIER
    return Remark.REFINED if order.answer.get("kind") == Kind.REFINED else Remark.NONE


def _remove_strays() -> None:
    for preview in preview_objects.orphans():
        scenes = preview.users_scene
        if not scenes or not safe_moment.reason_not_to_touch(scenes[0]):
            preview_objects.remove([preview])
