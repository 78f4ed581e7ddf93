# SPDX-License-Identifier: GPL-3.0-or-later
"""What the places where jobs are kept have in common."""

from __future__ import annotations

import pytest

from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.jobs.job_records import IllegalMove, JobRecords, check_move, is_lasting
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

S = JobState


@pytest.mark.parametrize("place", [Store, JobFolders])
def test_both_places_do_what_the_pipeline_asks_for(place: type) -> None:
    asked = {name for name in vars(JobRecords) if not name.startswith("_")}
    assert asked >= {"get", "update", "begin_post", "claim", "release"}
    assert asked <= {name for name in dir(place) if not name.startswith("_")}


def test_a_move_starts_where_the_job_is_and_was_thought_to_be() -> None:
    check_move(S.QUEUED, S.QUEUED, S.CHECKING)
    with pytest.raises(IllegalMove):
        check_move(S.CHECKING, S.QUEUED, S.CHECKING)
    with pytest.raises(IllegalMove):
        check_move(S.QUEUED, S.QUEUED, S.READY)


@pytest.mark.parametrize(
    ("changes", "lasting"),
    [
        ({"posted_at": "x"}, True),
        ({"accepted_at": "x"}, True),
        ({"state": S.FAILED}, True),
        ({"cancel_requested": True}, True),
        ({"state": S.CONVERTING}, False),
        ({"progress": 0.5}, False),
    ],
)
def test_what_payments_and_people_depend_on_waits_for_the_disk(changes: dict[str, object], lasting: bool) -> None:
    assert is_lasting(changes) is lasting
