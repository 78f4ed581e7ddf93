# SPDX-License-Identifier: GPL-3.0-or-later
"""``remesh IN OUT``: a file in, a file out, a report; what cannot be done is refused in a sentence, nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from blender_scenes import Csm
from mesh_files import write_stl
from remesh_calls import call, names

bpy = pytest.importorskip("bpy")


STAGES = {"Reading rough.glb", "Reducing the mesh", "Measuring the deviation", "Unwrapping", "Writing clean.glb"}
"""Some are over before they are shown, now these and now those."""


def test_the_report_is_all_of_stdout(csm_without_service: Csm, rough: Path, tmp_path: Path) -> None:
    """As the program that users start, with neither key nor service."""
    done = csm_without_service("remesh", rough, tmp_path / "clean.glb", "--triangles", 500, "--texture", 0, "--json")
    assert done.status == 0, done.stderr
    report = done.report
    assert report["version"] == 1
    assert report["input"].keys() == {"triangles", "bodies", "open_edges", "non_manifold_edges"}
    assert report["input"]["triangles"] == 60
    assert 0 < report["output"]["triangles"] <= 500
    assert (tmp_path / "clean.glb").read_bytes().startswith(b"glTF")
    assert STAGES.intersection(done.stderr.splitlines())
    assert "\r" not in done.stderr, "no line is written over where it is no terminal"
    assert {path.name for path in tmp_path.iterdir()} == {"rough.glb", "clean.glb", "home"}, "no job folder was made"


def test_people_get_a_short_table(capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path) -> None:
    done = call(capfd, rough, tmp_path / "clean.ply", "--texture", 0)
    assert done.status == 0, done.stderr
    assert "60 triangles, " in done.stdout
    assert "watertight" in done.stdout
    assert str(tmp_path / "clean.ply") in done.stdout


def test_a_terminal_gets_one_line_that_is_written_over(csm_without_service: Csm, rough: Path, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    reader, terminal = pty.openpty()
    command = [os.sys.executable, "-m", "csm_blender", "remesh", str(rough), str(tmp_path / "clean.glb")]
    command += ["--texture", "0", "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=csm_without_service.environment(),
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.read())["version"] == 1
        assert process.wait(60) == 0
    os.close(terminal)
    shown = os.read(reader, 65536).decode()
    os.close(reader)
    assert "\n" not in shown
    assert any(f"{stage} " in shown for stage in STAGES)
    assert "%" in shown
    assert shown.endswith("\r")


def test_an_output_that_exists_is_replaced(capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.obj").write_text("earlier")
    (tmp_path / "clean.mtl").write_text("earlier")
    done = call(capfd, rough, tmp_path / "clean.obj", "--texture", 0)
    assert done.status == 0, done.stderr
    assert "earlier" not in (tmp_path / "clean.obj").read_text()
    names_in_it = [line for line in (tmp_path / "clean.mtl").read_text().splitlines() if line.startswith("newmtl")]
    assert names_in_it == ["newmtl clean"], "named after the file, without Blender's numbers"


WRONG_USE: dict[str, tuple[list[str], str]] = {
    "missing": (["none.glb", "out.glb"], "There is no file"),
    "folder": (["folder", "out.glb"], "is a folder"),
    "empty": (["empty.glb", "out.glb"], "The file is empty"),
    "text": (["text.glb", "out.glb"], "none of the formats"),
    "blend": (["scene.blend", "out.glb"], "a .blend file"),
    "web page": (["page.glb", "out.glb"], "a web page"),
    "unknown suffix": (["rough.glb", "out.step"], "none of the suffixes"),
    "no suffix": (["rough.glb", "out"], "none of the suffixes"),
    "output is a folder": (["rough.glb", "folder.glb"], "is a folder"),
    "no such folder": (["rough.glb", "nowhere/out.glb"], "does not exist"),
    "same file": (["rough.glb", "rough.glb"], "is the input file"),
    "same file by a link": (["rough.glb", "link.glb"], "is the input file"),
    "material of another mesh": (["rough.glb", "taken.obj"], "another one of that name"),
    "both budgets": (["rough.glb", "out.glb", "--triangles", "9", "--quads", "9"], "not allowed with"),
    "budget too small": (["rough.glb", "out.glb", "--triangles", "3"], "between 50 and"),
    "budget is no number": (["rough.glb", "out.glb", "--triangles", "many"], "positive whole number"),
    "texture": (["rough.glb", "out.glb", "--texture", "1000"], "texture size must be one of"),
    "texture below zero": (["rough.glb", "out.glb", "--texture", "-1"], "whole number"),
    "no time": (["rough.glb", "out.glb", "--timeout", "0"], "positive number"),
    "no output": (["rough.glb"], "required: OUT"),
    "output is a suffix": (["rough.glb", ".glb"], "nothing before its suffix"),
    "output is dots and a suffix": (["rough.glb", "..glb"], "nothing before its suffix"),
    "no user's home": (["~nobody there/rough.glb", "out.glb"], "There is no file"),
    "input is no text": (["in\udcff.glb", "out.glb"], "no text in UTF-8"),
    "output is no text": (["rough.glb", "out\udcff.glb"], "no text in UTF-8"),
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use_is_refused_before_the_work(
    case: str, capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.glb").mkdir()
    (tmp_path / "empty.glb").touch()
    (tmp_path / "text.glb").write_text("Once upon a time there was a mesh.\n")
    (tmp_path / "scene.blend").write_bytes(b"BLENDER-v402")
    (tmp_path / "page.glb").write_text("<!doctype html><html>404</html>")
    (tmp_path / "taken.mtl").write_text("of another mesh")
    (tmp_path / "link.glb").symlink_to(rough)
    before = names(tmp_path)
    arguments, says = WRONG_USE[case]
    done = call(capfd, *arguments)
    assert done.status == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2, "a sentence and a hint"
    assert names(tmp_path) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    done = call(capfd, rough, tmp_path / "locked" / "out.glb")
    assert done.status == 2
    assert "Nothing can be written" in done.stderr


"""Words that make no sense for a file of the user."""


@pytest.mark.skipif(os.name != "posix", reason="redirects as a POSIX shell writes them")
@pytest.mark.parametrize(
    ("redirect", "status", "says"),
    [
        (">&-", 0, "Writing out.glb"),
        ("2>&-", 0, ""),
        ("| true", 0, "Writing out.glb"),
        pytest.param(
            "> /dev/full",
            1,
            "The report cannot be written: No space left",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it"),
        ),
    ],
)
def test_the_mesh_is_made_whoever_listens(rough: Path, tmp_path: Path, redirect: str, status: int, says: str) -> None:
    command = f'"$0" -m csm_blender remesh rough.glb out.glb --texture 0 --json {redirect}'
    command = f"set -o pipefail; {command}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        ["bash", "-c", command, os.sys.executable],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.glb").read_bytes().startswith(b"glTF")


def test_help_says_what_is_read_and_written(capfd: pytest.CaptureFixture[str]) -> None:
    done = call(capfd, "--help")
    assert done.status == 0
    for word in (".usdz", ".fbx", "--quads", "examples:", "no key", "complete or absent"):
        assert word in done.stdout


def test_an_stl_becomes_a_usdc(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = call(capfd, write_stl(tmp_path / "in.stl"), tmp_path / "out.usdc", "--texture", 0, "--json")
    assert done.status == 0, done.stderr
    assert (tmp_path / "out.usdc").read_bytes().startswith(b"PXR-USDC")
