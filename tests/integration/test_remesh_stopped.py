# SPDX-License-Identifier: GPL-3.0-or-later
"""``remesh`` out of time, memory or disk, interrupted or killed: nothing is left, and no one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from blender_scenes import Csm
from disks import mounted
from many_bodies import many_bodies
from remesh_calls import call, names

bpy = pytest.importorskip("bpy")


def test_a_million_bodies_end_at_the_time_limit(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "in.glb").write_bytes(many_bodies(1_000_000))
    started_s = time.monotonic()
    done = call(capfd, tmp_path / "in.glb", tmp_path / "out.glb", "--timeout", 1.5, "--json")
    assert time.monotonic() - started_s < 8.0
    assert done.status == 1
    assert done.report["error"]["code"] == "conversion_failed"
    assert "not done after 1.5 seconds" in done.report["error"]["message"]
    assert "--timeout" in done.report["error"]["hint"]
    assert names(tmp_path) == ["in.glb"]


def test_what_does_not_fit_in_memory_is_refused_before_the_work(
    capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csm_blender.core.processes.remesh_child.memory_to_use", lambda: 100 * 1024**2)
    done = call(capfd, rough, tmp_path / "out.glb", "--json")
    assert done.status == 1
    assert done.report["error"]["code"] == "not_enough_memory"
    assert "0.1 GB may be used" in done.report["error"]["message"]
    assert names(tmp_path) == ["rough.glb"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_and_no_one(csm_without_service: Csm, tmp_path: Path, number: int) -> None:
    (tmp_path / "in.glb").write_bytes(many_bodies(300_000))
    process = csm_without_service.start("remesh", tmp_path / "in.glb", tmp_path / "out.glb")
    assert process.stderr is not None
    assert "Reading" in process.stderr.readline()
    (working_in,) = tmp_path.glob(".out-*.part")
    time.sleep(0.3)
    sent_s = time.monotonic()
    process.send_signal(number)
    _stdout, stderr = process.communicate(timeout=10)
    assert time.monotonic() - sent_s < 1.5
    assert process.returncode == 130
    assert "Interrupted" in stderr
    assert names(tmp_path) == ["home", "in.glb"]
    assert converters_in(working_in) == []


def converters_in(folder: Path) -> list[str]:
    """The process ids of converters with a request in *folder*."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in (entry / "cmdline").read_text(errors="replace"):
                found.append(entry.name)
        except OSError:  # ended meanwhile
            continue
    return found


@pytest.mark.skipif(os.name != "posix", reason="what is killed elsewhere cannot be seen in /proc")
def test_a_killed_command_leaves_nothing(csm_without_service: Csm, tmp_path: Path) -> None:
    """Its converter sees that it is gone, and removes what both have made."""
    (tmp_path / "in.glb").write_bytes(many_bodies(100_000))
    process = csm_without_service.start("remesh", tmp_path / "in.glb", tmp_path / "out.glb")
    assert process.stderr is not None
    assert "Reading" in process.stderr.readline()
    (working_in,) = tmp_path.glob(".out-*.part")
    process.kill()
    process.communicate(timeout=10)
    until_s = time.monotonic() + 30.0
    while (converters_in(working_in) or working_in.exists()) and time.monotonic() < until_s:
        time.sleep(0.1)
    assert names(tmp_path) == ["home", "in.glb"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.5 MiB."""
    folder = tmp_path / "disk"
    mounted(folder, "size=1536k")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("suffix", [".glb", ".obj", ".usdc"])
def test_a_full_disk_leaves_no_output(
    suffix: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, small_disk: Path
) -> None:
    (tmp_path / "in.glb").write_bytes(many_bodies(4000))
    (small_disk / "filler").write_bytes(bytes(1400 * 1024))
    before = names(small_disk)
    done = call(capfd, tmp_path / "in.glb", small_disk / f"out{suffix}", "--texture", 0, "--json")
    assert done.status == 1, done.stderr
    assert done.report["error"]["code"] == "disk_problem", done.stderr
    assert "costs nothing" not in done.report["error"]["hint"], "that is about the service"
    assert names(small_disk) == before


def test_a_full_disk_is_refused_before_the_work(
    capfd: pytest.CaptureFixture[str], rough: Path, small_disk: Path
) -> None:
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    done = call(capfd, rough, small_disk / "out.glb", "--json")
    assert done.status == 1
    assert done.report["error"]["code"] == "disk_problem"
    assert "Reading" not in done.stderr
    assert names(small_disk) == ["filler"]
