# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ``tests/data/1.0.0``: a job store and a .blend as version 1.0.0 wrote them, by running its code.

    git worktree add /tmp/csm-1.0.0 3063547
    .venvs/bpy-4.2/bin/python tests/data/make_1_0_0.py /tmp/csm-1.0.0 .venvs/test/bin/python

The second argument is a Python with the requirements of the local service. Nothing of this checkout is imported. The
data are committed, since later versions cannot make them; this is how they came to be. What the folder holds:

``jobs/``
    the job store, with a job in every state, and the files of those that have some
``scene.blend``
    the scene these jobs belong to, saved with the add-on of 1.0.0 registered: ``Scene.csm`` and ``Object.csm``
``command-line.blend``
    the input of a call of ``refine`` that was interrupted; its job is in the store as well

Absolute paths and the address of the service are replaced by ``/ROOT-OF-1.0.0`` and ``http://127.0.0.1:1``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

HERE = Path(__file__).resolve().parent
OUT = HERE / "1.0.0"
PLACEHOLDER, NO_URL = "/ROOT-OF-1.0.0", "http://127.0.0.1:1"
STATES = ("QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING", "READY", "PLACED", "FAILED",
          "CANCELLED", "UNCERTAIN")  # fmt: skip
CODES = {state: f"SESSION_P_{number:011d}" for number, state in enumerate(STATES, 1)}
COMMAND_LINE_CODE = "SESSION_P_00000000012"


class Stop(BaseException):
    """Ends a run in the middle, as Ctrl-C would."""


def box(name: str, at: float) -> Any:
    """A block-out of 0.5 x 0.6 x 0.9 that stands on its origin."""
    x, y, z = 0.25, 0.3, 0.9
    corners = [(a, b, c) for c in (0.0, z) for b in (-y, y) for a in (-x, x)]
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], faces)
    obj = bpy.data.objects.new(name, mesh)
    obj.location = (at, 1.0, 0.25)
    obj.rotation_euler = (0.0, 0.0, 0.7)
    bpy.context.scene.collection.objects.link(obj)
    return obj


def make_jobs(service: Any) -> None:
    """A job in each state, each for an object of its name in the open scene."""
    from csm_blender.scene.planning import Choices
    from csm_blender.scene.readiness import settings_now

    from csm_blender.core import actions
    from csm_blender.scene import desk, mirror, running, starting

    store = desk.desk.open_store()

    def begin(state: str) -> Any:
        return starting.start_job(CODES[state], [bpy.data.objects[state.title()]], bpy.context, Choices())

    def run(job: Any, until: Callable[[Any], bool] = lambda job: False) -> None:
        def look(job: Any) -> None:
            if until(job):
                raise Stop

        with contextlib.suppress(Stop):
            running.run_pipeline(store, [job.job_id], settings_now(), concurrency=1, on_change=look)

    begin("QUEUED")
    for state in ("CHECKING", "REFINING", "DOWNLOADING", "CONVERTING"):
        run(begin(state), lambda job, state=state: str(job.state) == state)
    submitting = begin("SUBMITTING")
    run(submitting, lambda job: str(job.state) == "SUBMITTING")
    store.claim(submitting.job_id, "killed", 1.0)
    assert store.begin_post(store.get(submitting.job_id), "killed") is None  # and killed before it was sent
    run(begin("READY"))
    service.add_fault({"status": 402}, method="POST", path=f".*{CODES['FAILED']}")
    run(begin("FAILED"))
    service.add_fault({"status": 500}, method="POST", path=f".*{CODES['UNCERTAIN']}")
    run(begin("UNCERTAIN"))
    cancelled = begin("CANCELLED")
    run(cancelled, lambda job: str(job.state) == "REFINING")
    actions.cancel(store, store.get(cancelled.job_id))
    assert bpy.ops.csm.refine(session_code=CODES["PLACED"], target="Placed") == {"FINISHED"}
    for job in store.jobs():
        desk.desk.jobs[job.job_id] = job
    mirror.repaint_all()
    found = {job.spec.object_name.upper(): str(job.state) for job in store.jobs()}
    assert found == {state: state for state in STATES}, found


