# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer calls for the jobs of the open file while any of them can change by itself.

Each :func:`step` reads what changed in the store, updates the records the panel shows, keeps a worker running, and
places ready results when the moment is right. It costs little when nothing happens (see ``benchmarks``).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import bpy

from ...core.errors import CsmError
from ...core.jobs import actions
from ...core.jobs.job import Job
from ...core.jobs.states import FINISHED, JobState
from ...core.jobs.store import Store, is_leased
from ...core.messages import NOTHING, Message
from ...core.settings import NO_SERVICE, Settings
from ..addon.preferences import preferences, settings_now
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw, redraw_boxes
from ..placement import preload
from . import finish, record_sync, restore, safe_moment
from .state import file_state

STEP_S = 0.2
TROUBLE_S = 1.0
SLOW_S = 1.0
CHANGES_PER_STEP = 8
PLACING_S = 0.02
"""How long one step may go on placing, so that results that arrive together do not block Blender in one go."""
BOX_STEPS = 20
"""The progress in a box is drawn in so many steps: each draws the whole scene."""


def wake() -> None:
    """Have :func:`step` called, at least once."""
    if not bpy.app.background:
        main_timer().call(step)


def watched(job: Job) -> bool:
    """Whether anything can happen to the job by itself."""
    return job.needs_worker or (job.state is JobState.READY and _will_be_placed(job))


def _will_be_placed(job: Job) -> bool:
    """Whether the result is placed without another click."""
    return preferences().place_automatically or job.job_id in file_state().place_requested


def file_opened() -> None:
    """Read the jobs of the file that is open now, and continue them."""
    try:
        restore.read_file()
    except CsmError as error:
        _note_trouble(error)
    file_state().is_stale = False
    wake()
    redraw()


def undone() -> None:
    """Update the records again, which undo or redo has changed."""
    record_sync.update_all_records()
    wake()
    redraw()


def step() -> float | None:
    """One update: seconds until the next, ``None`` when no job can change by itself any more."""
    state = file_state()
    if state.is_stale:
        file_opened()
    try:
        changed = _update()
        state.trouble = None
    except CsmError as error:
        changed = _note_trouble(error)
    if changed:
        redraw()
    if state.trouble is not None:
        return TROUBLE_S
    return STEP_S if any(map(watched, state.jobs.values())) else None


def _note_trouble(error: CsmError) -> bool:
    """The store cannot be used: the next step opens it again. Whether the error is a new one."""
    state = file_state()
    changed = str(error) != str(state.trouble or "")
    state.trouble = error
    state.close_store()
    return changed


def _update() -> bool:
    state = file_state()
    if not state.jobs:
        return record_sync.remove_orphans()
    if state.store is None:
        restore.read_file()
    store = state.open_store()
    changed = _read_changes(store)
    earlier = state.wait_reasons
    state.wait_reasons = {job_id: text for job_id, text in earlier.items() if job_id in state.watched_by_operator}
    _run_worker(store)
    changed |= _place_ready()
    changed |= state.wait_reasons != earlier
    return _update_slowly() or changed


def _read_changes(store: Store) -> bool:
    """Read what changed in the store. Whether anything did."""
    state, version = file_state(), store.data_version()
    if version == state.data_version:
        return False
    jobs = store.changed_since(state.revision, CHANGES_PER_STEP)
    if len(jobs) < CHANGES_PER_STEP:
        state.data_version = version
    changed = False
    for job in jobs:
        state.revision = job.revision
        if job.job_id in state.bindings and job.job_id not in state.removed:
            changed |= _show(job)
    return changed


def note(job: Job) -> None:
    """Show a change this process made itself."""
    file_state().wait_reasons.pop(job.job_id, None)
    _show(job)
    wake()
    redraw()
    redraw_boxes()


def _show(job: Job) -> bool:
    """Keep *job* as it is now and update its record and box. Whether the record changed."""
    state = file_state()
    earlier = state.jobs.get(job.job_id)
    state.jobs[job.job_id] = job
    if earlier is None or _box(earlier) != _box(job):
        redraw_boxes()
    state.elapsed_texts[job.job_id] = elapsed_text(job)
    return record_sync.update_record(job)


def _box(job: Job) -> tuple[bool, int]:
    """What the viewport shows of the job, coarsely."""
    return job.state in FINISHED, int(job.progress * BOX_STEPS)


