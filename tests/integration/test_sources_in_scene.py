# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of files and objects from inside Blender, with the add-on enabled, no key and no online access."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from fit_glbs import letter, plain

import csm_blender
from csm_blender.core.errors import BadSource, JobError, MissingKey, OnlineAccessOff, UsageError
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.quality_report import card
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import Choices, Fit, Original
from csm_blender.core.remesh import RemeshOptions
from csm_blender.core.sources import Engine, Facing, Source, SourceKind
from csm_blender.scene.commands import decisions, new_job, placed_result
from csm_blender.scene.jobs import preview_loader, restore
from csm_blender.scene.jobs.planning import chosen_source, with_chosen_engine
from csm_blender.scene.jobs.state import file_state
from csm_blender.scene.placement import preview_objects
from csm_blender.scene.placement.preview_objects import Remark
from csm_blender.scene.properties import state_of, tag_of

AS_IT_IS = Choices(engine=Engine.NONE, facing=Facing.AUTO)
TOLERANCE = 1e-5


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """Two block-outs and a raw mesh; the store has a folder of its own."""
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path / "jobs"))
    for name in ("CSM_API_KEY", "CSM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    csm_blender.register()
    for name in ("Chair", "Table", "Raw"):
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = name
    yield bpy.context.scene
    csm_blender.unregister()


@pytest.fixture
def file(tmp_path: Path) -> Source:
    path = tmp_path / "letter.glb"
    path.write_bytes(plain(*letter()))
    return Source(SourceKind.FILE, str(path))


def placed_record(scene: bpy.types.Scene, job_id: str) -> bpy.types.PropertyGroup:
    record = next(record for record in state_of(scene).jobs if record.job_id == job_id)
    assert (record.status, record.error) == ("PLACED", "")
    return record


def test_a_file_and_an_object_are_placed_without_key_and_network(scene: bpy.types.Scene, file: Source) -> None:
    raw = Source(SourceKind.OBJECT, "Raw")
    before = [tuple(vertex.co) for vertex in scene.objects["Raw"].data.vertices]
    jobs = [
        new_job.start_job(source, [scene.objects[name]], bpy.context, AS_IT_IS)
        for source, name in ((file, "Chair"), (raw, "Table"))
    ]
    with pytest.raises(UsageError, match="already being refined"):
        new_job.start_job(file, [scene.objects["Chair"]], bpy.context, AS_IT_IS)
    new_job.run_to_end([job.job_id for job in jobs], bpy.context)
    for job, source in zip(jobs, (file, raw), strict=True):
        record = placed_record(scene, job.job_id)
        assert (record.source, record.session_code) == (source.text, "")
        assert record.fit_error <= TOLERANCE
        assert scene.objects[record.result]["csm_session"] == source.label
        assert tag_of(scene.objects[record.target]).session_code == ""
    assert [tuple(vertex.co) for vertex in scene.objects["Raw"].data.vertices] == before
    assert not [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith("csm_")]

    again = decisions.convert_again(jobs[0], replace(AS_IT_IS, facing=Facing.TURN_90))
    Path(file.name).unlink()
    new_job.run_to_end([again.job_id], bpy.context)
    placed_record(scene, again.job_id)
    assert decisions.job_of(again.job_id).result.conversion.fitted.facing == 90


def test_a_preview_of_a_file_or_an_object_stands_in_the_block_out_without_key_and_network(
    scene: bpy.types.Scene, file: Source
) -> None:
    for source, name in ((file, "Chair"), (Source(SourceKind.OBJECT, "Raw"), "Table")):
        block_out = scene.objects[name]
        block_out.scale = (0.5, 1.0, 2.0)
        bpy.context.view_layer.update()
        order = preview_loader.begin(source, [block_out], bpy.context, Choices(engine=Engine.LOCAL))
        assert preview_loader.wait_for(order) == ""
        shown = preview_objects.preview_of(block_out)
        assert shown is not None
        bpy.context.view_layer.update()
        assert tuple(shown.dimensions) == pytest.approx((1.0, 2.0, 4.0), abs=1e-4)
    assert len(state_of(scene).jobs) == 0
    with pytest.raises(BadSource):
        preview_loader.begin(replace(file, name=f"{file.name}.glb"), [scene.objects["Chair"]], bpy.context, AS_IT_IS)


def test_a_file_that_cannot_be_previewed_is_to_be_exported_again(scene: bpy.types.Scene, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.glb"
    damaged.write_bytes(plain(*letter())[:-40])
    order = preview_loader.begin(Source(SourceKind.FILE, str(damaged)), [scene.objects["Chair"]], bpy.context, AS_IT_IS)
    with pytest.raises(preview_loader.PreviewUnavailable) as told:
        preview_loader.wait_for(order)
    assert "Export it again" in told.value.hint
    assert "etch" not in told.value.hint, "nothing was fetched"


@pytest.mark.parametrize(
    ("fit", "original"), [(Fit.EXACT, Original.HIDE), (Fit.INSIDE, Original.REPLACE), (Fit.NONE, Original.HIDE)]
)
def test_a_placed_result_is_turned_in_its_box_as_another_facing_would_have_it(
    scene: bpy.types.Scene, file: Source, fit: Fit, original: Original
) -> None:
    found = []
    for name, facing in (("Chair", Facing.TURN_0), ("Table", Facing.TURN_90)):
        scene.objects[name].scale = (-0.5, 1.0, 2.0)
        choices = replace(AS_IT_IS, facing=facing, fit=fit, original=original)
        job = new_job.start_job(file, [scene.objects[name]], bpy.context, choices)
        new_job.run_to_end([job.job_id], bpy.context)
        found.append((job, decisions.result_of(job.job_id)))
    (job, result), (_other, wanted) = found
    before = np.array([vertex.co for vertex in result.data.vertices])
    placed_result.turn(job)
    assert np.allclose([v.co for v in result.data.vertices], [v.co for v in wanted.data.vertices], atol=1e-6)
    for _ in range(3):
        placed_result.turn(job)
    assert np.allclose([v.co for v in result.data.vertices], before, atol=1e-6)


@pytest.mark.parametrize("original", [Original.HIDE, Original.REPLACE])
def test_a_stretched_result_is_fitted_inside_turned_and_stretched_again_as_new_jobs_would_do_it(
    scene: bpy.types.Scene, file: Source, original: Original
) -> None:
    def placed(name: str, facing: Facing, fit: Fit) -> tuple[Job, bpy.types.Object]:
        scene.objects[name].scale = (-0.5, 1.0, 2.0)
        choices = replace(AS_IT_IS, facing=facing, fit=fit, original=original)
        job = new_job.start_job(file, [scene.objects[name]], bpy.context, choices)
        new_job.run_to_end([job.job_id], bpy.context)
        result = decisions.result_of(job.job_id)
        assert result is not None
        return decisions.job_of(job.job_id), result

    def vertices(obj: bpy.types.Object) -> np.ndarray:
        return np.array([vertex.co for vertex in obj.data.vertices])

    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "Stool"
    job, result = placed("Chair", Facing.TURN_0, Fit.EXACT)
    assert "Stretched 4.0 times in height." in card(placed_result.standing(job)).verdict
    for name, facing, fit in (
        ("Table", Facing.TURN_0, Fit.INSIDE),
        ("Stool", Facing.TURN_90, Fit.INSIDE),
        ("Raw", Facing.TURN_90, Fit.EXACT),
    ):
        other, wanted = placed(name, facing, fit)
        if name == "Stool":
            placed_result.turn(job)
        else:
            placed_result.fit_again(job, fit)
        assert np.allclose(vertices(result), vertices(wanted), atol=1e-6), name
        now, asked = card(placed_result.standing(job)), card(other)
        assert (now.verdict, now.facing, now.good) == (asked.verdict, asked.facing, True)
        assert now.stretch == pytest.approx(asked.stretch, rel=1e-5)


def test_the_delivered_mesh_is_shown_over_the_result_and_leaves_nothing_behind(
    scene: bpy.types.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "letter and crumb.glb"
    points, faces = letter((0.0, 0.0, 0.0), (1.0, 2.0, 0.5))
    crumb = np.array([(3.0, 0.0, 0.0), (3.0, 0.001, 0.0), (3.0, 0.0, 0.001)])  # a body that the engine drops
    path.write_bytes(plain(np.concatenate([points, crumb]), [*faces.tolist(), [len(points) + i for i in range(3)]]))
    choices = Choices(engine=Engine.LOCAL, facing=Facing.TURN_90, remesh=RemeshOptions(triangles=500, texture_size=0))
    job = new_job.start_job(Source(SourceKind.FILE, str(path)), [scene.objects["Chair"]], bpy.context, choices)
    new_job.run_to_end([job.job_id], bpy.context)
    result = decisions.result_of(job.job_id)
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "collections", "materials")}
    assert decisions.job_of(job.job_id).result.conversion.remesh.bodies_dropped >= 1
    for change in (lambda: None, lambda: placed_result.turn(job), lambda: placed_result.fit_again(job, Fit.INSIDE)):
        change()
        bpy.context.view_layer.update()
        assert preview_objects.preview_of(result) is None, "what was shown is no longer true"
        assert preview_loader.wait_for(placed_result.show_delivered(job)) == ""
        bpy.context.view_layer.update()
        shown = preview_objects.preview_of(result)
        assert preview_objects.remark_of(shown) is Remark.DELIVERED
        found = [result.matrix_world.inverted() @ shown.matrix_world @ vertex.co for vertex in shown.data.vertices]
        off = sorted((result.closest_point_on_mesh(point)[1] - point).length for point in found)
        assert off[len(points) * 9 // 10] <= 0.02, "the letter lies on its refined mesh, of about 2 by 2 by 2"
        assert off[-1] > 1.0, "and the crumb beside it"
    placed_result.hide_delivered(job)
    assert {kind: len(getattr(bpy.data, kind)) for kind in before} == before


def test_a_preview_in_the_box_of_a_result_is_not_taken_for_the_delivered_mesh(
    scene: bpy.types.Scene, file: Source
) -> None:
    job = new_job.start_job(file, [scene.objects["Chair"]], bpy.context, Choices(engine=Engine.LOCAL))
    new_job.run_to_end([job.job_id], bpy.context)
    result = decisions.result_of(job.job_id)
    preview_loader.wait_for(preview_loader.begin(file, [result], bpy.context, AS_IT_IS))
    assert placed_result.seen_as_delivered(result) == (False, False)
    preview_loader.wait_for(placed_result.toggle_delivered(job))
    assert placed_result.seen_as_delivered(result) == (False, True), "it replaces the preview"
    assert placed_result.toggle_delivered(job) is None
    assert preview_objects.preview_of(result) is None


def test_a_result_with_shape_keys_is_turned_as_it_is_shown(scene: bpy.types.Scene, file: Source) -> None:
    job = new_job.start_job(file, [scene.objects["Chair"]], bpy.context, AS_IT_IS)
    new_job.run_to_end([job.job_id], bpy.context)
    result = decisions.result_of(job.job_id)
    result.shape_key_add(name="Basis")
    key = result.shape_key_add(name="Raised")
    for point in key.data:
        point.co.z += 0.25
    placed_result.turn(job)
    turned = np.array([vertex.co for vertex in result.data.vertices])
    for name, raised in (("Basis", 0.0), ("Raised", 0.25)):
        found = np.array([point.co for point in result.data.shape_keys.key_blocks[name].data])
        assert np.allclose(found - turned, (0.0, 0.0, raised), atol=1e-6), name


def test_a_result_whose_mesh_is_edited_in_another_object_is_not_turned(scene: bpy.types.Scene, file: Source) -> None:
    job = new_job.start_job(file, [scene.objects["Chair"]], bpy.context, AS_IT_IS)
    new_job.run_to_end([job.job_id], bpy.context)
    copy = decisions.result_of(job.job_id).copy()
    scene.collection.objects.link(copy)
    bpy.context.view_layer.objects.active = copy
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(JobError, match="is being edited"):
        placed_result.turn(job)


def test_a_session_still_needs_a_key_or_online_access(scene: bpy.types.Scene) -> None:
    with pytest.raises((MissingKey, OnlineAccessOff)):
        new_job.start_job("SESSION_1_2", [scene.objects["Chair"]], bpy.context, Choices())


def test_what_cannot_be_a_source_is_refused_and_nothing_is_recorded(scene: bpy.types.Scene, tmp_path: Path) -> None:
    block_out = scene.objects["Chair"]
    missing = Source(SourceKind.FILE, str(tmp_path / "missing.glb"))
    for source in (missing, Source(SourceKind.OBJECT, "Chair")):
        with pytest.raises(BadSource):
            new_job.start_job(source, [block_out], bpy.context, AS_IT_IS)
    bpy.context.view_layer.objects.active = scene.objects["Raw"]
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(BadSource, match="being edited"):
        new_job.start_job(Source(SourceKind.OBJECT, "Raw"), [block_out], bpy.context, AS_IT_IS)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(state_of(scene).jobs) == 0


def test_a_file_opened_where_the_store_is_unknown_holds_jobs_that_retry_finishes(
    scene: bpy.types.Scene, file: Source, tmp_path: Path
) -> None:
    jobs = [
        new_job.start_job(source, [scene.objects[name]], bpy.context, AS_IT_IS)
        for source, name in ((file, "Chair"), (Source(SourceKind.OBJECT, "Raw"), "Table"))
    ]
    blend = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    file_state().close_store()
    shutil.rmtree(tmp_path / "jobs")
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    restore.read_file()
    for job in jobs:
        restored = decisions.job_of(job.job_id)
        assert (restored.state, restored.base_url, restored.spec.source) == (JobState.CANCELLED, "", job.spec.source)
        decisions.retry(restored)
    new_job.run_to_end([job.job_id for job in jobs], bpy.context)
    for job in jobs:
        assert placed_record(bpy.context.scene, job.job_id).fit_error <= TOLERANCE


def test_the_panel_s_choices_are_those_of_the_job(scene: bpy.types.Scene, file: Source) -> None:
    state = state_of(scene)
    assert (state.source, state.engine, state.facing, state.triangles, state.use_quads, state.texture_size) == (
        ("SESSION", "SERVICE", "AUTO", 20_000, False, "2048")
    )  # fmt: skip
    assert with_chosen_engine(Choices(), scene) == Choices(), "as before for sessions"
    state.session_code = "SESSION_1_2"
    assert chosen_source(scene) == Source.of("SESSION_1_2")

    state.source = "FILE"
    with pytest.raises(BadSource, match="No file"):
        chosen_source(scene)
    state.filepath = file.name
    assert chosen_source(scene) == file
    assert with_chosen_engine(Choices(), scene) == Choices(engine=Engine.LOCAL, facing=Facing.AUTO)
    state.triangles, state.use_quads, state.texture_size, state.facing = 500, True, "512", "270"
    assert with_chosen_engine(Choices(), scene) == Choices(
        engine=Engine.LOCAL, facing=Facing.TURN_270, remesh=RemeshOptions(quads=500, texture_size=512)
    )
    state.filepath = "/meshes/chair.blend"
    with pytest.raises(BadSource):
        chosen_source(scene)

    state.source = "OBJECT"
    with pytest.raises(BadSource, match="No object"):
        chosen_source(scene)
    state.source_object = scene.objects["Raw"]
    assert chosen_source(scene) == Source(SourceKind.OBJECT, "Raw")
