# SPDX-License-Identifier: GPL-3.0-or-later
"""``remesh IN OUT``: a file in, a file out, a report; what cannot be done is refused in a sentence, nothing is left."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import signal
import struct
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from blender_scenes import Csm, Outcome
from fit_glbs import Glb, block, letter, plain
from many_bodies import many_bodies
from mesh_files import write_glb, write_stl

bpy = pytest.importorskip("bpy")

from csm_blender.cli.environment import Surroundings
from csm_blender.cli.main import main
from csm_blender.converter.import_mesh import import_as_one_mesh
from csm_blender.converter.remesh_file import remesh_file
from csm_blender.converter.remesh_mesh import shortfalls
from csm_blender.core.errors import CsmError
from csm_blender.core.remesh import InputFigures, OutputFigures, RemeshOptions, RemeshReport, RemeshRequest, Way


def call(capfd: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """The command line in this process; only the converter is another one."""
    status = main(["remesh", *map(str, arguments)], "csm", Surroundings())
    stdout, stderr = capfd.readouterr()
    return Outcome(status, stdout, stderr)


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    return write_glb(tmp_path / "rough.glb")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
    assert "Reading rough.glb" in done.stderr
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
    assert "Reading rough.glb 0%" in shown.replace("\r", "")
    assert shown.endswith("\r")


def test_an_output_that_exists_is_replaced(capfd: pytest.CaptureFixture[str], rough: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.obj").write_text("earlier")
    (tmp_path / "clean.mtl").write_text("earlier")
    done = call(capfd, rough, tmp_path / "clean.obj", "--texture", 0)
    assert done.status == 0, done.stderr
    assert "earlier" not in (tmp_path / "clean.obj").read_text()


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


MARK = 123.5


def nested(count: int, scale: float) -> bytes:
    glb = Glb()
    mesh = glb.mesh(*letter())
    for number in range(count):
        child = {"mesh": mesh} if number == count - 1 else {"children": [number + 1]}
        glb.node(root=number == 0, scale=[scale] * 3, **child)
    return glb.bytes()


def with_bad_picture() -> bytes:
    glb = Glb()
    index = glb.mesh(*letter())
    glb.document |= {
        "images": [{"uri": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    glb.document["meshes"][index]["primitives"][0]["material"] = 0
    glb.node(mesh=index)
    return glb.bytes()


def spoiled(value: float) -> bytes:
    """A block whose heights are *value*; the JSON, which cannot hold it, does not say so."""
    points, faces = block((-1.0,) * 3, (1.0,) * 3)
    points[:, 1] = MARK
    return plain(points, faces).replace(struct.pack("<f", MARK), struct.pack("<f", value))


def zipped(*, password: bool = False, size: int = 0) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open("mesh.obj", "w") as file:
        file.write(b"v 0 0 0\nv 1 0 0\nv 0 1 1\nf 1 2 3\n")
        for _block in range(size // 2**20):
            file.write(bytes(2**20))
    packed = bytearray(data.getvalue())
    if password:  # bit 0 of the flags of the entry and of its line in the directory
        packed[6] |= 1
        packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def stl_text(value: str) -> bytes:
    return f"solid a\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 1 0 {value}\nvertex 0 1 0\n".encode()


def stl(value: float) -> bytes:
    return b"binary".ljust(80) + struct.pack("<I12fH", 1, *[0.0] * 5, value, *[1.0] * 6, 0)


def ply(vertex: str | bytes) -> bytes:
    """A PLY of one vertex, as text or as bytes."""
    form, body = ("ascii", f"{vertex}\n".encode()) if isinstance(vertex, str) else ("binary_little_endian", vertex)
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    return f"ply\nformat {form} 1.0\nelement vertex 1\n{axes}end_header\n".encode() + body


BAD_MESHES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "cut GLB": ("in.glb", lambda: plain(*letter())[:-40], "truncated"),
    "GLB of noise": ("in.glb", lambda: b"glTF" + bytes(range(256)) * 9, "GLB"),
    "GLB without a mesh": ("in.glb", lambda: Glb().bytes(), "holds no mesh"),
    "NaN": ("in.glb", lambda: spoiled(math.nan), "not numbers"),
    "infinite": ("in.glb", lambda: spoiled(math.inf), "not numbers"),
    "NaN in an OBJ": ("in.obj", lambda: b"v 0 0 0\nv 1 0 0\nv 0 nan 0\nv 0 0 1\nf 1 2 3 4\n", "not numbers"),
    "infinite in an STL as text": ("in.stl", lambda: stl_text("-inf"), "not numbers"),
    "NaN in a binary STL": ("in.stl", lambda: stl(math.nan), "not numbers"),
    "NaN in a PLY as text": ("in.ply", lambda: ply("nan 0 0"), "not numbers"),
    "NaN in a binary PLY": ("in.ply", lambda: ply(struct.pack("<3f", 0.0, math.nan, 0.0)), "not numbers"),
    "flat": ("in.glb", lambda: plain(np.array(letter()[0]) * (1.0, 1.0, 0.0), letter()[1]), "flat"),
    "node of scale 0": ("in.glb", lambda: plain(*letter(), scale=[1.0, 0.0, 1.0]), "scales it to nothing"),
    "200 nodes of scale 0.01": ("in.glb", lambda: nested(200, 0.01), "scales it to nothing"),
    "8 nodes of scale 0.01": ("in.glb", lambda: nested(8, 0.01), "too small"),
    "astronomically large": ("in.glb", lambda: plain(np.array(letter()[0]) * 1e30, letter()[1]), "too large"),
    "points only": ("in.obj", lambda: b"v 0 0 0\nv 1 0 0\nv 0 1 1\n", "no faces"),
    "lines only": ("in.obj", lambda: b"v 0 0 0\nv 1 0 0\nv 0 1 1\nl 1 2\nl 2 3\n", "no faces"),
    "faces of no vertices": ("in.obj", lambda: b"v 0 0 0\nf 7 8 9\n", ""),
    "cut PLY": ("in.ply", lambda: b"ply\nformat ascii 1.0\nelement vertex 9\nproperty float x\n", ""),
    "PLY of no number of points": ("in.ply", lambda: ply("0 0 0").replace(b"vertex 1", b"vertex"), "damaged"),
    "cut USD": ("in.usdc", lambda: b"PXR-USDC\0\x08" + bytes(90), ""),
    "cut FBX": ("in.fbx", lambda: b"Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0" + bytes(20), ""),
    "password": ("in.zip", lambda: zipped(password=True), "protected by a password"),
    "zip of nothing": ("in.zip", lambda: b"PK\x05\x06" + bytes(18), "no mesh"),
    "cut zip": ("in.zip", lambda: zipped()[:-30], "damaged"),
    "zip bomb": ("in.zip", lambda: zipped(size=2**24), "far too large"),
    "glTF without its data": (
        "in.gltf",
        lambda: b'{"asset": {"version": "2.0"}, "buffers": [{"uri": "mesh.bin", "byteLength": 9}]}',
        "needs the file 'mesh.bin'",
    ),
}
DELIVERED = ("Retry", "costs nothing", "Refine again", "the service", "job's folder", "delivered")
"""Words that make no sense for a file of the user."""


@pytest.mark.parametrize("case", BAD_MESHES)
def test_a_bad_mesh_gets_a_sentence_and_a_hint(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through what the converter calls, in this process."""
    monkeypatch.setattr("csm_blender.core.files.zip_archive.MAX_TOTAL_BYTES", 2**23)
    name, make, says = BAD_MESHES[case]
    (tmp_path / name).write_bytes(make())
    (tmp_path / "made").mkdir()
    request = RemeshRequest(tmp_path / name, tmp_path / "made" / "out.glb", RemeshOptions(texture_size=0))
    with pytest.raises(CsmError) as caught:
        remesh_file(request, lambda _share, _text: None)
    error = caught.value
    assert says in str(error)
    assert error.hint
    assert error.exit_status == 1
    for word in DELIVERED:
        assert word not in error.advice
    assert names(tmp_path / "made") == []


