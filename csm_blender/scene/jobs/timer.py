# SPDX-License-Identifier: GPL-3.0-or-later
"""The pump: what the timer calls for jobs, while there is something to watch.

Each tick asks the store whether anything changed, paints what did, sees to it that a worker runs, and places what is
ready when the moment is right. It never raises, and costs little when nothing happens (see ``benchmarks``).
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

import bpy

from ...core.errors import CsmError
from ...core.jobs import actions
from ...core.jobs.job import Job
from ...core.jobs.store import Store, is_attended
from ...core.messages import NOTHING, Message
from ...core.models import FINISHED, JobState
from ...core.settings import Settings
from ..addon.preferences import preferences, settings_now
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw, redraw_boxes
from ..placement import preload
from . import finish, record_sync, restore, safe_moment
from .state import file_state

TICK_S = 0.2
BLOCKED_S = 1.0
SLOW_S = 1.0
CHANGES_AT_A_TIME = 8
ROUND_S = 0.02
"""Placing goes on within one tick for so long; what is left waits for the next, so that no gap holds all of it."""
BOX_STEPS = 20
"""A box that fills is drawn in so many steps: each draws the whole scene."""
_log = logging.getLogger(__name__)


def wake() -> None:
    """See to it that the pump runs, if there is something to watch."""
    if not bpy.app.background:
        main_timer().call(_tick)


def sleep() -> None:
    """Stop the pump."""
    main_timer().cancel(_tick)
    preload.discard()


def is_awake() -> bool:
    """Whether the pump runs."""
    return main_timer().waits(_tick)


def watched(job: Job) -> bool:
    """Whether anything can happen to the job by itself."""
    return job.needs_worker or (job.state is JobState.READY and will_be_placed(job))


def will_be_placed(job: Job) -> bool:
    """Whether the result goes into the scene without another click."""
    return bool(preferences().place_automatically) or job.job_id in file_state().place_requested


def file_opened() -> None:
    """Take in the jobs of the file that is open now, and go on with them."""
    try:
        restore.take_in_file()
    except CsmError as error:
        _in_trouble(error)
    file_state().is_stale = False
    wake()
    redraw()


def undone() -> None:
    """Undo or redo has rolled the records; paint them again."""
    record_sync.repaint_all()
    wake()
    redraw()


def _tick() -> float | None:
    try:
        return step()
    except Exception:  # noqa: BLE001 - a timer that raises is dropped by Blender, and with it every job
        _log.exception("A tick of the pump broke")
        return BLOCKED_S


def step() -> float | None:
    """One tick: seconds until the next, ``None`` when there is nothing left to watch."""
    state = file_state()
    if state.is_stale:
        file_opened()
    try:
        changed = _step()
        state.trouble = None
    except CsmError as error:
        changed = _in_trouble(error)
    if changed:
        redraw()
    if state.trouble is None and not any(watched(job) for job in state.jobs.values()):
        return None
    return BLOCKED_S if state.trouble else TICK_S


def _in_trouble(error: CsmError) -> bool:
    """The store cannot be used: it is opened anew at the next tick, and may be another one then."""
    state = file_state()
    changed = str(error) != str(state.trouble or "")
    state.trouble = error
    state.close_store()
    return changed


def _step() -> bool:
    state = file_state()
    if not state.jobs:
        return record_sync.drop_strays()
    if state.store is None:
        restore.take_in_file()
    store = state.open_store()
    changed = take_changes(store)
    waiting: dict[str, Message] = {}
    _see_to_worker(store, waiting)
    changed |= _place_ready(waiting)
    kept = {job_id: text for job_id, text in state.wait_reasons.items() if job_id in state.watched_by_operator}
    if state.wait_reasons != {**kept, **waiting}:
        state.wait_reasons = {**kept, **waiting}
        changed = True
    return _look_slowly() or changed


def _place_ready(waiting: dict[str, Message]) -> bool:
    """Go on with placing what is ready. Whether anything came of it."""
    state = file_state()
    ready = [job for job in state.jobs.values() if job.state is JobState.READY]
    preload.discard(all_but=frozenset(job.job_id for job in ready))
    until = time.perf_counter() + ROUND_S
    changed = False
    for job in ready:
        if job.job_id not in state.watched_by_operator and will_be_placed(job):
            changed |= _place_in_steps(job, waiting, until)
    return changed


def take_changes(store: Store) -> bool:
    """Read what changed in the store and paint it. Whether anything did."""
    state, version = file_state(), store.data_version()
    if version == state.data_version:
        return False
    jobs = store.changed_since(state.revision, CHANGES_AT_A_TIME)
    if len(jobs) < CHANGES_AT_A_TIME:
        state.data_version = version
    changed = False
    for job in jobs:
        state.revision = job.revision
        if job.job_id in state.bindings and job.job_id not in state.removed:
            changed |= _know(job)
    return changed


def note(job: Job) -> None:
    """A change this process made itself, which the store does not tell it about."""
    file_state().wait_reasons.pop(job.job_id, None)
    _know(job)
    wake()
    redraw()
    redraw_boxes()


def _know(job: Job) -> bool:
    state = file_state()
    earlier = state.jobs.get(job.job_id)
    state.jobs[job.job_id] = job
    if earlier is None or _box(earlier) != _box(job):
        redraw_boxes()
    state.elapsed_texts[job.job_id] = elapsed_text(job)
    return record_sync.paint(job)


def _box(job: Job) -> tuple[bool, int]:
    """What the viewport shows of the job, coarsely."""
    return job.state in FINISHED, int(job.progress * BOX_STEPS)


def place_now(job_id: str, waiting: dict[str, Message]) -> bool:
    """Place a READY job if this is the moment; otherwise *waiting* says what for. Whether it was tried."""
    if reason := safe_moment.reason_to_wait(job_id):
        waiting[job_id] = reason
        return False
    state = file_state()
    done = finish.finish(state.open_store(), state.jobs[job_id])
    if done is None:
        return False
    state.place_requested.discard(job_id)
    _know(done)
    if done.state is JobState.PLACED:
        finish.push_undo(done)
    return True


def _place_in_steps(job: Job, waiting: dict[str, Message], until: float) -> bool:
    """:func:`place_now`, as far as it gets *until* then, and one step at least if that has not passed."""
    if reason := safe_moment.reason_to_wait(job.job_id):
        waiting[job.job_id] = reason
        return False
    while time.perf_counter() < until:
        if preload.is_done(job.job_id):
            return place_now(job.job_id, waiting)
        preload.advance(job)
    return False


def place_attended(job_id: str, waiting: dict[str, Message]) -> None:
    """Go on with placing a READY job for a modal operator, which attends to it; shows what it waits for."""
    state = file_state()
    tried = _place_in_steps(state.jobs[job_id], waiting, time.perf_counter() + ROUND_S)
    if tried or state.wait_reasons.get(job_id, "") != waiting.get(job_id, ""):
        state.wait_reasons.pop(job_id, None)
        state.wait_reasons.update(waiting)
        redraw()


def _see_to_worker(store: Store, waiting: dict[str, Message]) -> None:
    """Have a worker if a job needs one; where none may run, say why, and carry out cancels that nobody else will."""
    state = file_state()
    needing = [job for job in state.jobs.values() if job.needs_worker]
    if not needing:
        state.worker.look(store)
        return
    try:
        settings: Settings | None = settings_now()
        reason = NOTHING
    except CsmError as error:
        state.worker.stop(in_mid_request=any(job.state is JobState.SUBMITTING for job in needing))
        settings, reason = None, Message("Waiting: {error}", error=error)
    if settings is not None and any(job.base_url == settings.base_url for job in needing):
        try:
            state.worker.ensure(store, settings)
        except CsmError as error:
            reason = error.message
    for job in needing:
        text = reason
        if settings is not None and job.base_url != settings.base_url:
            text = Message(
                "Waiting: it belongs to {base_url}, which is not the current base URL", base_url=job.base_url
            )
        if not text:
            continue
        waiting[job.job_id] = text
        if job.cancel_pending and not is_attended(job):
            note(actions.cancel(store, job))


def _look_slowly() -> bool:
    """What is worth a look once a second: names, and the time a job takes."""
    state, now = file_state(), time.monotonic()
    if now - state.looked_slowly_s < SLOW_S:
        return False
    state.looked_slowly_s = now
    elapsed = {job.job_id: elapsed_text(job) for job in state.jobs.values()}
    changed = elapsed != state.elapsed_texts
    state.elapsed_texts = elapsed
    changed |= record_sync.drop_strays()
    return record_sync.follow_names() or changed


def elapsed_text(job: Job) -> Message:
    """How long the job has taken, roughly: the text changes, and is drawn, seldom."""
    begun = _time(job.created_at)
    ended = _time(job.finished_at) if job.state in FINISHED else datetime.now(UTC)
    if begun is None or ended is None:
        return NOTHING
    seconds = max(0, int((ended - begun).total_seconds()))
    if seconds < 60:  # noqa: PLR2004 - a minute
        exact = job.state in FINISHED or seconds < 10  # noqa: PLR2004 - ten seconds
        return Message("{seconds} s", seconds=seconds if exact else seconds // 5 * 5)
    hours, minutes = divmod(seconds // 60, 60)
    return (
        Message("{hours} h {minutes} min", hours=hours, minutes=minutes)
        if hours
        else Message("{minutes} min", minutes=minutes)
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
