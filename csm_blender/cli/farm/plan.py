# SPDX-License-Identifier: GPL-3.0-or-later
"""``plan``: measure every block-out once and write down what is to be done. Needs Blender, and no network."""

from __future__ import annotations

import argparse
import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import bpy

from ...core.farm.plan import RESULTS, BlockOut, Plan, PlanHead, check_no_plan, planned, write_plan
from ...core.jobs.store import now_text
from ...core.models import JobSpec
from ...core.sources import SourceKind
from ...scene.blender.evaluation import depsgraph_of
from ...scene.jobs.object_source import check_object, write_object
from ...scene.placement.find_block_out import known_as
from ..job_arguments import typed_path


def make_plan(specs: Sequence[JobSpec], options: argparse.Namespace, base_url: str) -> Plan:
    """Write the plan for *specs*, which were planned in the open scene, into ``options.out``; give it as it was read.

    Objects that are sources are written into the folders of their jobs, which the plan does not hold. *base_url* is the
    service that is meant. Raises :class:`BadPlan`, :class:`BadSource` and :class:`StorageError`.
    """
    folder = typed_path(options.out)
    head = PlanHead(
        run_id=specs[0].run_id,
        made_at=now_text(),
        blend_file=specs[0].blend_file,
        output=specs[0].output,
        base_url=base_url,
        needs_service=any(spec.needs_service for spec in specs),
        concurrency=options.concurrency,
        timeout_s=options.timeout,
        poll_interval_s=options.poll_interval,
    )
    check_no_plan(folder)
    with _objects_written(folder, head, specs):
        write_plan(folder, head, planned(specs, [_block_out(spec) for spec in specs]))
    return Plan.read(folder)


def _block_out(spec: JobSpec) -> BlockOut:
    obj = bpy.data.scenes[spec.scene_name].objects.get(spec.object_name) if spec.object_name else None
    return known_as(obj) if obj is not None else BlockOut()


@contextlib.contextmanager
def _objects_written(folder: Path, head: PlanHead, specs: Sequence[JobSpec]) -> Iterator[None]:
    """Write the objects that are sources into the folders of their jobs; take them away again after an error."""
    made: list[Path] = []
    try:
        for index, spec in enumerate(specs, start=1):
            if spec.source.kind is SourceKind.OBJECT:
                scene = bpy.data.scenes[spec.scene_name]
                made.append(folder / RESULTS / head.job_id(index))
                write_object(check_object(scene, spec.source.name), depsgraph_of(scene), spec.scale_length, made[-1])
        yield
    except BaseException:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)
        raise
