# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user decides about a job of any file: to have it placed in the open one, or to remove it."""

from __future__ import annotations

import bpy

from ...core.errors import JobError
from ...core.jobs import actions
from ...core.jobs.states import FINISHED, JobState
from ...core.messages import Message
from ..jobs import job_updates, record_sync
from ..jobs.commands import place, remove
from ..jobs.state import file_state


def place_here(job_id: str, scene: bpy.types.Scene) -> Message:
    """Take a job of any file into this one, into *scene*, and place its result as soon as it is ready.

    It goes where its block-out stood; a job that this file has already is placed where it belongs. Gives what it waits
    for. Raises :class:`JobError` for a job that was removed.
    """
    state = file_state()
    job = state.open_store().get(job_id)
    if job is None:
        raise JobError("This job is no longer known.", "Remove it from the list.")
    if job_id not in state.bindings:
        record_sync.add_record(job, scene, None)
    if job.state in (JobState.READY, JobState.PLACED):
        return place(job)
    state.place_requested.add(job_id)
    job_updates.note(job)
    if job.state in FINISHED:
        return Message("It is in the list of this scene. Retry continues it.")
    return Message("It is placed here when it is ready.")


def remove_any(job_id: str) -> None:
    """Remove a job of any file, whatever its state, and its files. Raises :class:`JobError` while it is worked on."""
    store = file_state().open_store()
    job = store.get(job_id)
    if job is not None and actions.cancel(store, job).state not in FINISHED:
        raise JobError("A background process is still working on it.", "It is being stopped: remove it in a moment.")
    remove(job_id)
