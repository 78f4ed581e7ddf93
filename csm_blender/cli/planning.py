# SPDX-License-Identifier: GPL-3.0-or-later
"""From options and a scene to job specs: everything that can be refused is refused here, before anything is sent."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bpy

from ..core.errors import BadBlendFile, BadOutput, BadValue, NoSuchObject, UsageError
from ..core.file_system import same_name
from ..core.files.assignment import by_name, usable
from ..core.files.jobs_file import Row
from ..core.files.source_text import check_files, mesh_files_in, parse_source, read_facing
from ..core.geometry import box
from ..core.messages import Message
from ..core.models import AssetChoice, AssetPlace, Choices, Fit, JobSpec, Materials, Original, Pivot, Vec3
from ..core.remesh import RemeshOptions
from ..core.sources import Engine, Source, SourceKind, default_facing
from ..scene.commands.batch import block_outs_of
from ..scene.jobs.planning import plan_for_numbers, plan_for_objects, with_shape
from ..scene.measure.measure import find_objects
from ..scene.properties import make_known
from .console import say
from .job_arguments import parse_numbers, typed_path, wanted_jobs
from .options import remesh_options

_MOST_NAMED = 20
"""Objects without a file that are named; a scene may hold hundreds."""


def plan_jobs(options: argparse.Namespace) -> list[JobSpec]:
    """The jobs asked for, measured in the opened scene. Sends and writes nothing. Raises :class:`UsageError`."""
    wanted = wanted_jobs(options.job, options.jobs, options.folder)
    files = mesh_files_in(options.folder) if options.folder is not None else []
    base_choices, pivot_point = _choices(options)
    sources = [parse_source(job.session) for job in wanted]
    all_choices = [_choices_of(*job, base_choices, options) for job in zip(wanted, sources, strict=True)]
    open_scene(options.blend)
    scene = _scene(options.scene)
    paired = _paired(files, scene, [job.object_name for job in wanted])
    of_paired = [parse_source(job.session) for job in paired]
    all_choices += [_choices_of(*job, base_choices, options) for job in zip(paired, of_paired, strict=True)]
    wanted, sources = wanted + paired, sources + of_paired
    _check_remesh_is_used(options, all_choices)
    check_files(Path(source.name) for source in sources if source.kind is SourceKind.FILE)
    output = _output_path(options)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    run_id = uuid.uuid4().hex
    exports: set[str] = set()
    specs = []
    for job, source, choices in zip(wanted, sources, all_choices, strict=True):
        if job.object_name:
            if options.bbox:
                words = "--bbox and the object {object_name} contradict each other."
                raise UsageError(words, "Give one of the two.", object_name=repr(job.object_name))
            objects = find_objects(scene, job.object_name)
            spec = with_shape(plan_for_objects(source, objects, scene, depsgraph, choices), objects, depsgraph)
        elif options.bbox:
            size = parse_numbers(options.bbox, "--bbox")
            spec = plan_for_numbers(source, size, pivot_point, scene, choices)
        else:
            hint = "Give --job SOURCE=OBJECT, or a box with --bbox W,H,D."
            raise NoSuchObject("{session_code} has no object.", hint, session_code=job.session)
        export = _export_path(options.export, source, exports)
        specs.append(replace(spec, output=output, export_path=export, run_id=run_id))
    return specs


def open_scene(path: str | None) -> None:
    """Open a .blend, or stay with the scene that is open where *path* is ``None``. Raises :class:`BadBlendFile`."""
    make_known()
    if path is None:
        return
    file = typed_path(path)
    if not file.is_file():
        raise BadBlendFile("There is no file {file}.", file=file)
    try:
        bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        last_line = str(error).strip().rpartition("\n")[2]
        raise BadBlendFile("The file {file} cannot be opened: {lines}", file=file, lines=last_line) from error


def _choices(options: argparse.Namespace) -> tuple[Choices, Vec3 | None]:
    """How to place, and the pivot point in API order where one is given by numbers or by name."""
    pivot, pivot_point = _pivot(options.pivot)
    choices = Choices(
        fit=Fit(options.fit.upper()),
        pivot=pivot,
        custom_pivot=box.pivot_from_api(pivot_point or box.ORIGIN) if pivot is Pivot.CUSTOM else box.ORIGIN,
        original=Original(options.original.upper()),
        again=options.again,
        copies=options.copies,
        materials=Materials(options.materials.upper()),
        asset=_asset(options.asset),
    )
    return choices, pivot_point


def _choices_of(job: Row, source: Source, choices: Choices, options: argparse.Namespace) -> Choices:
    """*choices* with what the row of *job*, else the options, else its *source* say about engine and facing."""
    engine = source.checked_engine(job.engine or (Engine(options.engine.upper()) if options.engine else None))
    facing = job.facing or (read_facing(options.facing) if options.facing else default_facing(engine))
    remesh = RemeshOptions()  # so that a job of the service is written as earlier versions wrote it
    if engine is Engine.LOCAL:
        remesh = remesh_options(options)
        if job.triangles is not None:
            remesh = replace(remesh, triangles=job.triangles, quads=0).checked()
    return replace(choices, engine=engine, facing=facing, remesh=remesh)


def _check_remesh_is_used(options: argparse.Namespace, choices: Sequence[Choices]) -> None:
    """Raise :class:`UsageError` where options of the local engine were given and no job uses it."""
    given = (options.triangles, options.quads, options.texture, options.remesh)
    if any(value is not None for value in given) and all(each.engine is not Engine.LOCAL for each in choices):
        raise UsageError(
            "--triangles, --quads, --texture and --remesh are for the local engine, which no job uses.",
            "Add --engine local, or leave them out.",
        )


def _paired(files: list[str], scene: bpy.types.Scene, taken: Sequence[str]) -> list[Row]:
    """The *files* with the objects of their names; what does not pair is said. Raises :class:`UsageError`.

    Objects that have a job already, that are results or that can be no block-outs are left alone.
    """
    if not files:
        return []
    free = [obj.name for obj in block_outs_of(scene) if obj.name not in taken]
    pairs = by_name(files, free)
    for pair in pairs:
        if pair.problem and pair.session:
            say(f"not paired: {Path(pair.session).name}: {pair.problem}")
    found = usable(pairs)
    if not found:
        raise UsageError(
            "No file in {folder} has the name of an object.",
            "Rename the files after the objects, or pair them with --job or --jobs.",
            folder=Path(files[0]).parent,
        )
    if left := [pair.object_name for pair in pairs if not pair.session]:
        say(f"without a file: {', '.join(left[:_MOST_NAMED])}{' …' if len(left) > _MOST_NAMED else ''}")
    return [Row(pair.session, pair.object_name) for pair in found]


def _asset(text: str) -> AssetChoice:
    if text.upper() in (AssetPlace.OFF, AssetPlace.FILE):
        return AssetChoice(AssetPlace(text.upper()))
    folder = typed_path(text)
    if not folder.is_dir():
        words = "--asset is off, file or the folder of a library, and there is no folder {folder}."
        raise BadValue(words, folder=folder)
    return AssetChoice(AssetPlace.LIBRARY, folder.name, str(folder))


def _pivot(text: str) -> tuple[Pivot, Vec3 | None]:
    """The choice, and the pivot point in API order that a box given by numbers gets for it."""
    named: dict[str, Vec3 | None] = {Pivot.ORIGIN: None, Pivot.CENTER: box.ORIGIN, Pivot.BASE: (0.0, -0.5, 0.0)}
    if text.upper() in named:
        return Pivot(text.upper()), named[text.upper()]
    if "," not in text:
        words = "--pivot is origin, center, base or X,Y,Z, not {text}."
        raise BadValue(words, "For example: --pivot base", text=repr(text))
    numbers = parse_numbers(text, "--pivot")
    if not all(box.PIVOT_MIN <= value <= box.PIVOT_MAX for value in numbers):
        raise BadValue("Each value of --pivot must lie between -0.5 and 0.5.", "0,-0.5,0 is the center of the base.")
    return Pivot.CUSTOM, numbers


def _scene(name: str | None) -> bpy.types.Scene:
    if name is None:
        scene = bpy.context.scene
        assert scene is not None  # only restricted contexts have none
        return scene
    scene = bpy.data.scenes.get(name)
    if scene is None:
        names = Message("It has: {name}.", name=", ".join(s.name for s in bpy.data.scenes))
        raise UsageError("There is no scene {name} in the file.", names, name=repr(name))
    bpy.context.window.scene = scene
    return scene


def _output_path(options: argparse.Namespace) -> str:
    if options.output and options.in_place:
        raise BadOutput("--output and --in-place contradict each other.", "Give one of the two.")
    if options.in_place:
        if not bpy.data.filepath:
            raise BadOutput("--in-place needs a scene that was read from a file.")
        return bpy.data.filepath
    return checked_output(options.output, bpy.data.filepath) if options.output else ""


def checked_output(output: str, input_file: str, hint: str = "Say --in-place if you mean to save over it.") -> str:
    """The path of *output*, which must not be *input_file*; else *hint* helps. Raises :class:`BadOutput`.

    Writes nothing.
    """
    path = typed_path(output)
    if path.is_dir():
        raise BadOutput("The output {path} is a directory.", path=path)
    if path.suffix.lower() != ".blend":
        raise BadOutput("The output {name} does not end in .blend.", name=path.name)
    if not path.parent.is_dir():
        raise BadOutput("The folder {parent} does not exist.", parent=path.parent)
    if input_file and _is_same_file(path, Path(input_file)):
        raise BadOutput("The output is the input file.", hint)
    return str(path)


def _is_same_file(path: Path, other: Path) -> bool:
    """Whether both names lead to one file, be it by a link or by a file system that knows no upper and lower case."""
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))


def _export_path(folder: str | None, source: Source, taken: set[str]) -> str:
    """DIR/SESSION.glb or DIR/NAME.glb; what is refined onto several objects gets a number from the second on."""
    if not folder:
        return ""
    directory = typed_path(folder)
    if directory.exists() and not directory.is_dir():
        raise BadOutput("The export folder {directory} is a file.", directory=directory)
    path, number = directory / f"{source.stem}.glb", 2
    while same_name(path) in taken:
        path, number = directory / f"{source.stem}-{number}.glb", number + 1
    taken.add(same_name(path))
    return str(path)
