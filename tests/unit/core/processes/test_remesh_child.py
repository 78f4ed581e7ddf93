# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is remeshed in a child: whatever happens to it, the output is complete or as it was. A script is Blender."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from common import ROOT
from tiny_glb import glb

from csm_blender.core.errors import BadMesh, BadOutput, ConversionFailed, CsmError, DiskProblem, NotEnoughMemory
from csm_blender.core.processes import remesh_child
from csm_blender.core.processes.child_process import Progress
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.processes.remesh_child import RemeshFiles, refuse_too_large, remesh_in_child
from csm_blender.core.remesh import RemeshOptions, memory_needed

BLENDER = f"""#!{sys.executable}
import json, os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from csm_blender.core.errors import BadMesh
from csm_blender.core.messages import Message
from csm_blender.core.processes.child_side import Parent
from csm_blender.core.remesh import *
parent = Parent()
request = json.loads(Path(sys.argv[-1]).read_text())
Path(sys.argv[0]).with_name("pid").write_text(str(os.getpid()))
parent.report_progress(0.5, Message("Closing holes"))
target = Path(request["target"])
kind = Path(sys.argv[0]).with_name("kind").read_text()
target.write_text("half")
if kind == "hangs":
    time.sleep(60)
if kind == "dies":
    print("a last word", file=sys.stderr, flush=True)
    os._exit(9)
if kind == "bad":
    parent.send_answer({{"error": BadMesh("no faces", "add some").as_dict()}})
    sys.exit()
target.write_text("whole")
target.with_suffix(".mtl").write_text("material")
report = RemeshReport(InputFigures(9, 1, 0, 0), OutputFigures(8, 0, 7, True, 0), Way.MENDED)
parent.send_answer(RemeshAnswer(report, (target.with_suffix(".mtl").name,)).as_dict())
"""


class Bench:
    """A Blender that does as told, a mesh to read and a folder to write to."""

    def __init__(self, folder: Path) -> None:
        self.blender, self.kind = folder / "blender", folder / "kind"
        self.blender.write_text(BLENDER)
        self.blender.chmod(0o755)
        self.source, self.target = folder / "in.glb", folder / "out" / "clean.obj"
        self.source.write_bytes(glb())
        self.target.parent.mkdir()
        self.seen: list[Progress] = []

    def run(self, kind: str = "good", time_limit_s: float = 30.0) -> int:
        self.kind.write_text(kind)
        interpreters = Interpreters(sys.executable, (), str(self.blender))
        files = RemeshFiles(self.source, self.target)
        return remesh_in_child(interpreters, files, RemeshOptions(), self.on_progress, time_limit_s).output.triangles

    def on_progress(self, progress: Progress) -> None:
        self.seen.append(progress)

    def left(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.target.parent.iterdir()}

    def child_is_gone(self) -> bool:
        try:
            os.kill(int((self.blender.with_name("pid")).read_text()), 0)
        except ProcessLookupError:
            return True
        return False


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_output_and_its_companions_are_there_at_the_end(bench: Bench) -> None:
    assert bench.run() == 8
    assert bench.left() == {"clean.obj": "whole", "clean.mtl": "material"}
    assert (0.5, "Closing holes") in bench.seen
    assert bench.run() == 8, "an earlier output and its companions are replaced"


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("bad", BadMesh, "no faces"),
        ("dies", ConversionFailed, "status 9. Its last words: a last word"),
        ("hangs", ConversionFailed, r"not done after 1 seconds \(Closing holes\)"),
    ],
)
@pytest.mark.parametrize("before", [{}, {"clean.obj": "earlier", "clean.mtl": "its material"}])
def test_a_failure_leaves_what_was_there(
    bench: Bench, kind: str, error: type[CsmError], says: str, before: dict[str, str]
) -> None:
    for name, text in before.items():
        bench.target.with_name(name).write_text(text)
    with pytest.raises(error, match=says) as caught:
        bench.run(kind, time_limit_s=1.0 if kind == "hangs" else 30.0)
    assert caught.value.hint
    assert bench.left() == before
    assert bench.child_is_gone()


def test_an_interrupt_ends_the_child_within_a_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_s = 0.0

    def interrupt(progress: Progress) -> None:
        nonlocal interrupted_s
        if progress.share:
            interrupted_s = time.monotonic()
            raise KeyboardInterrupt

    monkeypatch.setattr(bench, "on_progress", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench.run("hangs")
    assert time.monotonic() - interrupted_s < 1.0
    assert bench.child_is_gone()
    assert bench.left() == {}


def test_files_of_others_are_not_replaced(bench: Bench) -> None:
    bench.target.with_suffix(".mtl").write_text("of another mesh")
    with pytest.raises(BadOutput, match=r"'?clean.mtl"):
        bench.run()
    assert bench.left() == {"clean.mtl": "of another mesh"}


def test_a_target_that_became_a_folder_is_a_problem_of_the_disk(bench: Bench) -> None:
    bench.target.mkdir()
    with pytest.raises(DiskProblem):
        bench.run()
    assert [path.name for path in bench.target.parent.iterdir()] == ["clean.obj"]


def test_what_an_earlier_output_came_with_stays_as_it_was_if_the_new_one_cannot_be_put_in_its_place(
    bench: Bench,
) -> None:
    bench.target.mkdir()
    bench.target.with_suffix(".mtl").write_text("earlier")
    with pytest.raises(DiskProblem):
        bench.run()
    assert bench.target.with_suffix(".mtl").read_text() == "earlier"
    assert sorted(path.name for path in bench.target.parent.iterdir()) == ["clean.mtl", "clean.obj"]


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(bench: Bench) -> None:
    bench.target.parent.rmdir()
    with pytest.raises(BadOutput, match="Nothing can be written"):
        bench.run()
    assert not bench.blender.with_name("pid").exists()


def test_what_does_not_fit_in_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.glb").write_bytes(glb())
    needed = memory_needed(12, RemeshOptions())
    refuse_too_large(tmp_path / "in.glb", RemeshOptions(), needed)
    refuse_too_large(tmp_path / "in.glb", RemeshOptions(), None)
    with pytest.raises(NotEnoughMemory, match=r"needs about 0\.\d GB"):
        refuse_too_large(tmp_path / "in.glb", RemeshOptions(), needed - 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell how much a process takes")
def test_a_child_that_takes_all_memory_is_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remesh_child, "memory_to_use", lambda: 2**20)
    monkeypatch.setattr(remesh_child, "refuse_too_large", lambda *_arguments: None)
    with pytest.raises(NotEnoughMemory, match="more memory than is free"):
        bench.run("hangs")
    assert bench.left() == {}