@pytest.mark.filterwarnings("ignore:.*use_nodes.*:DeprecationWarning")
def test_a_mesh_whose_pictures_are_broken_is_remeshed_without_them(tmp_path: Path) -> None:
    (tmp_path / "in.glb").write_bytes(with_bad_picture())
    (tmp_path / "made").mkdir()
    request = RemeshRequest(tmp_path / "in.glb", tmp_path / "made" / "out.glb", RemeshOptions(texture_size=0))
    answer = remesh_file(request, lambda _share, _text: None)
    assert any("texture" in note for note in answer.report.notes)
    assert names(tmp_path / "made") == ["out.glb"]


def test_an_obj_without_its_material_file_is_noted(tmp_path: Path) -> None:
    corners = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
    (tmp_path / "in.obj").write_text(f"mtllib gone.mtl\n{corners}f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    notes = import_as_one_mesh(tmp_path / "in.obj").notes
    assert [note for note in notes if "gone.mtl are missing" in note] == notes


@pytest.mark.parametrize(
    ("options", "triangles", "quads", "says"),
    [
        (RemeshOptions(triangles=50), 50, 0, []),
        (RemeshOptions(triangles=50), 51, 0, ["The budget of 50 faces is missed: the shape was not reduced below 51"]),
        (RemeshOptions(quads=100), 220, 110, []),
        (RemeshOptions(quads=100), 260, 130, ["The budget of 100 faces is missed"]),
        (RemeshOptions(quads=100), 150, 0, ["No mesh of 100 quads was found"]),
        (RemeshOptions(quads=100), 9000, 0, ["No mesh of 100 quads was found", "The budget of 100 faces is missed"]),
    ],
)
def test_a_budget_that_is_missed_is_noted(options: RemeshOptions, triangles: int, quads: int, says: list[str]) -> None:
    output = OutputFigures(triangles, quads, vertices=99, watertight=True, texture=0)
    report = RemeshReport(InputFigures(20_000, 1, 0, 0), output, Way.MENDED)
    notes = shortfalls(report, options)
    assert len(notes) == len(says)
    for note, start in zip(notes, says, strict=True):
        assert note.startswith(start)
    assert shortfalls(replace(report, way=Way.KEPT), options) == [], "nothing was asked of a mesh that is fine"


def test_the_progress_only_grows(rough: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    seen: list[tuple[float, str]] = []
    request = RemeshRequest(rough, tmp_path / "made" / "out.glb", RemeshOptions(texture_size=0))
    remesh_file(request, lambda share, text: seen.append((share, text)))
    shares = [share for share, _text in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] <= 1.0
    assert seen[0][1] == "Reading rough.glb"
    assert seen[-1][1] == "Writing out.glb"


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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.5 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a tmpfs needs root: {done.stderr.strip()}")
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


def test_help_says_what_is_read_and_written(capfd: pytest.CaptureFixture[str]) -> None:
    done = call(capfd, "--help")
    assert done.status == 0
    for word in (".usdz", ".fbx", "--quads", "examples:", "no key", "complete or absent"):
        assert word in done.stdout


def test_an_stl_becomes_a_usdc(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = call(capfd, write_stl(tmp_path / "in.stl"), tmp_path / "out.usdc", "--texture", 0, "--json")
    assert done.status == 0, done.stderr
    assert (tmp_path / "out.usdc").read_bytes().startswith(b"PXR-USDC")
