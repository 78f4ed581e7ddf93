# SPDX-License-Identifier: GPL-3.0-or-later
"""All jobs of this computer: listed whichever file made them, placed into the open one, removed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender_scenes import enabled

from csm_blender.core.jobs.database import BUSY_TIMEOUT_S
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.sources import Source
from csm_blender.scene.background.all_jobs import all_jobs
from csm_blender.scene.commands import new_job
from csm_blender.scene.jobs.state import file_state
from csm_blender.scene.properties import state_of
from csm_blender.ui.planned_request import choices_of

SESSION = "SESSION_P_44569824122"


@pytest.fixture
def scene(tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    with enabled(monkeypatch, tmp_path, service) as scene:
        yield scene


def ready_job_of_a_file_that_was_never_saved() -> str:
    """Refined, and then File > New: what was bound to the file is gone, the job is READY."""
    cube = bpy.data.objects["Cube"]
    cube.location = (3.0, 0.0, 0.0)
    bpy.context.view_layer.update()
    scene = bpy.context.scene
    bpy.ops.csm.refine(session_code=SESSION, target="Cube")
    job_id = state_of(scene).jobs[0].job_id
    store = file_state().open_store()
    store.update(store.get(job_id), state=JobState.READY, finished_at="")
    new_file()
    return job_id


def new_file() -> None:
    bpy.ops.wm.read_homefile(app_template="", use_factory_startup=True)
    file_state().forget_file()  # the handler of a Blender with a window


def test_a_job_of_a_file_never_saved_is_listed_and_can_be_placed_here(scene: bpy.types.Scene) -> None:
    job_id = ready_job_of_a_file_that_was_never_saved()
    all_jobs().read()
    line = all_jobs().line(job_id)
    assert line is not None
    assert (line.name, line.source, line.file, line.state) == ("Cube", SESSION, "", JobState.READY)
    assert all_jobs().size_of(job_id) is None, "measured a little later, by the timer"
    all_jobs().measure()
    assert all_jobs().size_of(job_id) > 1000
    shown = bpy.context.window_manager.csm_jobs
    assert [entry.name for entry in shown.lines] == [job_id]
    assert bpy.ops.csm.place_here(job_id=job_id) == {"FINISHED"}
    record = state_of(bpy.context.scene).jobs[0]
    assert (record.job_id, record.status) == (job_id, "PLACED")
    result = bpy.data.objects[record.result]
    assert list(result.matrix_world.translation)[:2] == pytest.approx([3.0, 0.0], abs=1e-5)
    assert record.fit_error < 1e-5
    assert not bpy.data.objects["Cube"].hide_viewport, "the cube of the new file is another one"


def test_a_job_of_this_file_is_placed_where_it_belongs(scene: bpy.types.Scene) -> None:
    bpy.ops.csm.refine(session_code=SESSION, target="Cube")
    record = state_of(scene).jobs[0]
    bpy.data.objects.remove(bpy.data.objects[record.result])
    assert bpy.ops.csm.place_here(job_id=record.job_id) == {"FINISHED"}
    assert len(state_of(scene).jobs) == 1
    assert record.result in bpy.data.objects


def test_an_unfinished_job_goes_on_here(scene: bpy.types.Scene) -> None:
    choices = choices_of(scene, Source.of(SESSION).kind)
    job = new_job.start_job(SESSION, [bpy.data.objects["Cube"]], bpy.context, choices)
    new_file()
    assert bpy.ops.csm.place_here(job_id=job.job_id) == {"FINISHED"}
    new_job.run_to_end([job.job_id], bpy.context)
    assert state_of(bpy.context.scene).jobs[0].status == "PLACED"


def test_a_job_is_removed_with_its_files_whatever_its_state(scene: bpy.types.Scene, tmp_path: Path) -> None:
    job_id = ready_job_of_a_file_that_was_never_saved()
    assert (tmp_path / job_id).is_dir()
    assert bpy.ops.csm.remove_any(job_id=job_id) == {"FINISHED"}
    assert not (tmp_path / job_id).exists()
    assert all_jobs().lines == ()
    with pytest.raises(RuntimeError, match="no such job"):
        bpy.ops.csm.place_here(job_id=job_id)


def test_a_job_that_is_worked_on_is_stopped_first(scene: bpy.types.Scene, tmp_path: Path) -> None:
    choices = choices_of(scene, Source.of(SESSION).kind)
    job = new_job.start_job(SESSION, [bpy.data.objects["Cube"]], bpy.context, choices)
    worker = Store(tmp_path)
    assert worker.claim(job.job_id, "a worker", 50.0)
    with pytest.raises(RuntimeError, match="still working on it"):
        bpy.ops.csm.remove_any(job_id=job.job_id)
    assert worker.get(job.job_id).cancel_requested
    worker.close()


def test_cleaning_waits_a_second_for_a_store_that_another_process_writes_to(
    scene: bpy.types.Scene, tmp_path: Path
) -> None:
    bpy.ops.csm.refine(session_code=SESSION, target="Cube")
    new_file()
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        begun_s = time.monotonic()
        with pytest.raises(RuntimeError, match="job store"):
            bpy.ops.csm.clean_folder()
        assert time.monotonic() - begun_s < BUSY_TIMEOUT_S, "as long as others than Blender's main thread wait"


def test_to_look_makes_no_store(scene: bpy.types.Scene, tmp_path: Path) -> None:
    all_jobs().read()
    assert all_jobs().lines == ()
    assert not list(tmp_path.glob("jobs.sqlite3*"))


def test_a_store_that_cannot_be_read_is_said(scene: bpy.types.Scene, tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite3").mkdir()
    all_jobs().read()
    assert "cannot be" in all_jobs().message
