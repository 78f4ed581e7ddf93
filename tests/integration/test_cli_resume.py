# SPDX-License-Identifier: GPL-3.0-or-later
"""Interrupted and killed calls lose nothing: ``resume`` finishes them, and nothing is paid twice."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from blender_scenes import Csm, plain_measure

from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

SESSION = "SESSION_1700000002_0000002"


def start_and_wait_for(csm: Csm, blockout: Path, output: Path, state: JobState) -> subprocess.Popen[str]:
    """A refine under way, once its job is in *state*."""
    call = ("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", output, "--json")
    return start_and_wait_for_call(csm, call, state)


def start_and_wait_for_call(csm: Csm, call: Sequence[object], state: JobState) -> subprocess.Popen[str]:
    """The same for any call."""
    process = csm.start(*call)
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        database = csm.folder / "jobs" / "jobs.sqlite3"
        if database.exists():
            with closing(Store(database.parent)) as store:
                jobs = store.jobs()
            if jobs and jobs[0].state is state:
                return process
        time.sleep(0.02)
    pytest.fail(f"the job never came to {state}")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_refine_is_status_130_and_can_be_resumed(
    csm: Csm, blockout: Path, tmp_path: Path, how: signal.Signals
) -> None:
    csm.service.add_fault({"delay_s": 0.2}, path=".*", times=None)
    output = tmp_path / "out.blend"
    process = start_and_wait_for(csm, blockout, output, JobState.REFINING)
    process.send_signal(how)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert '"status": "REFINING"' in stdout
    assert "resume" in stderr
    assert not output.exists()

    done = csm("resume", "--json")
    assert done.status == 0, done.stderr
    assert [job["status"] for job in done.jobs] == ["PLACED"]
    assert plain_measure(output, "Chair=Chair_refined")["Chair=Chair_refined"]["corner_error"] <= 1e-5
    assert csm.service.counts()["post"] == {SESSION: 1}


def test_a_killed_refine_can_be_resumed(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    """Every other state: tests/reliability. Takes as long as the lease of the killed process."""
    csm.service.add_fault({"delay_s": 0.2}, path="/image-to-3d-sessions/.*", times=None)
    output = tmp_path / "out.blend"
    process = start_and_wait_for(csm, blockout, output, JobState.CONVERTING)
    process.kill()
    process.communicate()

    done = csm("resume", "--json", timeout=150.0)
    assert done.status == 0, done.stderr
    assert [job["status"] for job in done.jobs] == ["PLACED"]
    assert plain_measure(output, "Chair=Chair_refined")["Chair=Chair_refined"]["corner_error"] <= 1e-5
    assert csm.service.counts()["post"] == {SESSION: 1}
    job_folder = next(path for path in (tmp_path / "jobs").iterdir() if path.is_dir() and path.name != "logs")
    assert not list(job_folder.glob("*.part"))
    assert not list(job_folder.glob("converting-*"))


def test_nothing_to_resume_is_no_error(csm: Csm) -> None:
    done = csm("resume", "--json")
    assert (done.status, done.jobs) == (0, [])
