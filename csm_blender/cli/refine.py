# SPDX-License-Identifier: GPL-3.0-or-later
"""``refine`` and ``resume``: the whole job without a window, in this process, blocking."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import bpy

from ..core.errors import BadOutput, CsmError
from ..core.jobs import cleanup
from ..core.jobs.job import Job
from ..core.jobs.states import ACTIVE, JobState
from ..core.jobs.store import Store
from ..core.messages import ROUTINE, Message
from ..core.models import JobSpec
from ..core.settings import Settings
from ..scene.addon.environment import jobs_home
from ..scene.background.headless import run_pipeline
from ..scene.blender.evaluation import depsgraph_of
from ..scene.jobs.object_source import add_job
from ..scene.placement.assets import add_catalog_beside
from ..scene.placement.place import Placed, place
from .console import Interrupted, Progress, say, say_error
from .planning import open_scene

UNFINISHED = ACTIVE | {JobState.READY, JobState.UNCERTAIN}


def refine(specs: list[JobSpec], settings: Settings, concurrency: int) -> list[Job]:
    """Record the jobs, run them, place the results, save. Gives the jobs as they ended. Raises :class:`Interrupted`.

    Raises :class:`MissingKey` only where one of them asks the service for something.
    """
    if any(spec.needs_service for spec in specs):
        settings.require_key()
    with _opened_store() as store:
        jobs = _added(store, specs, settings.base_url)
        done = _finish(store, jobs, settings, concurrency)
        cleanup.clean(store, needed=[job.job_id for job in jobs])
        return done


def _added(store: Store, specs: list[JobSpec], base_url: str) -> list[Job]:
    """The jobs recorded, all or none: objects are written out, which may show that one has no faces."""
    jobs: list[Job] = []
    try:
        for spec in specs:
            scene = bpy.data.scenes[spec.scene_name]
            jobs.append(add_job(store, spec, base_url, scene, depsgraph_of(scene)))
    except CsmError:
        for job in jobs:
            store.remove(job)
        raise
    return jobs


def resume(settings_for: Callable[[bool], Settings], concurrency: int) -> list[Job]:
    """Finish every earlier call that left unfinished jobs, each in its own file. Gives those jobs as they ended.

    *settings_for* gives the settings for jobs that ask the service for something, or for others. Where it raises for
    the first, the others are finished nevertheless.
    """
    with _opened_store() as store:
        left = [job for job in store.jobs(UNFINISHED) if job.spec.run_id]
        local = [job for job in left if not job.base_url]
        settings, stuck = settings_for(False), []
        if len(local) < len(left) or not left:
            try:
                settings = settings_for(True)
                of_service = [job for job in left if job.base_url == settings.base_url]
                if of_service:
                    settings.require_key()
                left = [job for job in left if job in local or job in of_service]
            except CsmError as error:
                if not local:
                    raise
                say_error(error)
                left, stuck = local, [job for job in left if job.base_url]
        done: list[Job] = []
        for run_id in dict.fromkeys(job.spec.run_id for job in left):
            jobs = [job for job in left if job.spec.run_id == run_id]
            open_scene(_file_to_resume(store, jobs[0]))
            say(f"Resuming {len(jobs)} job(s) of {jobs[0].spec.blend_file or 'an unsaved scene'}")
            done += _finish(store, jobs, settings, concurrency)
        return [*done, *stuck]


def _opened_store() -> closing[Store]:
    store = Store(jobs_home())
    if store.notice:
        say(store.notice)
    return closing(store)


def _finish(store: Store, jobs: list[Job], settings: Settings, concurrency: int) -> list[Job]:
    ids = [job.job_id for job in jobs]
    placing = _Placing(store, ids)
    print_progress = Progress(jobs)

    def on_change(job: Job) -> None:
        print_progress(job)
        if not job.needs_worker:
            placing.place_next()

    try:
        run_pipeline(store, ids, settings, concurrency=concurrency, on_change=on_change)
        placing.place_next()
        placing.save()
    except KeyboardInterrupt as interrupt:
        raise Interrupted(_current(store, ids)) from interrupt
    return _current(store, ids)


def _current(store: Store, ids: list[str]) -> list[Job]:
    return [job for job in map(store.get, ids) if job is not None]


class _Placing:
    """Places READY jobs in the order they were given, each as soon as those before it have ended.

    So it is done while this process waits for converters anyway. The scene is saved once, at the end; only then do the
    jobs become PLACED, so that a kill in between loses nothing.
    """

    def __init__(self, store: Store, ids: list[str]) -> None:
        self._store = store
        self._left = deque(ids)
        self._placed: list[tuple[Job, Placed]] = []

    def place_next(self) -> None:
        """Place the jobs whose turn it is."""
        while self._left:
            job = self._store.get(self._left[0])
            if job is not None and job.needs_worker:
                return
            if job is not None and job.state is JobState.READY:
                self._place(job)
            self._left.popleft()

    def _place(self, job: Job) -> None:
        scene = bpy.data.scenes.get(job.spec.scene_name) or bpy.data.scenes[0]
        target = scene.objects.get(job.spec.object_name) if job.spec.object_name else None
        try:
            self._placed.append((job, place(job, scene, target)))
        except CsmError as error:
            self._store.update(job, state=JobState.FAILED, error=error.as_dict(), message=error.message)

    def save(self) -> None:
        """Save the scene where the jobs want it, and note that they are PLACED."""
        if self._placed and (output := self._placed[0][0].spec.output):
            _save(output)
        for job, done in self._placed:
            assert job.result is not None  # it was placed
            result = replace(job.result, placement=done.report)
            self._store.update(job, state=JobState.PLACED, result=result, message=Message("Placed", code=ROUTINE))


def _save(output: str) -> None:
    try:
        bpy.ops.wm.save_as_mainfile(filepath=output, copy=output != bpy.data.filepath, compress=False)
    except RuntimeError as error:
        raise BadOutput(
            "The scene cannot be saved to {output}: {error}",
            "The refined meshes are kept; resume saves them.",
            output=output,
            error=error,
        ) from error
    if problem := add_catalog_beside(Path(output)):
        say(problem)


def _file_to_resume(store: Store, job: Job) -> str | None:
    """The file an interrupted call works on: its output once that holds results, its input before."""
    placed = store.jobs([JobState.PLACED], run_id=job.spec.run_id)
    if placed and job.spec.output and Path(job.spec.output).exists():
        return job.spec.output
    return job.spec.blend_file or None
