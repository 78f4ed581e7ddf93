# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/farm.md is followed line by line: each of its commands runs, and every way ends with the same scene."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from blender_scenes import add_box, plain_measure, save_scene
from common import IN_CI, ROOT, asset
from conftest import WAIT_S, wait_for
from packaging.requirements import Requirement

TOLERANCE = 1e-5  # of the box's diagonal: docs/fit.md
TEXT = (ROOT / "docs" / "farm.md").read_text(encoding="utf-8")
LINES = [
    line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
SMALLER = {
    "/farm/csm-refine": str(ROOT), "HOST": "127.0.0.1", "--engine local": "--engine none",
    "--nworkers 4": "--nworkers 2", "1-400": "1-2", "Jobs=400": "Jobs=2", "seq 400": "seq 2",
    "1-40%": "1-1%", "* 10 - 9": "* 2 - 1", "A + 9": "A + 1", "--index 17": "--index 2",
}  # fmt: skip
"""Two jobs instead of four hundred, on this machine."""
SBATCH = f"""#!{sys.executable}
# Stands for SLURM, which is not on this machine: does what --wrap says for each index of --array.
import argparse, os, subprocess, sys
parser = argparse.ArgumentParser()
parser.add_argument("--array", default="1-1%1")
parser.add_argument("--mem")
parser.add_argument("--dependency")
parser.add_argument("--wrap", required=True)
options = parser.parse_args()
first, last = map(int, options.array.partition("%")[0].split("-"))
for index in range(first, last + 1):
    environment = {{**os.environ, "SLURM_ARRAY_TASK_ID": str(index)}}
    if status := subprocess.run(["/bin/sh", "-c", options.wrap], env=environment).returncode:
        sys.exit(status)
"""


class Farm:
    """The folder that docs/farm.md calls /farm, and a shell in which its lines are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = folder / "farm" / "plans" / "town"
        self.scene = folder / "farm" / "town_refined.blend"
        self._used: set[str] = set()
        self._programs: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        tools = folder / "bin"
        tools.mkdir()
        (tools / "sbatch").write_text(SBATCH, encoding="utf-8")
        (tools / "sbatch").chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = {**kept, "PATH": path, "HOME": str(folder), "CSM_HOME": str(folder / "home")}

    def line(self, start: str) -> str:
        """The next line of the document that has *start* in it, made smaller."""
        line = next(line for line in LINES if start in line and line not in self._used)
        self._used.add(line)
        for large, small in SMALLER.items():
            line = line.replace(large, small)
        return (
            line.replace("/farm/", f"{self.folder}/farm/")
            .replace("8786", str(self.port))
            .replace(f"{self.folder}{self.folder}", str(self.folder))
        )

    def type(self, start: str) -> str:
        """Type that line, and give what it has printed."""
        call = ["/bin/sh", "-c", self.line(start)]
        done = subprocess.run(
            call, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=WAIT_S
        )
        assert done.returncode == 0, f"{call[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def leave_running(self, start: str, until: str) -> None:
        """Type that line in a shell of its own, and wait until it says *until*."""
        log = self.folder / f"program-{len(self._programs)}.log"
        with log.open("wb") as file:
            call = ["/bin/sh", "-c", f"exec {self.line(start)}"]
            self._programs.append(
                subprocess.Popen(call, cwd=self.folder, env=self.environment, stdout=file, stderr=subprocess.STDOUT)
            )
        wait_for(lambda: until in log.read_text(errors="replace"), f"{start}: {until}")

    def stop(self) -> None:
        for program in reversed(self._programs):
            program.terminate()
            program.wait(WAIT_S)

    def check_done_and_begin_again(self) -> None:
        """All jobs are READY; then nobody has done any of them."""
        call = [sys.executable, "-m", "csm_blender", "work", str(self.plan), "--status", "--json"]
        status = json.loads(subprocess.run(call, cwd=ROOT, capture_output=True, check=True).stdout)
        assert status["counts"] == {"READY": 2}
        shutil.rmtree(self.plan / "results")

    def check_scene(self) -> None:
        """The scene that was assembled passes the fit check; then it is gone."""
        found = plain_measure(self.scene, "Chair=Chair_refined", "Table=Table_refined")
        assert max(facts["corner_error"] for facts in found.values()) <= TOLERANCE
        self.scene.unlink()

    @property
    def not_used(self) -> list[str]:
        return [line for line in LINES if line not in self._used]


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    def build() -> None:
        add_box("Chair", (0.5, 0.6, 0.9), pivot=(0, 0, -0.5), location=(1, 2, 0), rotation=(0, 0, 0.7))
        add_box("Table", (1.5, 0.8, 0.7), location=(4, 0, 1), rotation=(0.2, 0.1, 0))

    made = Farm(tmp_path)
    made.plan.parent.mkdir(parents=True)
    save_scene(tmp_path / "farm" / "town.blend", build)
    mesh = asset("BoxTextured.glb")
    (tmp_path / "farm" / "jobs.csv").write_text(f"source,object\n{mesh},Chair\n{mesh},Table\n", encoding="utf-8")
    yield made
    made.stop()


def test_it_can_be_installed_with_all_its_files(tmp_path: Path) -> None:
    """Without what it depends on, which is here."""
    assert 'pip install "/farm/csm-refine[dask]"' in TEXT
    copy = tmp_path / "copy"  # pip writes into what it builds
    shutil.copytree(ROOT / "csm_blender", copy / "csm_blender", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "there")]
    subprocess.run([*pip, f"{copy}[dask]"], check=True)
    installed = {path.relative_to(tmp_path / "there") for path in (tmp_path / "there" / "csm_blender").rglob("*")}
    sources = {path.relative_to(copy) for path in (copy / "csm_blender").rglob("*") if path.is_file()}
    assert sources - installed == set()


def test_each_line_of_the_document_runs_and_every_way_ends_with_the_same_scene(farm: Farm) -> None:
    if shutil.which("parallel") is None:
        if IN_CI:
            pytest.fail("GNU parallel is missing in CI")
        pytest.skip("needs GNU parallel (apt-get install parallel)")
    for _ in range(3):
        for word in farm.line("pip install").partition("install ")[2].replace('"', "").split():
            version(Requirement(word).name)  # it is in this very Python

    farm.type(" plan ")
    farm.type(" work /farm/plans/town")
    assert "PLACED" in farm.type(" assemble ")
    farm.check_scene()
    farm.check_done_and_begin_again()

    farm.leave_running("dask scheduler", "Scheduler at:")
    farm.leave_running("dask worker", "Registered to:")
    farm.type(" --dask ")
    farm.check_done_and_begin_again()

    assert "passes validation checks" in farm.type("openjd check")
    said = farm.type("openjd run")
    assert "openjd_progress: 100.0" in said
    farm.check_scene()
    farm.check_done_and_begin_again()

    farm.type("--array=1-400%20")
    farm.check_done_and_begin_again()
    farm.type("--array=1-40%20")
    farm.type("--dependency=singleton")
    farm.check_scene()
    farm.check_done_and_begin_again()

    farm.type("seq 400 | parallel")
    assert "READY" in farm.type("--status")
    assert "READY" in farm.type("--send-again")  # where nothing is UNCERTAIN it sends nothing
    assert "report.html" in farm.type(" report ")
    assert (farm.plan / "report.html").stat().st_size > 10_000
    farm.check_done_and_begin_again()
    assert farm.not_used == []
