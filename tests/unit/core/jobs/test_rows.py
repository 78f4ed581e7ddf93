# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as rows and back, whatever a row holds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from job_states import LOCAL_URL
from jobs_at_hand import spec

from csm_blender.core.api.session import Baseline
from csm_blender.core.jobs.rows import columns_from
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.messages import Message


def test_every_kind_of_field_comes_back_as_it_went_in(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    message = Message("Trying again in {delay} s", delay="3")
    error = {"code": "bad_mesh", "message": "Bad.", "hint": ""}
    baseline = Baseline("preview_done", "", "2030", ("abc", "def"))
    store.update(
        job, state=JobState.CHECKING, message=message, error=error, baseline=baseline, seen_running=True, gets=3
    )
    fresh = store.get(job.job_id)
    assert fresh is not None
    assert (fresh.error, fresh.baseline, fresh.seen_running, fresh.gets) == (error, baseline, True, 3)
    assert (str(fresh.message), fresh.message.template, fresh.message.values) == (
        "Trying again in 3 s",
        "Trying again in {delay} s",
        {"delay": "3"},
    )
    store.update(fresh, error=None)
    assert store.jobs()[0].error is None
    store.close()


def test_a_message_is_its_english_text_and_beside_it_what_it_was_made_of() -> None:
    plain, made = columns_from({"message": "Plain"}), columns_from({"message": Message("{n} left", n=2)})
    assert plain == {"message": "Plain", "message_json": ""}
    assert made["message"] == "2 left"
    assert json.loads(made["message_json"]) == {"code": "", "template": "{n} left", "values": {"n": 2}}


@pytest.mark.parametrize("data", ["", "no JSON", "[]", "{}", '{"template": "Another", "code": "", "values": {}}'])
def test_english_that_an_older_version_wrote_wins_over_what_stands_beside_it(tmp_path: Path, data: str) -> None:
    store = Store(tmp_path)
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as older:
        older.execute("UPDATE jobs SET message='Waiting', message_json=?", [data])
    fresh = store.get(job.job_id)
    assert fresh is not None
    assert (str(fresh.message), fresh.message.template) == ("Waiting", "Waiting")
    store.close()


@pytest.mark.parametrize(
    "damage", ["state='NOWHERE'", "spec_json='{'", "spec_json='{}'", "result_json='{'", "baseline_json='[]'"]
)
def test_a_row_that_makes_no_sense_does_not_hide_the_others(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    broken, good = store.add(spec("SESSION_1"), LOCAL_URL), store.add(spec("SESSION_2"), LOCAL_URL)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute(f"UPDATE jobs SET {damage} WHERE job_id=?", [broken.job_id])
    assert store.jobs() == [good]
    assert broken.job_id in caplog.text
    store.close()
