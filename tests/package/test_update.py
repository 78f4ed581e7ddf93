# SPDX-License-Identifier: GPL-3.0-or-later
"""From 1.0.0 to this version and back, with Blender's own commands, from a repository on loopback.

In the oldest Blender that is supported, of which there is a module only, and in those that have a program. In a window:
tests/gui/test_update.py.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from blenders import blenders_for_tests, program_of_module
from data_of_1_0_0 import RELEASED_ZIP
from extension_repository import FreshBlender, build_extension, publish, served
from mesh_files import write_glb

from csm_blender.core.version import VERSION

DONE, SLOW = "SESSION_P_00000000021", "SESSION_P_00000000022"
OLDEST = "4.2"
LONGEST_WAIT_S = 60.0


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_extension(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Its folder, which offers 1.0.0 at first, and its address."""
    folder = tmp_path / "repository"
    publish(folder, RELEASED_ZIP)
    with served(folder) as address:
        yield folder, address


@pytest.fixture
def blender_of(tmp_path: Path, service: Any) -> Callable[[str], FreshBlender]:
    """Gives 4.2, or the first or second program, in a home of its own, with a service of two sessions: one is slow."""
    mesh = write_glb(tmp_path / "mesh.glb")
    for code, seconds in ((DONE, 0.2), (SLOW, 4.0)):
        service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=seconds)

    def get(which: str) -> FreshBlender:
        if which == OLDEST:
            program = program_of_module(OLDEST, tmp_path)
        else:
            found = blenders_for_tests()
            if which == "second" and len(found) < 2:
                pytest.skip("only one Blender was named")
            program = found[which == "second"]
        return FreshBlender(program, tmp_path / "home", CSM_API_KEY=service.key, CSM_BASE_URL=service.url)

    return get


def version_of(blender: FreshBlender) -> str:
    found: str = tomllib.loads((blender.installed / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]
    return found


def interrupted_refine(blender: FreshBlender, scene: Path, output: Path) -> None:
    """A refine of the slow session, stopped by Ctrl-C while the service works: it is asked again after 5 s only."""
    words = ["--command", "csm", "refine", "--job", f"{SLOW}=Chair", "--output", output]
    process = blender.start("--offline-mode", scene, *words)
    until(lambda: states(blender).get(SLOW) == "REFINING", process)
    process.send_signal(signal.SIGINT)
    assert process.wait(LONGEST_WAIT_S) == 130


def states(blender: FreshBlender) -> dict[str, str]:
    """The state of each session's job, as it is on the disk."""
    store = blender.jobs_home / "jobs.sqlite3"
    if not store.is_file():
        return {}
    with closing(sqlite3.connect(store)) as database:
        try:
            return dict(database.execute("SELECT session_code, state FROM jobs"))
        except sqlite3.OperationalError:  # just being made
            return {}


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("which", [OLDEST, "first", "second"])
def test_a_job_of_1_0_0_is_finished_after_the_update_and_1_0_0_goes_on_after_going_back(
    blender_of: Callable[[str], FreshBlender], repository: tuple[Path, str], archive: Path, service: Any, which: str
) -> None:
    blender, (folder, address) = blender_of(which), repository
    blender.take_from(address)
    assert version_of(blender) == "1.0.0"
    scene = blender.block_out("scene.blend")
    done, later = blender.home / "done.blend", blender.home / "later.blend"
    placed = blender.csm("refine", "--job", f"{DONE}=Chair", "--output", done, scene=scene)
    assert [job["status"] for job in placed["jobs"]] == ["PLACED"]
    interrupted_refine(blender, scene, later)

    publish(folder, archive)
    assert f"1.0.0 -> {VERSION}" in blender.extension("list", "--sync")
    blender.extension("update")
    assert version_of(blender) == VERSION
    assert states(blender) == {DONE: "PLACED", SLOW: "REFINING"}, "the store is still there"
    resumed = blender.csm("resume")
    assert [(job["session"], job["status"]) for job in resumed["jobs"]] == [(SLOW, "PLACED")]
    assert resumed["jobs"][0]["fit"]["placed_error"] <= 1e-5
    assert later.is_file()
    again = blender.csm("refine", "--job", f"{SLOW}=Chair", "--output", blender.home / "both.blend", scene=done)
    assert [job["status"] for job in again["jobs"]] == ["PLACED"], (
        "a file that 1.0.0 saved is worked on, its block-out hidden"
    )
    assert service.counts()["post"] == {DONE: 1, SLOW: 1}, "nothing is paid twice"

    back = blender.extension("install-file", "-r", "csm", "-e", RELEASED_ZIP)
    assert version_of(blender) == "1.0.0", back
    assert f"1.0.0 -> {VERSION}" in blender.extension("list"), "Blender says that there is a newer one"
    listed = blender.csm("jobs")
    assert [(job["session"], job["status"]) for job in listed["jobs"]] == [
        (DONE, "PLACED"), (SLOW, "PLACED"), (SLOW, "PLACED"),
    ]  # fmt: skip
    shown = again["jobs"][0]["result"]["object"]  # 1.0.0 crashes Blender 4.3 on what is hidden, as earlier results are
    onto_result = ["refine", "--job", f"{DONE}={shown}", "--output", done]
    reopened = blender.csm(*onto_result, scene=blender.home / "both.blend")
    assert [job["status"] for job in reopened["jobs"]] == ["PLACED"], "a file that this version saved is worked on"


@pytest.mark.parametrize("which", [OLDEST, "second"])
def test_1_0_0_says_that_it_cannot_read_a_newer_store_and_leaves_it_alone(
    blender_of: Callable[[str], FreshBlender], repository: tuple[Path, str], archive: Path, which: str
) -> None:
    blender, (folder, address) = blender_of(which), repository
    publish(folder, archive)
    blender.take_from(address)
    write_glb(blender.home / "chair.glb")
    scene = blender.block_out("scene.blend")
    output = blender.home / "refined.blend"
    words = ["refine", "--job", "chair.glb=Chair", "--texture", "0", "--output", output]
    assert blender.csm(*words, scene=scene)["jobs"][0]["status"] == "PLACED"

    blender.extension("install-file", "-r", "csm", "-e", RELEASED_ZIP)
    before = (blender.jobs_home / "jobs.sqlite3").read_bytes()
    refused = blender.run("--offline-mode", output, "--command", "csm", "jobs")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "was written by a newer CSM Refine" in refused.stderr
    assert "Update CSM Refine" in refused.stderr
    assert (blender.jobs_home / "jobs.sqlite3").read_bytes() == before

    blender.extension("update", "--sync")
    assert version_of(blender) == VERSION
    assert [job["status"] for job in blender.csm("jobs")["jobs"]] == ["PLACED"]
