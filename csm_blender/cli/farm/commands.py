# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommands ``plan``, ``work`` and ``assemble``: from their options to output and exit status."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Callable

from ...core.errors import MissingKey, UsageError
from ...core.farm.job_folders import JobFolders
from ...core.farm.plan import Plan
from ...core.farm.summary import Summary, summarize
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.processes.launch import Interpreters
from ...core.settings import NO_SERVICE, Settings
from ..console import answer, print_line, print_table, say, say_failure, stdout_kept_for_report
from ..environment import Surroundings, base_url_of, check_bpy, settings_for
from ..job_arguments import typed_path
from ..report import TABLE_HEADER, exit_status, failure_status, job_entry, report, show_dry_run, table_row
from .page import PAGE_NAME, write_page
from .work import FarmProgress, asks_service, blender_at, chosen_indices, do_jobs, entry_of, has_ended

_MOST_NAMED = 20
"""Failed jobs that are told about at the end; a plan may hold thousands."""


def plan(options: argparse.Namespace, surroundings: Surroundings) -> int:
    """``plan``."""
    check_bpy()
    with stdout_kept_for_report():
        from ..planning import plan_jobs  # noqa: PLC0415 - needs bpy, which work does without
        from .plan import make_plan  # noqa: PLC0415 - as above

        specs = plan_jobs(options)
        if not options.dry_run:
            needed = any(spec.needs_service for spec in specs)
            made = make_plan(specs, options, base_url_of(options, surroundings) if needed else "")
    if options.dry_run:
        return show_dry_run(specs, as_json=options.json)
    data = {"version": 1, "plan": str(made.folder), "jobs": len(made)}
    return answer(data, ["plan", "jobs"], [[str(made.folder), str(len(made))]], as_json=options.json)


def work(options: argparse.Namespace, surroundings: Surroundings) -> int:
    """``work``."""
    chosen = Plan.read(typed_path(options.plan))
    folders, indices = JobFolders(chosen), chosen_indices(options.index, options.range)
    if options.status:
        return _show(summarize(folders, indices), chosen, as_json=options.json)
    if options.dask and options.send_again:
        hint = "A cluster repeats tasks, and each would pay again. Call work --send-again by itself."
        raise UsageError("--dask and --send-again contradict each other.", hint)
    count = len(chosen.ids(indices))
    progress = FarmProgress(folders, count, openjd=options.openjd)
    failed: list[Job] = []

    def on_change(job: Job) -> None:
        progress(job)
        if has_ended(job):
            if options.json:
                print_line(json.dumps(entry_of(folders, job)))
            if job.state is not JobState.READY:
                failed.append(job)

    try:
        ended = _ended(options, surroundings, folders, indices, on_change)
    except KeyboardInterrupt:
        say("The jobs are kept; go on with: work")
        raise
    if not options.json:
        print_table([[str(state), str(number)] for state, number in ended.items()], ["status", "jobs"])
    _tell(chosen, failed)
    return 0 if ended[JobState.READY] == count else failure_status(failed)


def _tell(chosen: Plan, failed: list[Job]) -> None:
    for job in failed[:_MOST_NAMED]:
        say_failure(job, f"[{chosen.index_of(job.job_id)}] {job.spec.label or job.spec.source.label}")


def _ended(
    options: argparse.Namespace,
    surroundings: Surroundings,
    folders: JobFolders,
    indices: list[int] | None,
    on_change: Callable[[Job], None],
) -> Counter[JobState]:
    """Have the jobs done by a cluster or here, as the options say. Gives how many ended in which state."""
    if options.dask:
        from .dask_work import do_jobs_with_dask, pattern  # noqa: PLC0415 - only who has a cluster needs it

        task = pattern(folders, options.blender, options.timeout, options.poll_interval)
        most = options.concurrency
        return do_jobs_with_dask(folders, indices, options.dask, task, most=most, on_change=on_change)
    settings = settings_for_work(options, surroundings, folders, indices)
    interpreters = interpreters_for(options, surroundings, folders, indices)
    concurrency = options.concurrency or folders.plan.head.concurrency
    return do_jobs(folders, indices, settings, interpreters, concurrency, on_change, send_again=options.send_again)


