# SPDX-License-Identifier: GPL-3.0-or-later
"""The service as a process: its start and end, its command line, what outlives a restart, its samples."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trimesh
from common import service_blender
from csm_server.launch import LaunchError, LocalService
from glbs import glb, load, wavy, welded
from serving import children, refined, started, wait

ROOT = Path(__file__).resolve().parents[2]
SERVER = str(ROOT / "scripts" / "csm_server")
SAMPLES = ["SESSION_P_44569824122", *(f"SESSION_{1700000000 + n}_{n:07d}" for n in range(1, 8))]


def run(*words, **options):
    return subprocess.run(
        [sys.executable, SERVER, *map(str, words)], capture_output=True, text=True, timeout=60, check=False, **options
    )


def test_start_is_quick_and_the_first_one_makes_the_samples(tmp_path):
    begin = time.monotonic()
    with started(tmp_path, "--api-key", "mine") as service:
        first = time.monotonic() - begin
        assert service.key == "mine"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.url)
        assert service.request("GET", "/image-to-3d-sessions").json["data"]["total"] == len(SAMPLES)
        assert str(tmp_path) in service.output
        assert service.request("GET", "/_control/counts").status == 404, "no test routes by default"
        begin = time.monotonic()
        service.stop()
        service.start()
        assert time.monotonic() - begin < 5
    assert first < 20, "with a wide margin for a busy machine; it takes about 2 s"


def test_samples_are_coarse_and_flawed_and_can_be_refined(service):
    styles = set()
    for code in SAMPLES:
        styles |= {"status", "session_status"} & set(service.session(code))
        preview = (service.data / "sessions" / code / "preview" / "mesh.glb").read_bytes()
        assert all(mesh.visual.material.baseColorTexture for mesh in load(preview).geometry.values())
        before, after = welded(preview), welded(refined(service, code))
        assert len(before.faces) < 3000
        assert not before.is_winding_consistent
        assert not before.is_watertight
        assert 500 < len(after.faces) <= 20_000
    assert styles == {"status", "session_status"}
    assert service.session(SAMPLES[0])["caption"] == "Oak armchair with a red cushion"


def test_the_program_of_the_document_runs_as_it_stands(tmp_path):
    """The one of docs/local-service.md, with the two names that it leaves to its reader."""
    text = (ROOT / "docs" / "local-service.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "chair.glb").write_bytes(glb(wavy()))
    mine = f"interpreter, path = {sys.executable!r}, {service_blender()!r}\n"
    around = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    call = [sys.executable, "-c", mine + program]
    done = subprocess.run(call, cwd=tmp_path, env=around, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+ \S+ \{'SESSION_\d+_\d+': 1\}\n", done.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly(tmp_path, number):
    with started(tmp_path, "--refine-seconds", "60") as service:
        service.refine(SAMPLES[0])
        process = service._process
        os.kill(service.pid, number)
        assert process.wait(10) == 0
        assert "Traceback" not in service.output


def test_results_outlive_a_restart(tmp_path):
    with started(tmp_path, "--refine-seconds", "0") as service:
        mesh = refined(service, SAMPLES[0], scaled_bbox=[1, 2, 3])
        before = service.session(SAMPLES[0])
        service.stop()
        service.start()
        after = service.session(SAMPLES[0])
        assert after["status"] == "refine_done"
        assert after["updated_at"] == before["updated_at"]
        assert service.request("GET", after["mesh_url_glb"]).body == mesh


def test_a_refine_under_way_goes_on_after_a_crash(tmp_path):
    with started(tmp_path, "--refine-seconds", "1.5") as service:
        service.refine(SAMPLES[0], scaled_bbox=[1, 2, 3])
        service.kill()
        service.start()
        assert service.session(SAMPLES[0])["status"] == "training_refine"
        assert wait(service, SAMPLES[0])["status"] == "refine_done"
        assert service.session(SAMPLES[0])["scaled_bbox"] == [1, 2, 3]


@pytest.mark.parametrize("busy", [True, False])
def test_its_blender_ends_with_the_service(tmp_path, busy):
    """Killed with signal 9, in the middle of a refine or after it: the pipe to the child closes, and it ends."""
    with started(tmp_path, "--control", "--refine-seconds", "0") as service:
        code = service.add_session(None, glb(trimesh.creation.icosphere(subdivisions=6)))
        service.refine(code)
        if busy:
            while service.session(code)["percent_done"] < 5:
                time.sleep(0.02)
        else:
            wait(service, code)
        (child,) = children(service.pid)
        assert service.session(code)["session_status"] == ("in_progress" if busy else "complete")
        service.kill()
        end = time.monotonic() + 3
        while alive(child) and time.monotonic() < end:
            time.sleep(0.02)
        assert not alive(child)


def alive(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.startswith("Z")


def test_gets_answer_at_once_during_a_refine(service, add):
    code = add(glb(trimesh.creation.icosphere(subdivisions=6)), refine_seconds=0)
    service.refine(code)
    slowest = 0.0
    while True:
        begin = time.monotonic()
        data = service.session(code)
        slowest = max(slowest, time.monotonic() - begin)
        if data["session_status"] != "in_progress":
            break
        time.sleep(0.01)
    assert data["session_status"] == "complete"
    assert slowest < 0.5


def test_the_style_can_be_forced(tmp_path):
    with started(tmp_path, "--style", "2025") as service:
        assert all("session_status" in service.session(code) for code in SAMPLES)


def test_add_while_it_runs(service, tmp_path):
    path = tmp_path / "egg.glb"
    path.write_bytes(glb(wavy()))
    done = run("add", path, "--session", "SESSION_MINE_1", "--data", service.data)
    assert (done.returncode, done.stdout) == (0, "SESSION_MINE_1\n")
    assert service.session("SESSION_MINE_1")["caption"] == "egg"
    assert len(refined(service, "SESSION_MINE_1")) > 10_000
    done = run("add", path, "--data", service.data)
    assert re.fullmatch(r"SESSION_\d{10}_\d{7}\n", done.stdout)


@pytest.mark.parametrize(
    "words",
    [["--port", "x"], ["--port", "70000"], ["--style", "2023"], ["--refine-seconds", "-1"], ["--memory", "0"], ["x"]],
)
def test_wrong_use(words):
    done = run(*words)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_a_taken_port_is_said(service, tmp_path):
    done = run("--port", service.url.rsplit(":", 1)[1], "--data", tmp_path)
    assert done.returncode == 1
    assert "cannot start" in done.stderr


def test_missing_requirements_are_said(tmp_path):
    script = "import sys; sys.modules['uvicorn'] = None; from csm_server import cli; sys.exit(cli.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", script, "--data", str(tmp_path)],
        cwd=ROOT / "scripts", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "uvicorn" in done.stderr
    assert "-m pip install -r" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_launcher_says_why_it_did_not_start(tmp_path):
    with pytest.raises(LaunchError, match="unrecognized"):
        LocalService(data=tmp_path, options=["--nothing"]).start()
