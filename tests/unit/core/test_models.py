# SPDX-License-Identifier: GPL-3.0-or-later
"""A spec survives JSON, in the form that version 1.0.0 wrote.

Which changes of state are allowed: jobs/test_states.py.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jobs_at_hand import spec

from csm_blender.core.geometry.linalg import IDENTITY
from csm_blender.core.jobs.states import ACTIVE, FINISHED, JobState
from csm_blender.core.models import AssetChoice, AssetPlace, JobSpec, Target

FULL = spec(
    "SESSION_1",
    target=Target("Chair", IDENTITY, (-1.0, -1.0, 0.0), (1.0, 1.0, 2.0)),
    parts=("Chair", "Cushion"),
    blend_file="/a.blend",
    scene_name="Scene",
    output="/b.blend",
    export_path="/c.glb",
    run_id="run",
    scale_length=0.01,
)
FIELDS_OF_1_0_0 = {
    "session_code", "result_name", "refinement", "placement", "scale_length", "target", "fit", "pivot", "original",
    "again",
    "blend_file", "scene_name", "output", "export_path", "run_id", "parts", "copies", "materials", "asset",
}  # fmt: skip


@pytest.mark.parametrize("wish", [FULL, spec("SESSION_1")], ids=["full", "numbers"])
def test_a_spec_survives_json_with_the_fields_of_1_0_0(wish: JobSpec) -> None:
    data = json.loads(json.dumps(wish.as_dict()))
    assert JobSpec.from_dict(data) == wish
    assert set(data) == FIELDS_OF_1_0_0


def test_fields_that_came_later_may_be_missing_and_others_may_not() -> None:
    data = json.loads(json.dumps(FULL.as_dict()))
    short = {name: value for name, value in data.items() if name not in ("parts", "copies", "materials", "asset")}
    assert JobSpec.from_dict(short) == replace(FULL, parts=())
    for name in ("session_code", "placement", "refinement"):
        with pytest.raises((KeyError, TypeError)):
            JobSpec.from_dict({key: value for key, value in data.items() if key != name})


def test_a_job_is_called_by_its_block_outs() -> None:
    assert (FULL.label, FULL.object_name) == ("Chair+Cushion", "Chair")
    assert replace(FULL, parts=()).label == "Chair"
    assert (spec("SESSION_1").label, spec("SESSION_1").object_name) == ("", "")


def test_a_job_is_active_or_finished_or_waits_for_a_person() -> None:
    assert set(JobState) - ACTIVE - FINISHED == {JobState.READY, JobState.UNCERTAIN}
    assert set() == ACTIVE & FINISHED


def test_a_wish_for_an_asset_survives_json() -> None:
    wish = {"place": "LIBRARY", "library": "Props", "folder": "/props", "author": "Ada"}
    assert AssetChoice.from_dict(wish) == AssetChoice(AssetPlace.LIBRARY, "Props", "/props", "Ada")
