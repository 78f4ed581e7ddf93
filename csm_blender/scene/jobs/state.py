# SPDX-License-Identifier: GPL-3.0-or-later
"""What this Blender session knows of the open file's jobs. It ends with the session; the store and the file remain.

Undo removes records and brings them back, Python references become invalid with every undo and file load, and names
change. So a job is bound to a scene and an object by their ``session_uid``, which survives both undo and renaming.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ...core.errors import CsmError
from ...core.jobs.job import Job
from ...core.jobs.states import FINISHED, JobState
from ...core.jobs.store import Store
from ...core.messages import Message
from ..addon.environment import jobs_home
from ..background.worker_process import WorkerProcess
from ..blender.runtime import Part

STORE_TIMEOUT_S = 1.0
"""How long Blender may be blocked while another process writes to the store."""


@dataclass(frozen=True)
class Binding:
    """A scene and a block-out in it. ``object_uid`` is 0 without a block-out."""

    scene_uid: int
    object_uid: int = 0

    def scene(self) -> bpy.types.Scene | None:
        """The scene; ``None`` when it was deleted."""
        return next((scene for scene in bpy.data.scenes if scene.session_uid == self.scene_uid), None)

    def target(self) -> bpy.types.Object | None:
        """The block-out, renamed or not; ``None`` when it or the scene was deleted."""
        scene = self.scene() if self.object_uid else None
        return next((obj for obj in scene.objects if obj.session_uid == self.object_uid), None) if scene else None


@dataclass
class FileState(Part):
    """The open file's jobs, as last read, and what is being done about them."""

    jobs: dict[str, Job] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    """Jobs the user removed: undo may bring their records back, which does not bring the jobs back."""
    watched_by_operator: set[str] = field(default_factory=set)
    """Jobs a running modal operator watches, and places itself."""
    place_requested: set[str] = field(default_factory=set)
    """Jobs the user asked to place; they are placed even where results wait for a click."""
    wait_reasons: dict[str, Message] = field(default_factory=dict)
    """Why nothing happens to a job at the moment, in words."""
    elapsed_texts: dict[str, Message] = field(default_factory=dict)
    """How long each job has taken, in words."""
    trouble: CsmError | None = None
    """Why the store cannot be used."""
    is_stale: bool = True
    """Whether the jobs of the open file have not been read yet."""
    revision: int = 0
    """Of the last change read from the store."""
    data_version: int = -1
    """SQLite's own count of changes, when all of them had been read."""
    updated_slowly_s: float = 0.0
    """When names and times were last updated, on the monotonic clock."""
    store: Store | None = None
    worker: WorkerProcess = field(default_factory=WorkerProcess)

    def open_store(self) -> Store:
        """The store, opened when it is first needed. Raises :class:`StorageError`."""
        if self.store is None:
            self.store = Store(jobs_home(), STORE_TIMEOUT_S)
            self.revision, self.data_version = 0, -1
        return self.store

    def close_store(self) -> None:
        """Close the store; it is opened again when it is needed."""
        store, self.store = self.store, None
        if store is not None:
            store.close()

    def stop(self) -> None:
        """End the worker and close the store. Jobs stay in the store and in the file, and continue another time."""
        self.worker.stop(in_mid_request=any(job.state is JobState.SUBMITTING for job in self.jobs.values()))
        self.close_store()

    def forget_file(self) -> None:
        """Another file is open now."""
        for by_job in (self.jobs, self.bindings, self.wait_reasons, self.elapsed_texts):
            by_job.clear()
        for job_ids in (self.removed, self.watched_by_operator, self.place_requested):
            job_ids.clear()

    def forget_job(self, job_id: str) -> None:
        """The job was removed from the file."""
        for by_job in (self.jobs, self.bindings, self.wait_reasons, self.elapsed_texts):
            by_job.pop(job_id, None)
        for job_ids in (self.watched_by_operator, self.place_requested):
            job_ids.discard(job_id)
        self.removed.add(job_id)

    def unfinished(self) -> list[Job]:
        """The file's jobs that are neither placed nor failed nor cancelled."""
        return [job for job in self.jobs.values() if job.state not in FINISHED]


file_state = FileState.current
"""The state of the current runtime."""
