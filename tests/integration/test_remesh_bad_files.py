# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local engine cannot use is refused in a sentence, and what it cannot keep is noted."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fit_glbs import Glb, block, letter, plain
from remesh_calls import names

bpy = pytest.importorskip("bpy")

from csm_blender.converter.import_mesh import import_as_one_mesh
from csm_blender.converter.remesh_file import remesh_file
from csm_blender.converter.remesh_mesh import shortfalls
from csm_blender.core.errors import CsmError
from csm_blender.core.remesh import InputFigures, OutputFigures, RemeshOptions, RemeshReport, RemeshRequest, Way

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
