# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds leases: seen as alive while it lives, as gone when it was killed, and otherwise not judged."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import ROOT
from job_states import LOCAL_URL
from jobs_at_hand import spec

from csm_blender.core.jobs import holder
from csm_blender.core.jobs.store import Store

LONG_S = 50.0
LIVE = """
import sys, tempfile
sys.path.insert(0, sys.argv[1])
tempfile.tempdir = sys.argv[2]
from csm_blender.core.jobs.holder import alive_as
with alive_as(sys.argv[3]):
    print("alive", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def other(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, alive as ``other``."""
    arguments = [sys.executable, "-c", LIVE, str(ROOT), str(temporary), "other"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        yield process
        process.kill()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "home")
    yield opened
    opened.close()


def test_one_that_lives_is_not_gone_and_one_that_ended_leaves_nothing(temporary: Path) -> None:
    with holder.alive_as("me"):
        assert not holder.is_gone("me")
        assert not holder.is_gone("me"), "to have asked does not end it"
    assert not list(temporary.iterdir())


def test_files_of_killed_processes_go_after_a_day_and_those_of_living_ones_stay(
    temporary: Path, other: subprocess.Popen[str]
) -> None:
    [living] = temporary.iterdir()
    dead = {age: temporary / living.name.replace("other", f"dead-{age}") for age in ("new", "old")}
    for path in dead.values():
        path.touch()
    before = time.time() - holder.KEPT_S - 60.0
    for path in (living, dead["old"]):
        os.utime(path, (before, before))
    with holder.alive_as("me"):
        assert living.exists(), "it lives, however long"
        assert dead["new"].exists(), "a lease of it may not be over"
        assert not dead["old"].exists()
        assert not holder.is_gone("other")


def test_of_one_that_was_never_seen_here_nothing_is_known(temporary: Path) -> None:
    assert not holder.is_gone("stranger")
    assert not list(temporary.iterdir()), "asking makes no file, which would look like a dead one"


def test_another_machine_does_not_judge(other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It may see the same folder, but not the lock."""
    other.kill()
    other.wait()
    monkeypatch.setattr(platform, "node", lambda: "another-machine")
    assert not holder.is_gone("other")


def test_the_job_of_a_killed_worker_is_free_at_once(store: Store, other: subprocess.Popen[str]) -> None:
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    assert store.claim(job.job_id, "other", LONG_S)
    assert not store.claim(job.job_id, "me", LONG_S)
    assert store.waiting_for_worker(LOCAL_URL, "me") == []
    other.kill()
    other.wait()
    assert store.waiting_for_worker(LOCAL_URL, "me") == [job.job_id]
    assert store.claim(job.job_id, "me", LONG_S)


def test_a_claim_finds_out_by_itself(store: Store, other: subprocess.Popen[str], temporary: Path) -> None:
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    assert store.claim(job.job_id, "other", LONG_S)
    other.kill()
    other.wait()
    assert store.claim(job.job_id, "me", LONG_S)
    assert not list(temporary.iterdir()), "nothing is left of the killed one"


def test_a_worker_without_a_lock_keeps_its_lease_until_it_runs_out(store: Store) -> None:
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    assert store.claim(job.job_id, "on another machine", LONG_S)
    assert not store.claim(job.job_id, "me", LONG_S)
    assert store.waiting_for_worker(LOCAL_URL, "me") == []


def test_where_nothing_can_be_locked_work_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with holder.alive_as("me"):
        assert not holder.is_gone("me")