def interrupted_call(checkout: Path, root: Path) -> None:
    """``refine`` on the command line, stopped by Ctrl-C while the service works."""
    call = [sys.executable, "-m", "csm_blender", "refine", "--blend", root / "command-line.blend"]
    call += ["--job", f"{COMMAND_LINE_CODE}=Chair", "--output", root / "output.blend", "--json"]
    process = subprocess.Popen(list(map(str, call)), cwd=checkout, stdout=subprocess.DEVNULL)
    for _ in range(600):
        with contextlib.closing(sqlite3.connect(root / "jobs" / "jobs.sqlite3")) as database:
            state = database.execute("SELECT state FROM jobs WHERE session_code=?", [COMMAND_LINE_CODE]).fetchone()
        if state == ("REFINING",):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130


def main() -> None:
    """Make everything anew."""
    checkout, service_python = Path(sys.argv[1]).resolve(), sys.argv[2]
    sys.path[:0] = [str(checkout), str(checkout / "scripts" / "csm_server"), str(checkout / "tests" / "support")]
    from launch import LocalService
    from tiny_glb import glb

    import csm_blender

    assert Path(csm_blender.__file__).is_relative_to(checkout), csm_blender.__file__
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    mesh = OUT / "mesh.glb"
    mesh.write_bytes(glb())
    with LocalService(python=service_python, options=["--control", "--refine-seconds", "0.3"]) as service:
        for code in (*CODES.values(), COMMAND_LINE_CODE):
            slow = code in (CODES["REFINING"], CODES["CANCELLED"], COMMAND_LINE_CODE)
            service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=600.0 if slow else 0.3)
        os.environ |= {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key, "CSM_HOME": str(OUT / "jobs")}
        bpy.ops.wm.read_factory_settings(use_empty=True)
        box("Chair", 0.0)
        bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "command-line.blend"), compress=True)

        bpy.ops.wm.read_factory_settings(use_empty=True)
        csm_blender.register()
        for number, state in enumerate(STATES):
            box(state.title(), 2.0 * number)
        drawn = box("Custom", -2.0)
        drawn.csm.use_custom_box = True
        drawn.csm.custom_box_min, drawn.csm.custom_box_max = (-1.0, -0.5, 0.0), (1.0, 0.5, 3.0)
        bpy.context.scene.csm.custom_pivot = (0.25, -0.5, 0.5)
        bpy.context.scene.csm.pivot, bpy.context.scene.csm.fit = "CUSTOM", "INSIDE"
        bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "scene.blend"), compress=True)
        make_jobs(service)
        bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "scene.blend"), compress=True)
        csm_blender.unregister()
        interrupted_call(checkout, OUT)
        tidy(service.url)


def tidy(url: str) -> None:
    """Leave one file of the store, without paths and addresses of this machine, and nothing that is not needed."""
    with contextlib.closing(sqlite3.connect(OUT / "jobs" / "jobs.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE jobs SET base_url=? WHERE base_url=?", [NO_URL, url])
        for column in ("spec_json", "result_json", "blend_file", "message", "error_json"):
            database.execute(f"UPDATE jobs SET {column}=replace({column}, ?, ?)", [str(OUT), PLACEHOLDER])
        database.execute("UPDATE jobs SET lease_owner='', lease_until=0")
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("VACUUM")
    shutil.rmtree(OUT / "jobs" / "logs", ignore_errors=True)
    for leftover in (*OUT.glob("*.blend1"), OUT / "mesh.glb", OUT / "jobs" / "jobs.sqlite3.lock"):
        leftover.unlink(missing_ok=True)
    for attempt in OUT.glob("jobs/*/converting-*"):
        shutil.rmtree(attempt)


if __name__ == "__main__":
    main()
