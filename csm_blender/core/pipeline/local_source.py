# SPDX-License-Identifier: GPL-3.0-or-later
"""The first step of a job that asks nothing of the service: its mesh is brought into the job's folder.

Nothing here can be paid for: such a job never comes to the state in which a refine is requested.
"""

from __future__ import annotations

from pathlib import Path

from ..api.download import sum_of_file
from ..errors import BadSource, SourceChanged
from ..files.companions import copy_source
from ..files.source_text import LOOK_AGAIN_S, fresh_state
from ..jobs.job import Job
from ..jobs.states import JobState
from ..messages import ROUTINE, Message
from ..processes.converter_pool import MESH_NAME
from ..sources import SourceKind
from .context import StepContext
from .retrieve import RetrieveSteps

_WAITING = Message("Waiting for the converter")


class LocalSteps:
    """The steps, over the tools of one pipeline. See :mod:`.retrieve` for what a step is."""

    def __init__(self, context: StepContext, retrieve: RetrieveSteps) -> None:
        self._context = context
        self._retrieve = retrieve

    def begin(self, job: Job) -> float:
        """QUEUED: copy the file, find the object's copy, or go on to fetch the session's mesh."""
        mesh = self._context.folder(job) / MESH_NAME
        match job.spec.source.kind:
            case SourceKind.SESSION:
                note = Message("Fetching the mesh that the session has: nothing is requested, no credits are spent")
                self._context.update(job, state=JobState.DOWNLOADING, message=note)
            case SourceKind.FILE:
                return self._copy_if_settled(job, mesh)
            case SourceKind.OBJECT:
                self._go_on(job, sum_of_copy(job, mesh))
        return 0.0

    def _copy_if_settled(self, job: Job, mesh: Path) -> float:
        """Copy a file that was not changed just now, or is the same a moment later."""
        path, memory = Path(job.spec.source.name), self._context.memory(job)
        earlier, memory.source_seen = memory.source_seen, fresh_state(path)
        if memory.source_seen is not None and memory.source_seen != earlier:
            if earlier is not None:
                raise SourceChanged("The file {path} is being written.", path=path)
            return LOOK_AGAIN_S
        self._copy(job, mesh)
        return 0.0

    def _copy(self, job: Job, mesh: Path) -> None:
        progress = self._retrieve.progress_of(
            job, lambda share: Message("Copying the file ({share})", code=ROUTINE, share=share)
        )
        self._go_on(job, copy_source(Path(job.spec.source.name), mesh, progress).sha256)

    def _go_on(self, job: Job, sha256: str) -> None:
        self._context.memory(job).file_known = True
        self._context.advance(job, _WAITING, state=JobState.CONVERTING, glb_sha256=sha256, progress=0.0)


def sum_of_copy(job: Job, mesh: Path) -> str:
    """The SHA-256 of the file that the job's object was written to. Raises :class:`BadSource` where it is gone."""
    try:
        return sum_of_file(mesh)
    except OSError as error:
        raise BadSource(
            "The copy of the object {name} is not there any more.",
            "Start a new job with the object.",
            name=repr(job.spec.source.name),
        ) from error
