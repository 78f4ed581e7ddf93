# SPDX-License-Identifier: GPL-3.0-or-later
"""``refine`` and ``resume``: the whole job without a window, in this process, blocking."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path

import bpy

from ..core import box
from ..core.conversion import Converters
from ..core.driver import run_blocking
from ..core.errors import BadBlendFile, BadOutput, BadValue, CsmError, KeyProblem, NoSuchObject, WrongUse
from ..core.jobs import Job
from ..core.models import ACTIVE, Fit, JobSpec, JobState, Original, Pivot, Vec3
from ..core.pipeline import Pipeline
from ..core.settings import Settings
from ..core.store import Store
from ..scene.measure import find_object, measure
from ..scene.place import check_replaceable, place
from ..scene.service import interpreters, jobs_home
from .console import Progress, print_json, print_table, say
from .report import TABLE_HEADER, dry_run_entry, job_entry, report, table_row
from .wanted import Wanted, parse_numbers, wanted_jobs

UNFINISHED = ACTIVE | {JobState.READY, JobState.UNCERTAIN}


class Interrupted(Exception):
    """Ctrl-C or a request to end; ``jobs`` is how they were left."""

    def __init__(self, jobs: list[Job]) -> None:
        super().__init__()
        self.jobs = jobs


def plan_jobs(options: argparse.Namespace) -> list[JobSpec]:
    """What is asked for, measured in the opened scene. Nothing is sent or written by this. Raises :class:`WrongUse`."""
    wanted = wanted_jobs(options.job, options.jobs)
    pivot, numbers = _pivot(options.pivot)
    _open_scene(options.blend)
    scene = _scene(options.scene)
    output = _output_path(options)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    run_id = uuid.uuid4().hex
    taken: set[Path] = set()
    specs = []
    for job in wanted:
        specs.append(_spec(job, options, scene, depsgraph, pivot, numbers, output, run_id, taken))
    return specs


def show_dry_run(specs: list[JobSpec], as_json: bool) -> int:
    """Print what would be sent."""
    entries = [dry_run_entry(spec) for spec in specs]
    if as_json:
        print_json({"version": 1, "jobs": entries})
    else:
        print_table([table_row(entry) for entry in entries], TABLE_HEADER)
    return 0


def refine(specs: list[JobSpec], settings: Settings, concurrency: int) -> list[Job]:
    """Record the jobs, run them, place what came, save. Gives the jobs as they ended. Raises :class:`Interrupted`."""
    settings.require_key()
    store = Store(jobs_home())
    try:
        jobs = [store.add(spec, settings.base_url) for spec in specs]
        return _finish(store, jobs, settings, concurrency)
    finally:
        store.close()


def resume(settings: Settings, concurrency: int) -> list[Job]:
    """Finish every earlier call that left unfinished jobs, each in its own file. Gives those jobs as they ended."""
    store = Store(jobs_home())
    try:
        left = [job for job in store.jobs(UNFINISHED) if job.spec.run_id and job.base_url == settings.base_url]
        if left:
            settings.require_key()
        done: list[Job] = []
        for run_id in dict.fromkeys(job.spec.run_id for job in left):
            jobs = [job for job in left if job.spec.run_id == run_id]
            _open_scene(_file_to_go_on_in(store, jobs[0]))
            say(f"Resuming {len(jobs)} job(s) of {jobs[0].spec.blend_file or 'an unsaved scene'}")
            done += _finish(store, jobs, settings, concurrency)
        return done
    finally:
        store.close()


def show_report(jobs: list[Job], as_json: bool) -> int:
    """Print the report and give the exit status."""
    if as_json:
        print_json(report(jobs))
    elif jobs:
        print_table([table_row(job_entry(job)) for job in jobs], TABLE_HEADER)
    for job in jobs:
        if job.error and not as_json:
            say(f"{job.spec.object_name or job.session_code}: {job.error['message']}")
            say(f"     {job.error['hint']}")
    if all(job.state is JobState.PLACED for job in jobs):
        return 0
    refused = any(job.error and job.error["code"] in _key_codes() for job in jobs)
    return KeyProblem.exit_status if refused else CsmError.exit_status


def _key_codes() -> set[str]:
    return {kind.code for kind in KeyProblem.__subclasses__()}


# --- planning ---------------------------------------------------------------------------------------------------------
def _spec(  # noqa: PLR0913 - one call, all of it decided by the caller
    job: Wanted,
    options: argparse.Namespace,
    scene: bpy.types.Scene,
    depsgraph: bpy.types.Depsgraph,
    pivot: Pivot,
    numbers: Vec3 | None,
    output: str,
    run_id: str,
    taken: set[Path],
) -> JobSpec:
    original = Original(options.original.upper())
    scale_length = scene.unit_settings.scale_length
    if job.object_name:
        if options.bbox:
            raise WrongUse(f"--bbox and the object {job.object_name!r} contradict each other.", "Give one of the two.")
        obj = find_object(scene, job.object_name)
        if original is Original.REPLACE:
            check_replaceable(obj)
        target = measure(obj, depsgraph)
        custom = box.pivot_from_api(numbers) if numbers else box.ORIGIN
        refinement, placement = box.plan(
            target, pivot=pivot, custom_pivot=custom, original=original, scale_length=scale_length
        )
        name = f"{obj.name}_refined"
    else:
        if not options.bbox:
            raise NoSuchObject(
                f"{job.session_code} has no object.", "Give --job SESSION=OBJECT, or a box with --bbox W,H,D."
            )
        target = None
        point = numbers or (_named_pivot(pivot) if pivot is not Pivot.ORIGIN else None)
        refinement, placement = box.plan_for_numbers(
            parse_numbers(options.bbox, "--bbox"), point, scale_length=scale_length
        )
        name = job.session_code
    return JobSpec(
        session_code=job.session_code,
        result_name=name,
        refinement=refinement,
        placement=placement,
        scale_length=scale_length,
        target=target,
        fit=Fit(options.fit.upper()),
        pivot=pivot,
        original=original,
        again=options.again,
        blend_file=bpy.data.filepath,
        scene_name=scene.name,
        output=output,
        export_path=_export_path(options.export, job, taken),
        run_id=run_id,
    )


def _named_pivot(pivot: Pivot) -> Vec3:
    return (0.0, -0.5, 0.0) if pivot is Pivot.BASE else box.ORIGIN


def _pivot(text: str) -> tuple[Pivot, Vec3 | None]:
    """The choice, and the three numbers of a custom one in API order."""
    if text.upper() in (Pivot.ORIGIN, Pivot.CENTER, Pivot.BASE):
        return Pivot(text.upper()), None
    if "," not in text:
        raise BadValue(f"--pivot is origin, center, base or X,Y,Z, not {text!r}.", "For example: --pivot base")
    numbers = parse_numbers(text, "--pivot")
    if not all(-0.5 <= value <= 0.5 for value in numbers):
        raise BadValue("Each value of --pivot must lie between -0.5 and 0.5.", "0,-0.5,0 is the centre of the base.")
    return Pivot.CUSTOM, numbers


def _open_scene(path: str | None) -> None:
    if path is None:
        return
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise BadBlendFile(f"There is no file {file}.")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        lines = str(error).strip().splitlines()
        raise BadBlendFile(f"The file {file} cannot be opened: {lines[-1] if lines else error}") from None


def _scene(name: str | None) -> bpy.types.Scene:
    if name is None:
        return bpy.context.scene
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise WrongUse(
            f"There is no scene {name!r} in the file.", f"It has: {', '.join(s.name for s in bpy.data.scenes)}."
        )
    bpy.context.window.scene = scene
    return scene


def _output_path(options: argparse.Namespace) -> str:
    if options.output and options.in_place:
        raise BadOutput("--output and --in-place contradict each other.", "Give one of the two.")
    if options.in_place:
        if not bpy.data.filepath:
            raise BadOutput("--in-place needs a scene that was read from a file.")
        return bpy.data.filepath
    if not options.output:
        return ""
    path = Path(options.output).expanduser().absolute()
    if path.is_dir():
        raise BadOutput(f"The output {path} is a directory.")
    if path.suffix.lower() != ".blend":
        raise BadOutput(f"The output {path.name} does not end in .blend.")
    if not path.parent.is_dir():
        raise BadOutput(f"The folder {path.parent} does not exist.")
    if bpy.data.filepath and path.resolve() == Path(bpy.data.filepath).resolve():
        raise BadOutput("The output is the input file.", "Say --in-place if you mean to save over it.")
    return str(path)


def _export_path(folder: str | None, job: Wanted, taken: set[Path]) -> str:
    """DIR/SESSION.glb; a session refined onto several objects gets a number from the second on."""
    if not folder:
        return ""
    directory = Path(folder).expanduser().absolute()
    if directory.exists() and not directory.is_dir():
        raise BadOutput(f"The export folder {directory} is a file.")
    path, number = directory / f"{job.session_code}.glb", 2
    while path in taken:
        path, number = directory / f"{job.session_code}-{number}.glb", number + 1
    taken.add(path)
    return str(path)


# --- running ----------------------------------------------------------------------------------------------------------
def _finish(store: Store, jobs: list[Job], settings: Settings, concurrency: int) -> list[Job]:
    owner = uuid.uuid4().hex
    converters = Converters(interpreters())
    pipeline = Pipeline(store, settings, converters, owner)
    ids = [job.job_id for job in jobs]
    try:
        run_blocking(pipeline, store, ids, concurrency=concurrency, on_change=Progress(jobs))
        _place_and_save(store, _current(store, ids))
    except KeyboardInterrupt:
        raise Interrupted(_current(store, ids)) from None
    finally:
        converters.stop_all()
        store.release(owner)
        pipeline.close()
    return _current(store, ids)


def _current(store: Store, ids: list[str]) -> list[Job]:
    return [job for job in map(store.get, ids) if job is not None]


def _place_and_save(store: Store, jobs: list[Job]) -> None:
    """Place every READY job and save once; only then are they PLACED, so that a kill in between loses nothing."""
    placed: list[tuple[Job, str, float]] = []
    for job in jobs:
        if job.state is not JobState.READY:
            continue
        scene = bpy.data.scenes.get(job.spec.scene_name) or bpy.context.scene
        target = scene.objects.get(job.spec.object_name) if job.spec.object_name else None
        try:
            done = place(job, scene, target)
        except CsmError as error:
            store.update(job, state=JobState.FAILED, error=error.as_dict(), message=str(error))
            continue
        placed.append((job, done.obj.name, done.placed_error))
    if placed and (output := placed[0][0].spec.output):
        _save(output)
    for job, name, error in placed:
        result = {**job.result, "object": name, "placed_error": error}
        store.update(job, state=JobState.PLACED, result=result, message="Placed")


def _save(output: str) -> None:
    try:
        bpy.ops.wm.save_as_mainfile(filepath=output, copy=output != bpy.data.filepath, compress=False)
    except RuntimeError as error:
        raise BadOutput(
            f"The scene cannot be saved to {output}: {error}", "The refined meshes are kept; resume saves them."
        ) from None


def _file_to_go_on_in(store: Store, job: Job) -> str | None:
    """The file an interrupted call works on: its output once that holds results, its input before."""
    placed = [other for other in store.jobs([JobState.PLACED], run_id=job.spec.run_id)]
    if placed and job.spec.output and Path(job.spec.output).exists():
        return job.spec.output
    return job.spec.blend_file or None