def _place_ready() -> bool:
    """Place what is ready, for ``PLACING_S`` seconds. Whether it was tried."""
    state = file_state()
    ready = [job for job in state.jobs.values() if job.state is JobState.READY]
    preload.discard(all_but=frozenset(job.job_id for job in ready))
    until_s = time.perf_counter() + PLACING_S
    tried = False
    for job in ready:
        if job.job_id not in state.watched_by_operator and _will_be_placed(job):
            tried |= place_now(job.job_id, until_s)
            if tried and time.perf_counter() >= until_s:
                break  # of hundreds that are ready, the rest need not even be looked at
    return tried


def place_now(job_id: str, until_s: float | None = None) -> bool:
    """Place a READY job if this is the moment, else note in ``wait_reasons`` what it waits for. Whether it was tried.

    With *until_s* (``time.perf_counter``) its mesh is preloaded step by step, and placed only if there is time left.
    """
    state = file_state()
    if reason := safe_moment.reason_to_wait(job_id):
        state.wait_reasons[job_id] = reason
        return False
    while until_s is not None:
        if time.perf_counter() >= until_s:
            return False
        if preload.is_done(job_id):
            break
        preload.advance(state.jobs[job_id])
    done = finish.finish(state.open_store(), state.jobs[job_id])
    if done is None:
        return False
    state.place_requested.discard(job_id)
    _show(done)
    if done.state is JobState.PLACED:
        finish.push_undo(done)
    return True


def place_for_operator(job_id: str) -> None:
    """Continue to place a READY job that a modal operator watches."""
    reasons = file_state().wait_reasons
    earlier = reasons.pop(job_id, NOTHING)
    if place_now(job_id, time.perf_counter() + PLACING_S) or reasons.get(job_id, NOTHING) != earlier:
        redraw()


def _run_worker(store: Store) -> None:
    """Keep a worker running if a job needs one; else note why not, and carry out cancels that no worker will."""
    state = file_state()
    needing = [job for job in state.jobs.values() if job.needs_worker]
    if not needing:
        state.worker.check(store)
        return
    settings, obstacle, trouble = NO_SERVICE, NOTHING, NOTHING
    try:
        settings = settings_now()
    except CsmError as error:  # jobs that need no service go on
        obstacle = Message("Waiting: {error}", error=error)
    try:
        if any(job.base_url in ("", settings.base_url) for job in needing):
            state.worker.ensure(store, settings)
        elif obstacle:
            state.worker.stop(in_mid_request=any(job.state is JobState.SUBMITTING for job in needing))
    except CsmError as error:
        trouble = error.message
    for job in needing:
        text = _reason_without_worker(job, settings, obstacle) or trouble
        if text and job.cancel_pending and not is_leased(job):
            note(actions.cancel(store, job))
        elif text:
            state.wait_reasons[job.job_id] = text


def _reason_without_worker(job: Job, settings: Settings, obstacle: Message) -> Message:
    """Why a worker with *settings* does not take up *job*; empty where it does. *obstacle* bars the service to all."""
    if not job.base_url or job.base_url == settings.base_url:
        return NOTHING
    return obstacle or Message(
        "Waiting: it belongs to {base_url}, which is not the current base URL", base_url=job.base_url
    )


def _update_slowly() -> bool:
    """Once a second: the time each job takes, names, orphaned records. Whether anything changed."""
    state, now = file_state(), time.monotonic()
    if now - state.updated_slowly_s < SLOW_S:
        return False
    state.updated_slowly_s = now
    elapsed = {job.job_id: elapsed_text(job) for job in state.jobs.values()}
    changed = elapsed != state.elapsed_texts
    state.elapsed_texts = elapsed
    changed |= record_sync.remove_orphans()
    return record_sync.update_names() or changed


def elapsed_text(job: Job) -> Message:
    """How long the job has taken, rounded, so that the text changes and is drawn seldom."""
    is_finished = job.state in FINISHED
    try:
        begun = datetime.fromisoformat(job.created_at)
        ended = datetime.fromisoformat(job.finished_at) if is_finished else datetime.now(UTC)
    except ValueError:
        return NOTHING
    seconds = max(0, int((ended - begun).total_seconds()))
    if seconds < 60:  # noqa: PLR2004 - a minute
        exact = is_finished or seconds < 10  # noqa: PLR2004 - ten seconds
        return Message("{seconds} s", seconds=seconds if exact else seconds // 5 * 5)
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return Message("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return Message("{minutes} min", minutes=minutes)
