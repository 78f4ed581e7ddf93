# SPDX-License-Identifier: GPL-3.0-or-later
"""Load previews: a child process fetches and converts each, the timer shows it when the moment is right.

The timer also removes previews whose block-outs were deleted, and ends when there is nothing left to do.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ...core.conversion import ConversionReport, Fitted
from ...core.errors import CsmError, DiskProblem
from ...core.file_system import share_file
from ...core.files.preview_cache import Kind, work_folder
from ...core.files.source_text import check_file
from ...core.jobs.job import Job
from ...core.messages import NOTHING, Message
from ...core.models import NO_ASSET, Choices, JobSpec, Materials, Original
from ...core.processes.converter_pool import MESH_NAME
from ...core.settings import NO_SERVICE, Settings
from ...core.sources import Engine, Facing, Source, SourceKind
from ...worker.preview_fetch import SPEC_NAME
from ..addon.environment import jobs_home
from ..addon.translation import labels
from ..background.one_shot import OneShotProcess
from ..blender.bpy_typing import Context
from ..blender.change_counter import changes
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw
from ..blender.runtime import Part
from ..blender.undo import in_scene, push_undo_step
from ..placement import preview_objects
from ..placement.preview_objects import Remark
from ..versions import history
from . import safe_moment
from .object_source import check_object, write_object
from .planning import plan_for_objects, with_shape
from .state import Binding

READY_CHECK_S = 0.2
SHOWN_CHECK_S = 0.5
"""How often the previews that are shown are checked: whether their block-outs were deleted or edited."""
_log = logging.getLogger(__name__)


class PreviewUnavailable(CsmError, code="preview"):
    """The preview cannot be shown; the message says why."""


@dataclass(eq=False)
class Order(OneShotProcess):
    """A preview that was asked for, and the child process that fetches it."""

    module = "worker.preview_fetch"
    deadline_s = 1800.0
    spec: JobSpec
    binding: Binding
    folder: Path
    versions: int
    """The number of versions of the block-out when it was asked for."""
    over: Fitted | None = None
    """How the result fits that the mesh is to be shown over, as it was delivered; ``None`` for a preview."""
    answer: dict[str, Any] = field(default_factory=dict)
    waits: Message = NOTHING
    """What it waits for; empty until it is fetched."""

    def settings(self) -> Settings:
        """A file and an object are shown without a key and a network."""
        return super().settings() if self.spec.needs_service and self.over is None else NO_SERVICE

    def clear(self) -> None:
        """End the child process and delete its files."""
        self.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self, trouble: CsmError | None = None) -> None:
        """It is shown, not needed any more, or cannot be shown because of *trouble*."""
        orders = preview_orders()
        orders.awaited.pop(self.binding.object_uid, None)
        self.waits = NOTHING
        if trouble is not None:
            orders.troubles[self.binding.object_uid] = trouble
        self.clear()
        redraw()

    def answered(self, answer: dict[str, Any]) -> None:
        """The preview was fetched, or not."""
        self.answer, self.waits = answer, Message("Ready")
        if answer.get("good") is not True:
            no_answer = "The preview could not be fetched: the background process gave no answer."
            self.end(PreviewUnavailable(answer.get("message") or no_answer, answer.get("hint", "")))
        wake()
        redraw()


@dataclass
class PreviewOrders(Part):
    """By the block-outs' ``session_uid``: the previews that are awaited, and why the last one cannot be shown."""

    awaited: dict[int, Order] = field(default_factory=dict)
    troubles: dict[int, CsmError] = field(default_factory=dict)
    followed: int = -1
    """How much had changed in the file when the previews were last fitted to their block-outs' boxes."""

    def stop(self) -> None:
        """Cancel all."""
        while self.awaited:
            self.awaited.popitem()[1].clear()
        self.troubles.clear()


preview_orders = PreviewOrders.current
"""The orders of the current runtime."""


def order_of(block_out: bpy.types.Object | None) -> Order | None:
    """The preview that is awaited for *block_out*."""
    return preview_orders().awaited.get(block_out.session_uid) if block_out is not None else None


def trouble_of(block_out: bpy.types.Object | None) -> CsmError | None:
    """Why the last preview asked for cannot be shown."""
    return preview_orders().troubles.get(block_out.session_uid) if block_out is not None else None


def begin(source: Source | str, objects: Sequence[bpy.types.Object], context: Context, choices: Choices) -> Order:
    """Start to fetch a preview in the common box of *objects*, in the axes of the first. Raises a :class:`CsmError`.

    *source* is a :class:`Source` or the code of a session. A file or an object is shown as it is, facing as chosen.
    """
    target, source = objects[0], Source.of(source)
    if source.kind is SourceKind.FILE:
        check_file(Path(source.name))
    engine = choices.engine if choices.engine is Engine.SERVICE and source.kind is SourceKind.SESSION else Engine.NONE
    shown_as = replace(
        choices, original=Original.KEEP, copies=False, materials=Materials.OWN, asset=NO_ASSET, engine=engine
    )
    depsgraph = context.evaluated_depsgraph_get()
    spec = with_shape(plan_for_objects(source, objects, context.scene, depsgraph, shown_as), objects, depsgraph)

    def write(folder: Path) -> None:
        if source.kind is SourceKind.OBJECT:
            shown = check_object(context.scene, source.name, objects)
            write_object(shown, depsgraph, spec.scale_length, folder)

    return _ordered(spec, context.scene, target, write)


