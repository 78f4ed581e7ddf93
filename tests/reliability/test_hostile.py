# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and names made to do harm: refused, bounded, or harmless. Answers: test_hostile_answers.py."""

# ruff: noqa: E501 - tables
from __future__ import annotations

import contextlib
import io
import json
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from common import load_script
from tiny_glb import box_document, glb

from csm_blender.core.api.session_code import find_session_codes, parse_session_code
from csm_blender.core.errors import BadMesh, BadSessionCode
from csm_blender.core.files.mesh_file import check_glb
from csm_blender.core.files.mesh_format import find_format
from csm_blender.core.files.zip_archive import MAX_TOTAL_BYTES, unpack_mesh
from csm_blender.core.gltf.edits import Edits
from csm_blender.core.gltf.mend import mend
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.redaction import redacted, sanitize

MEGABYTE = "x" * 1024**2


# --- GLB -------------------------------------------------------------------------------------------------------------
def test_the_check_survives_a_few_thousand_spoiled_files() -> None:
    """The short form of ``scripts/fuzz_glb.py check``; docs/security.md has the figures of the long one."""
    figures = load_script("fuzz_glb.py").fuzz_check(2000, seed=7)
    assert figures["inputs"] == 2000
    assert figures["passed"] > 50
    assert figures["refused"] > 1000


def test_converters_survive_a_few_spoiled_files_that_pass_the_check() -> None:
    """The short form of ``scripts/fuzz_glb.py convert``: as they are, and through the local engine."""
    figures = load_script("fuzz_glb.py").fuzz_convert(4, seed=7)
    assert {engine: sum(counts.values()) for engine, counts in figures["outcomes"].items()} == {"none": 4, "local": 4}
    assert figures["findings"] == []


@pytest.mark.parametrize(("findings", "status"), [([], 0), (["000001-local: the converter died"], 1)])
def test_a_finding_of_the_long_run_is_its_exit_status(
    monkeypatch: pytest.MonkeyPatch, findings: list[str], status: int
) -> None:
    script = load_script("fuzz_glb.py")
    monkeypatch.setattr(script, "fuzz_convert", lambda _inputs, _seed: {"findings": findings})
    monkeypatch.setattr("sys.argv", ["fuzz_glb.py", "convert"])
    assert script.main() == status


def spoiled(**changes: Any) -> bytes:
    document = box_document()
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = document
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return glb(document)


@pytest.mark.parametrize(
    "data",
    [
        spoiled(buffers__0__uri="other.bin"),
        spoiled(buffers__0__byteLength=2**32 - 1),
        spoiled(bufferViews__0__byteLength=2**40),
        spoiled(bufferViews__0__byteOffset=-1),
        spoiled(accessors__0__count=2**31),
        spoiled(accessors__1__count=10**400),
        spoiled(accessors=[{"componentType": 5126, "count": 150_000_000, "type": "VEC3"}] * 2),
        spoiled(nodes=[{"mesh": 0}] * 200_000),
        spoiled(nodes=[{"mesh": -1}]),
        glb()[:12] + struct.pack("<I", 0xFFFFFFFF) + glb()[16:],
        struct.pack("<4sII", b"glTF", 2, 0xFFFFFFFF) + b"\0" * 100,
        glb("[" * 100_000),
        b"glTF",
        b"",
    ],
    ids=str,
)
def test_a_glb_that_lies_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "lie.glb"
    path.write_bytes(data)
    began = time.monotonic()
    with pytest.raises(BadMesh):
        look_over(path)
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "../../../../etc/passwd", "http://127.0.0.1:1/x.png", "\\\\host\\share\\x.png"]
)
@pytest.mark.parametrize("shown", [True, False], ids=["in a material", "in none"])
def test_no_importer_sees_the_address_of_a_picture(address: str, shown: bool) -> None:
    document = box_document() | {"images": [{"uri": address, "name": "x"}], "textures": [{"source": 0}]}
    if shown:
        document["materials"] = [{"normalTexture": {"index": 0}}]
    edits = Edits()
    mend(document, edits)
    assert edits.changed
    assert json.dumps(address) not in json.dumps(document)


def look_over(path: Path) -> None:
    """What the pipeline does with a delivered file."""
    if find_format(path) == "glb":
        check_glb(path)


