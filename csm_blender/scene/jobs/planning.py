# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a job from objects of the scene and the user's choices. Nothing is sent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import bpy

from ...core.api.session_code import parse_session_code
from ...core.errors import BadSessionCode, BadSource
from ...core.files.source_text import parse_source
from ...core.geometry import box
from ...core.models import Choices, JobSpec, Materials, Original, Vec3
from ...core.remesh import RemeshOptions
from ...core.sources import Engine, Facing, Source, SourceKind, default_facing
from ..blender.runtime import Part, part
from ..measure.block_out_shape import shape_of
from ..measure.measure import measure_common
from ..placement.preview_objects import check_no_previews
from ..placement.target_checks import check_changeable
from ..properties import state_of
from .object_source import check_object

_KINDS_OF_FILES = "Choose a .glb, .gltf, .obj, .fbx, .stl, .ply, .usd or .usdz, or a .zip that holds one."


def plan_for_objects(
    source: Source | str,
    objects: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    depsgraph: bpy.types.Depsgraph,
    choices: Choices,
) -> JobSpec:
    """Plan a refine into the common box of *objects*, in the axes of the first. Raises :class:`UsageError`.

    *source* is a :class:`Source` or the code of a session. Its object is checked; a file of its is not, since this is
    called by panels, too: see :func:`.source_text.check_file`.
    """
    source, choices = _checked(Source.of(source), choices, scene, objects)
    check_no_previews(objects)
    check_changeable(objects, choices.original)
    target = measure_common(objects, depsgraph)
    scale_length = scene.unit_settings.scale_length
    refinement, placement = box.plan(target, choices, scale_length)
    return JobSpec(
        **_of_source(source),
        result_name=f"{target.object_name}_refined",
        refinement=refinement,
        placement=placement,
        scale_length=scale_length,
        target=target,
        choices=choices.settled(),
        blend_file=bpy.data.filepath,
        scene_name=scene.name,
        parts=tuple(obj.name for obj in objects) if len(objects) > 1 else (),
    )


def with_shape(spec: JobSpec, objects: Sequence[bpy.types.Object], depsgraph: bpy.types.Depsgraph) -> JobSpec:
    """*spec*, planned for *objects*, with their shape if the way the mesh faces is to be found from it.

    Apart from planning, because it reads all of their geometry: for a job that is made, not for a panel.
    """
    if spec.choices.facing is not Facing.AUTO or spec.target is None:
        return spec
    return replace(spec, shape=shape_of(objects, spec.target, spec.placement, depsgraph))


def chosen_source(scene: bpy.types.Scene) -> Source:
    """The source that is chosen in the panel of *scene*. Raises :class:`BadSource` or :class:`BadSessionCode`.

    A file is not looked up, see :func:`.source_text.check_file`.
    """
    state = state_of(scene)
    match SourceKind(state.source):
        case SourceKind.SESSION:
            return Source.of(parse_session_code(state.session_code))
        case SourceKind.FILE:
            if not state.filepath.strip():
                raise BadSource("No file is chosen.", "Choose a mesh file, or drop one on the block-out.")
            return _chosen_file(state.filepath)
        case SourceKind.OBJECT:
            if state.source_object is None:
                raise BadSource("No object is chosen as the source.", "Choose a mesh object.")
            return Source(SourceKind.OBJECT, state.source_object.name)


def _parsed(path: str) -> Source:
    """What *path* names; a whole one is read once, as panels ask at every redraw."""
    return part(ReadPaths).read(path) if os.path.isabs(path) else parse_source(path)  # noqa: PTH117 - much faster


class ReadPaths(Part):
    """The sources that the last few paths in the panel name."""

    def __init__(self) -> None:
        self.read = lru_cache(4)(parse_source)


def _chosen_file(path: str) -> Source:
    """The source that *path*, which was entered where only files are, names. Raises :class:`BadSource`."""
    with contextlib.suppress(BadSource, BadSessionCode):
        source = _parsed(bpy.path.abspath(path))
        if source.kind is SourceKind.FILE:
            return source
    words = "{text} is no mesh file that can be read."
    raise BadSource(words, _KINDS_OF_FILES, text=repr(PurePath(path.strip()).name))


def with_chosen_engine(
    choices: Choices, scene: bpy.types.Scene, kind: SourceKind | None = None, engine: Engine | None = None
) -> Choices:
    """*choices* with the engine, its options and the facing that are chosen in the panel of *scene*.

    For a source of this *kind*, by default the panel's; with another *engine* than the panel's, if one is given. Files
    and objects are refined on this computer where the service is chosen, which knows sessions only. ``AUTO`` leaves
    what the service made as it was delivered: it was told the box.
    """
    state = state_of(scene)
    kind, facing = kind or SourceKind(state.source), Facing(state.facing)
    if engine is None:
        engine = Engine(state.engine)
        if kind is SourceKind.SESSION and state.source != kind and state.had_service and engine is Engine.LOCAL:
            engine = Engine.SERVICE  # which the panel shows again when sessions are chosen there
        elif kind is not SourceKind.SESSION and engine is Engine.SERVICE:
            engine = Engine.LOCAL
    if engine is Engine.SERVICE and facing is Facing.AUTO:
        facing = default_facing(engine)
    return replace(choices, engine=engine, facing=facing, remesh=chosen_options(scene))


def chosen_options(scene: bpy.types.Scene) -> RemeshOptions:
    """What the local engine is to do, as chosen in the panel of *scene*."""
    state = state_of(scene)
    quads = state.triangles if state.use_quads else 0
    triangles = RemeshOptions.triangles if quads else state.triangles
    return RemeshOptions(triangles=triangles, quads=quads, texture_size=int(state.texture_size))


def _checked(
    source: Source, choices: Choices, scene: bpy.types.Scene, objects: Sequence[bpy.types.Object] = ()
) -> tuple[Source, Choices]:
    if source.kind is SourceKind.OBJECT:
        source = replace(source, name=check_object(scene, source.name, objects).name)
    engine = source.checked_engine(choices.engine)
    if engine is Engine.LOCAL:
        choices.remesh.checked()
    return source, choices


def _of_source(source: Source) -> dict[str, Any]:
    """The fields of a job's spec that say where its mesh comes from."""
    if source.kind is SourceKind.SESSION:
        return {"session_code": source.name}
    return {"session_code": "", "file_or_object": source}


def plan_for_numbers(
    source: Source | str, scaled_bbox: Vec3, pivot_point: Vec3 | None, scene: bpy.types.Scene, choices: Choices
) -> JobSpec:
    """Plan a refine into a box in API order and meters, without a block-out. Raises :class:`BadValue`.

    *source* is as for :func:`plan_for_objects`.
    """
    source, choices = _checked(Source.of(source), choices, scene)
    scale_length = scene.unit_settings.scale_length
    refinement, placement = box.plan_for_numbers(scaled_bbox, pivot_point, scale_length=scale_length)
    return JobSpec(
        **_of_source(source),
        result_name=source.stem,
        refinement=refinement,
        placement=placement,
        scale_length=scale_length,
        choices=replace(choices, original=Original.HIDE, copies=False, materials=Materials.REFINED).settled(),
        blend_file=bpy.data.filepath,
        scene_name=scene.name,
    )
