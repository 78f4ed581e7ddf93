# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh is taken out of what it is packed in, within limits; a GLB is edited only where it has to be."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from delivery_cases.making import as_json, letter_glb, part, parts_of, second, with_vertex
from fit_glbs import letter, plain

from csm_blender.converter.files import open_file as module
from csm_blender.converter.files.open_file import MAX_LAYERS, MeshFile, open_file
from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import check_glb
from csm_blender.core.files.mesh_format import MeshFormat
from csm_blender.core.gltf.document import read_document


def opened(folder: Path, data: bytes, *, alone: bool = True) -> MeshFile:
    """What is made of a file."""
    path, work = folder / "delivered.mesh", folder / "work"
    path.write_bytes(data)
    work.mkdir()
    return open_file(path, work, alone=alone)


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, data in files:
            bundle.writestr(name, data)
    return buffer.getvalue()


def test_a_plain_glb_is_used_where_it_lies(tmp_path: Path) -> None:
    file = opened(tmp_path, plain(*letter()))
    assert file.path == tmp_path / "delivered.mesh"
    assert (file.kind, file.notes) == (MeshFormat.GLB, [])
    assert list((tmp_path / "work").iterdir()) == []


def test_what_is_edited_is_a_sound_copy_and_the_delivered_file_stays(tmp_path: Path) -> None:
    data = letter_glb(second(root=False)).bytes()
    file = opened(tmp_path, data)
    assert file.path.parent == tmp_path / "work"
    check_glb(file.path)
    assert (tmp_path / "delivered.mesh").read_bytes() == data


@pytest.mark.parametrize("layers", range(1, MAX_LAYERS + 2))
def test_a_mesh_may_be_packed_a_few_times(tmp_path: Path, layers: int) -> None:
    data = as_json(letter_glb())
    for _ in range(layers - 1):
        data = gzip.compress(data)
    if layers <= MAX_LAYERS:
        assert opened(tmp_path, data).kind is MeshFormat.GLB
    else:
        with pytest.raises(BadMesh, match="too many files"):
            opened(tmp_path, data)


def test_gzip_is_counted_while_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DATA_BYTES", 2**21)
    with pytest.raises(BadMesh, match="far too large"):
        opened(tmp_path, gzip.compress(bytes(2**23)))
    assert sum(path.stat().st_size for path in (tmp_path / "work").iterdir()) <= 2**21


def test_a_gltf_has_its_data_beside_it_unless_it_came_alone(tmp_path: Path) -> None:
    document, binary = parts_of(letter_glb())
    document["buffers"] = [{"byteLength": len(binary), "uri": "mesh.bin"}]
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "mesh.bin").write_bytes(binary)
    assert opened(tmp_path / "here", json.dumps(document).encode(), alone=False).kind is MeshFormat.GLB
    with pytest.raises(BadMesh, match=r"mesh\.bin"):
        opened(tmp_path / "there", json.dumps(document).encode())
    (tmp_path / "zip").mkdir()
    packed = zipped(("a/b/mesh.gltf", json.dumps(document).encode()), ("a/b/mesh.bin", binary))
    assert opened(tmp_path / "zip", packed).kind is MeshFormat.GLB


@pytest.mark.parametrize("mode", [4, 5, 6])
@pytest.mark.parametrize("indexed", [True, False])
def test_faces_at_a_vertex_that_is_no_number_are_taken_out_of_any_kind_of_list(
    tmp_path: Path, mode: int, indexed: bool
) -> None:
    glb = letter_glb(points=with_vertex((0.0, np.nan, 0.0), 4))
    corners = np.arange(12, dtype=np.uint32)
    part(glb).update(mode=mode, indices=glb.accessor(corners, "SCALAR", 5125))
    if not indexed:
        glb.document["accessors"][0]["count"] = 12
        del part(glb)["indices"]
    file = opened(tmp_path, glb.bytes())
    document, json_end = read_document(file.path)
    found = document["meshes"][0]["primitives"][0]
    accessor = document["accessors"][found["indices"]]
    view = document["bufferViews"][accessor["bufferView"]]
    start = json_end + 8 + view["byteOffset"]
    triangles = np.frombuffer(file.path.read_bytes(), "<u4", accessor["count"], start).reshape(-1, 3)
    whole = {
        4: [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)],
        5: [(k + 1, k, k + 2) if k % 2 else (k, k + 1, k + 2) for k in range(10)],
        6: [(0, k, k + 1) for k in range(1, 11)],
    }[mode]
    assert triangles.tolist() == [list(face) for face in whole if 4 not in face]
    assert found.get("mode", 4) == 4
    assert file.glb is not None
    assert file.glb.bad_numbers == 1