def test_json_nested_deeper_than_python_goes_is_refused(tmp_path: Path) -> None:
    text = b"[" * 200_000 + b"]" * 200_000
    path = tmp_path / "deep.glb"
    path.write_bytes(struct.pack("<4sIIII", b"glTF", 2, 20 + len(text), len(text), 0x4E4F534A) + text)
    with pytest.raises(BadMesh, match="cannot be read"):
        check_glb(path)


# --- zips ------------------------------------------------------------------------------------------------------------
def zipped(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in entries.items():
            bundle.writestr(name, data)
    return buffer.getvalue()


OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


@pytest.mark.parametrize(
    "name", ["../../evil.obj", "/etc/evil.obj", "..\\..\\evil.obj", "C:\\evil.obj", "a/../../../evil.obj", "./evil.obj"]
)
def test_a_zip_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    archive, folder = tmp_path / "mesh.zip", tmp_path / "in" / "folder"
    folder.mkdir(parents=True)
    archive.write_bytes(zipped(**{name: OBJ}))
    found = unpack_mesh(archive, folder)
    assert found.parent == folder
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {archive, found}


def test_a_zip_bomb_is_stopped_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import csm_blender.core.files.zip_archive as module

    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 5 * 1024**2)
    assert MAX_TOTAL_BYTES <= 4 * 1024**3
    archive = tmp_path / "bomb.zip"
    archive.write_bytes(zipped(**{f"{n}.obj": b"\0" * 3 * 1024**2 for n in range(3)}))
    assert archive.stat().st_size < 20_000
    (tmp_path / "out").mkdir()
    with pytest.raises(BadMesh, match="too large when unpacked"):
        unpack_mesh(archive, tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 6 * 1024**2


def test_a_zip_with_too_many_files_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "many.zip"
    archive.write_bytes(zipped(**{f"{number}.obj": OBJ for number in range(500)}))
    with pytest.raises(BadMesh, match="too many"):
        unpack_mesh(archive, tmp_path)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 500, zipped(**{"readme.txt": b"hello"})])
def test_a_zip_that_is_none_or_empty_is_refused(tmp_path: Path, data: bytes) -> None:
    archive = tmp_path / "bad.zip"
    archive.write_bytes(data)
    with pytest.raises(BadMesh):
        unpack_mesh(archive, tmp_path)


def test_a_zip_spoiled_anywhere_is_refused_or_read(tmp_path: Path) -> None:
    import random

    dice = random.Random(5)
    good = zipped(**{"S/mesh.obj": OBJ * 50, "S/mesh.mtl": b"newmtl a\n" * 20})
    for number in range(300):
        data = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        archive, folder = tmp_path / f"{number}.zip", tmp_path / str(number)
        archive.write_bytes(data)
        folder.mkdir()
        with contextlib.suppress(BadMesh):
            assert unpack_mesh(archive, folder).parent == folder


# --- names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    ["SESSION_1/../x", "SESSION_1%2fx", "SESSION_1\n", "SESSION_1\r\nx-evil: 1", "../SESSION_1", "SESSION_1?x=1", "SESSION_1#x",
     "SESSION_1\0", "SESSION_\u0661", "SESSION_", "session_1", "SESSION_1_2_3_4_5_6", "SESSION_" + "1" * 100, MEGABYTE, "",
     "SESSION_1 SESSION_2", "ASSET_1_2", "SESSION_1\u2028"],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_only_session_codes_are_session_codes(text: str) -> None:
    if text.strip() == "SESSION_1":
        assert parse_session_code(text) == "SESSION_1"
        return
    with pytest.raises(BadSessionCode) as caught:
        parse_session_code(text)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_long_texts_take_no_time() -> None:
    """Patterns that look through foreign texts must not take quadratic time."""
    for text in (MEGABYTE, "a.b-" * 300_000, "https://" * 100_000, "@" * 1024**2, "SESSION_" * 100_000, "x@" * 500_000):
        began = time.monotonic()
        redacted(text, "the key")
        sanitize(text, "the key")
        find_session_codes(text)
        assert time.monotonic() - began < 2.0


def test_converters_are_started_without_scripts_and_without_network() -> None:
    command = Interpreters("python", (), "/opt/blender").with_bpy("converter", "request.json")
    assert {"--background", "--factory-startup", "--disable-autoexec", "--offline-mode"} < set(command)