def begin_delivered(job: Job, mesh: Path, scene: bpy.types.Scene, result: bpy.types.Object) -> Order:
    """Start to load the file *mesh*, which was delivered for *job*, to show it over the *result* of that.

    *job* is as it stands now. Raises a :class:`CsmError`.
    """
    assert job.result is not None
    fitted, choices = job.result.conversion.fitted, job.spec.choices
    shown_as = replace(
        choices,
        original=Original.KEEP,
        copies=False,
        materials=Materials.OWN,
        asset=NO_ASSET,
        engine=Engine.NONE,
        facing=Facing(str(fitted.facing)),
    )
    spec = replace(job.spec, choices=shown_as, shape="", export_path="")

    def share(folder: Path) -> None:
        share_file(mesh, folder / MESH_NAME)  # the child may read it, and the job may be removed meanwhile

    return _ordered(spec, scene, result, share, over=fitted)


def _ordered(
    spec: JobSpec,
    scene: bpy.types.Scene,
    target: bpy.types.Object,
    write: Callable[[Path], None],
    *,
    over: Fitted | None = None,
) -> Order:
    """Start the child process; *write* puts the mesh into its folder, if that is not for the child to do."""
    cancel(target)
    _remove_orphans()
    binding = Binding(scene.session_uid, target.session_uid)
    order = Order(spec, binding, work_folder(jobs_home(), uuid.uuid4().hex), len(history.versions(target)), over)
    try:
        order.folder.mkdir(parents=True)
        write(order.folder)
        (order.folder / SPEC_NAME).write_text(json.dumps(spec.as_dict()), encoding="utf-8")
        order.run(str(order.folder))
    except (CsmError, OSError) as error:
        order.clear()
        if isinstance(error, OSError):
            raise DiskProblem("The preview cannot be fetched: {reason}.", reason=error) from error
        raise
    preview_orders().awaited[target.session_uid] = order
    redraw()
    return order


def wait_for(order: Order) -> Message:
    """Block until the preview is fetched: what it still waits for, empty if it is shown. Raises a :class:`CsmError`."""
    order.wait()
    orders = preview_orders()
    if order.binding.object_uid in orders.awaited:
        _show_if_safe(order)
    if trouble := orders.troubles.get(order.binding.object_uid):
        raise trouble
    return order.waits


def cancel(block_out: bpy.types.Object) -> bool:
    """Do not wait for a preview of *block_out* any more, and forget earlier trouble. Whether one was awaited."""
    preview_orders().troubles.pop(block_out.session_uid, None)
    order = order_of(block_out)
    if order is not None:
        order.end()
    return order is not None


def remove(block_out: bpy.types.Object, scene: bpy.types.Scene) -> bool:
    """Cancel a preview of *block_out*, or remove it in one undo step. Whether there was any."""
    if cancel(block_out):
        return True
    if not preview_objects.remove_of([block_out]):
        return False
    push_undo_step(labels.say("Remove Preview {name}", name=block_out.name), scene)
    redraw()
    return True


def wake() -> None:
    """Have the timer check the previews, at least once."""
    preview_orders().followed = -1
    if not bpy.app.background:
        main_timer().call(_step)


def file_opened() -> None:
    """Another file is open now: nothing is awaited for it."""
    preview_orders().stop()
    wake()


def _step() -> float | None:
    awaited = preview_orders().awaited
    for order in [order for order in awaited.values() if order.waits]:
        _show_if_safe(order)
    _remove_orphans()
    follow_edits()
    if any(order.waits for order in awaited.values()):
        return READY_CHECK_S
    return SHOWN_CHECK_S if any(preview_objects.collected()) else None


def follow_edits() -> None:
    """Fit the previews that are shown to the boxes that their block-outs have now.

    That is no undo step of its own: it follows from the block-out, and after an undo it is done again.
    """
    orders, counter = preview_orders(), changes()
    count = counter.shapes + counter.moves
    if counter.are_counted and count == orders.followed and not preview_objects.drawn_boxes():
        return
    waits = preview_objects.follow_block_outs(safe_moment.reason_not_to_touch)
    orders.followed = -1 if waits else count


def _show_if_safe(order: Order) -> None:
    scene, target = order.binding.scene(), order.binding.target()
    if scene is None or target is None:
        order.end(PreviewUnavailable("The block-out was deleted in the meantime.", ""))
        return
    if len(history.versions(target)) > order.versions:  # a refined mesh was placed meanwhile
        order.end()
        return
    if reason := safe_moment.reason_not_to_touch(scene):
        if reason != order.waits:
            order.waits = reason
            redraw()
        return
    answer = order.answer
    remark = Remark.REFINED if answer.get("kind") == Kind.REFINED else Remark.NONE
    remark = Remark.EARLIER if answer.get("stale") else remark
    try:
        report = ConversionReport.from_dict(answer["report"])
        with in_scene(scene):
            preview_objects.show(order.spec, report, order.over or remark, scene, target)
    except Exception as error:  # noqa: BLE001 - any error of Blender: it must not be tried again five times a second
        if not isinstance(error, CsmError):
            _log.exception("A preview could not be shown")
            error = PreviewUnavailable("The preview could not be shown: {error}", "", error=error)
        order.end(error)
        return
    order.end()
    push_undo_step(labels.say("Preview {name}", name=target.name), scene)
    wake()


def _remove_orphans() -> None:
    for preview in preview_objects.orphans():
        scenes = preview.users_scene
        if not scenes or not safe_moment.reason_not_to_touch(scenes[0]):
            preview_objects.remove([preview])
