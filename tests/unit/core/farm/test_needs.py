# SPDX-License-Identifier: GPL-3.0-or-later
"""What memory a job takes: by its mesh, wherever that lies, and by what is done to it."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

from farm import file_spec, plan_of
from jobs_at_hand import spec

from csm_blender.core.farm.needs import memory_of_job
from csm_blender.core.models import DEFAULT_CHOICES
from csm_blender.core.processes.converter_pool import MESH_NAME
from csm_blender.core.processes.memory import BYTES_PER_MESH_BYTE, CONVERTER_BYTES
from csm_blender.core.remesh import RemeshOptions, memory_needed
from csm_blender.core.sources import Engine

MESH_BYTES = 10_000_000


def test_it_is_known_by_the_source_before_and_by_what_was_fetched_afterwards(tmp_path: Path) -> None:
    source = tmp_path / "chair.stl"
    source.write_bytes(bytes(MESH_BYTES))
    plan = plan_of(tmp_path / "plan", [file_spec(source), spec("SESSION_1")], "https://api.csm.example")
    assert memory_of_job(plan, 1) == CONVERTER_BYTES + BYTES_PER_MESH_BYTE * MESH_BYTES
    assert memory_of_job(plan, 2) == CONVERTER_BYTES, "nobody knows yet how large it will be"

    fetched = plan.job_folder(plan.job_id(2)) / MESH_NAME
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(bytes(2 * MESH_BYTES))
    assert memory_of_job(plan, 2) == CONVERTER_BYTES + BYTES_PER_MESH_BYTE * 2 * MESH_BYTES


def test_a_source_that_is_gone_is_left_to_the_job_to_tell(tmp_path: Path) -> None:
    assert memory_of_job(plan_of(tmp_path / "plan", [file_spec(tmp_path / "gone.glb")]), 1) == CONVERTER_BYTES


def test_the_local_engine_takes_what_it_says(tmp_path: Path) -> None:
    source, options = tmp_path / "chair.stl", RemeshOptions(texture_size=8192)
    source.write_bytes(bytes(80) + struct.pack("<I", 200_000) + bytes(50 * 200_000))
    choices = replace(DEFAULT_CHOICES, engine=Engine.LOCAL, remesh=options)
    plan = plan_of(tmp_path / "plan", [file_spec(source, choices=choices)])
    assert memory_of_job(plan, 1) == memory_needed(200_001, options)