def assemble(options: argparse.Namespace, surroundings: Surroundings) -> int:  # noqa: ARG001 - as all commands
    """``assemble``."""
    check_bpy()
    chosen = Plan.read(typed_path(options.plan))
    with stdout_kept_for_report():
        from .assemble import assemble as place_all  # noqa: PLC0415 - needs bpy
        from .assemble import not_done, output_for  # noqa: PLC0415 - as above

        jobs = place_all(chosen, output_for(chosen, options.output, options.blend), options.blend, link=options.link)
    rows = (table_row(job_entry(job)) for job in jobs)
    answer(report(jobs), TABLE_HEADER, rows, as_json=options.json)
    _tell(chosen, [job for job in jobs if job.error])
    if left := not_done(jobs):
        say(f"{left} of {len(jobs)} jobs are not done yet; call assemble again to place them.")
    return exit_status(jobs)


def report_page(options: argparse.Namespace, surroundings: Surroundings) -> int:  # noqa: ARG001 - as all commands
    """``report``."""
    chosen = Plan.read(typed_path(options.plan))
    folders, indices = JobFolders(chosen), chosen_indices(None, options.range)
    made = 0
    if options.pictures and importlib.util.find_spec("bpy"):
        with stdout_kept_for_report(hidden=True):
            from .pictures import make_pictures  # noqa: PLC0415 - needs bpy

            made = make_pictures(folders, indices, options.pictures)
    path = typed_path(options.output) if options.output else chosen.folder / PAGE_NAME
    count = write_page(folders, indices, path)
    data = {"version": 1, "page": str(path), "jobs": count, "pictures_made": made}
    return answer(data, ["page", "jobs", "pictures made"], [[str(path), str(count), str(made)]], as_json=options.json)


def settings_for_work(
    options: argparse.Namespace, surroundings: Surroundings, folders: JobFolders, indices: list[int] | None
) -> Settings:
    """The settings of this worker; raises what is missing before anything is done.

    The key goes to the service that this worker was told of, never to one that only a file names.
    """
    if not asks_service(folders, indices):
        return NO_SERVICE
    head = folders.plan.head
    options.timeout = options.timeout or head.timeout_s
    options.poll_interval = options.poll_interval or head.poll_interval_s
    settings = settings_for(options, surroundings, needed=True)
    if settings.base_url != head.base_url:
        raise UsageError(
            "The plan is for the service {planned}, and this worker is set up for {here}.",
            "Set CSM_BASE_URL or give --base-url, if you trust that service with your key.",
            planned=head.base_url,
            here=settings.base_url,
        )
    try:
        settings.require_key()
    except MissingKey as error:
        raise MissingKey(error.message, "Set the environment variable CSM_API_KEY on this machine.") from error
    return settings


def interpreters_for(
    options: argparse.Namespace, surroundings: Surroundings, folders: JobFolders, indices: list[int] | None
) -> Interpreters | None:
    """What converts here; ``None`` where nothing does and there is something to do without it."""
    if options.blender:
        return blender_at(options.blender, sys.executable)
    try:
        return surroundings.interpreters()
    except UsageError as error:
        if not asks_service(folders, indices):
            hint = "Call it where bpy is (pip install bpy), in Blender, or with --blender FILE."
            raise UsageError("There is no Blender here, which does the work.", hint) from error
        say("There is no Blender here: meshes are fetched, and wait for a worker that can convert them.")
        return None


def _show(summary: Summary, chosen: Plan, *, as_json: bool) -> int:
    if as_json:
        return answer({"version": 1, "plan": str(chosen.folder), **summary.as_dict()}, [], [], as_json=True)
    print_table([[str(s), str(summary.counts[s])] for s in JobState if summary.counts[s]], ["status", "jobs"])
    if named := [*summary.in_progress, *summary.failed]:
        rows = [
            [str(job.index), job.name or "-", str(job.state), f"{job.progress:.0%}", _worker(job.holder), job.message]
            for job in named
        ]
        print_line("")
        print_table(rows, ["job", "object", "status", "progress", "worker", "message"])
    return 0


def _worker(holder: object) -> str:
    return f"{getattr(holder, 'host', '')} {getattr(holder, 'pid', '')}".strip() or "-"
