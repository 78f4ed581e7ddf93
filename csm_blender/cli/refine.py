# SPDX-License-Identifier: GPL-3.0-or-later
"""``refine`` and ``resume``: the whole job without a window, in this process, blocking."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import bpy

from ..core.errors import CsmError
from ..core.jobs import cleanup
from ..core.jobs.job import Job
from ..core.jobs.states import ACTIVE, JobState
from ..core.jobs.store import Store
from ..core.models import JobSpec
from ..core.settings import Settings
from ..scene.addon.environment import jobs_home
from ..scene.background.headless import run_pipeline
from ..scene.blender.evaluation import depsgraph_of
from ..scene.jobs.object_source import add_job
from .console import Interrupted, Progress, say, say_error
from .placing import Placing
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
    placing = Placing(store, ids)
    numbers = {job_id: number for number, job_id in enumerate(ids, start=1)}
    print_progress = Progress(lambda job: f"{numbers[job.job_id]}/{len(ids)}")

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


def _file_to_resume(store: Store, job: Job) -> str | None:
    """The file an interrupted call works on: its output once that holds results, its input before."""
    placed = store.jobs([JobState.PLACED], run_id=job.spec.run_id)
    if placed and job.spec.output and Path(job.spec.output).exists():
        return job.spec.output
    return job.spec.blend_file or None
