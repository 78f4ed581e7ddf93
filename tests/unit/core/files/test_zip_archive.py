# SPDX-License-Identifier: GPL-3.0-or-later
"""A zip gives its OBJ and what belongs to it, writes nowhere else, and is not believed."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from csm_blender.core.errors import BadMesh
from csm_blender.core.files import zip_archive
from csm_blender.core.files.zip_archive import unpack_mesh

OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


def packed(folder: Path, *files: tuple[str, bytes]) -> Path:
    path = folder / "delivered.mesh"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in files:
            bundle.writestr(name, data)
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "inner" / "unpacked"
    folder.mkdir(parents=True)
    return folder


def test_the_mesh_and_its_companions_are_unpacked_side_by_side(tmp_path: Path, into: Path) -> None:
    archive = packed(
        tmp_path, ("mesh/mesh.obj", OBJ), ("mesh/mesh.mtl", b"newmtl a"), ("mesh/tex/a.PNG", b"png"), ("run.py", b"no")
    )
    assert unpack_mesh(archive, into) == into / "mesh.obj"
    assert {file.name: file.read_bytes() for file in into.iterdir()} == {
        "mesh.obj": OBJ,
        "mesh.mtl": b"newmtl a",
        "a.PNG": b"png",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.obj",
        "/evil.obj",
        "..\\..\\evil.obj",
        "C:\\evil.obj",
        "C:evil.obj",
        "a/C:evil.obj",
        "a/../../evil.obj",
    ],
)
def test_nothing_is_written_outside(tmp_path: Path, into: Path, name: str) -> None:
    assert unpack_mesh(packed(tmp_path, (name, OBJ)), into).parent == into
    assert [path for path in tmp_path.rglob("*.obj") if path.parent != into] == []


def test_of_several_meshes_the_largest_is_taken_and_of_equal_names_the_first(tmp_path: Path, into: Path) -> None:
    archive = packed(tmp_path, ("a/small.obj", OBJ), ("b/large.obj", OBJ * 9), ("c/small.obj", b"other"))
    assert unpack_mesh(archive, into).name == "large.obj"
    assert (into / "small.obj").read_bytes() == OBJ


def test_textures_of_one_name_in_two_folders_stay_two(tmp_path: Path, into: Path) -> None:
    archive = packed(tmp_path, ("a.obj", OBJ), ("a.mtl", b"m"), ("head/skin.png", b"1"), ("body/Skin.png", b"2"))
    assert unpack_mesh(archive, into) == into / "a.obj"
    assert [(into / name).read_bytes() for name in ("head/skin.png", "body/Skin.png", "a.mtl")] == [b"1", b"2", b"m"]


def test_a_folder_may_be_called_as_a_file(tmp_path: Path, into: Path) -> None:
    archive = packed(tmp_path, ("chair.glb/", b""), ("chair.glb/chair.glb", b"glTF"))
    assert unpack_mesh(archive, into).read_bytes() == b"glTF"
    (into / "again").mkdir()
    with pytest.raises(BadMesh, match="damaged"):
        unpack_mesh(packed(tmp_path, ("a.glb", b"glTF"), ("a.glb/b.png", b"png")), into / "again")


def test_what_holds_no_obj_or_is_no_zip_is_refused(tmp_path: Path, into: Path) -> None:
    for archive in (packed(tmp_path, ("a.png", b"png")), packed(tmp_path)):
        with pytest.raises(BadMesh):
            unpack_mesh(archive, into)
    whole = packed(tmp_path, ("a.obj", OBJ * 99)).read_bytes()
    for data in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[:45] + b"\xff" * 20 + whole[65:]):
        archive = tmp_path / "broken"
        archive.write_bytes(data)
        with pytest.raises(BadMesh):
            unpack_mesh(archive, into)


def test_sizes_are_counted_and_not_believed(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_TOTAL_BYTES", 1000)
    with pytest.raises(BadMesh):
        unpack_mesh(packed(tmp_path, ("a.obj", b"v" * 600), ("b.obj", b"v" * 600)), into)
    monkeypatch.setattr(zip_archive, "MAX_FILES", 2)
    with pytest.raises(BadMesh):
        unpack_mesh(packed(tmp_path, *((f"{n}.obj", b"v") for n in range(3))), into)


def test_other_formats_keep_their_folders_inside(tmp_path: Path, into: Path) -> None:
    archive = packed(
        tmp_path,
        ("out/mesh.gltf", b"{}"),
        ("out/data/mesh.bin", b"1"),
        ("../../evil.bin", b"2"),
        ("C:\\x\\a.png", b"3"),
    )
    assert unpack_mesh(archive, into) == into / "out" / "mesh.gltf"
    found = {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()}
    assert found == {"out/mesh.gltf", "out/data/mesh.bin", "evil.bin", "x/a.png"}


def test_an_obj_goes_before_other_formats(tmp_path: Path, into: Path) -> None:
    assert unpack_mesh(packed(tmp_path, ("a.glb", b"glTF" * 99), ("b.obj", OBJ)), into).name == "b.obj"


def test_a_password_is_named(tmp_path: Path, into: Path) -> None:
    data = bytearray(packed(tmp_path, ("a.obj", OBJ)).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(BadMesh, match="protected by a password") as caught:
        unpack_mesh(tmp_path / "locked.zip", into)
    assert "Unpack it" in caught.value.hint


def test_what_a_mac_stores_beside_a_file_is_no_mesh(tmp_path: Path, into: Path) -> None:
    archive = packed(tmp_path, ("__MACOSX/._mesh.obj", b"\0\5\x16\7" * 99), ("mesh.obj", OBJ))
    assert unpack_mesh(archive, into).read_bytes() == OBJ


def test_on_windows_no_name_in_a_zip_means_a_device_or_a_hidden_stream(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    archive = packed(tmp_path, ("CON.obj", OBJ), ("tex/nul.png", b"png"), ("tex/a:b.png", b"png"), ("lamp..mtl", b"m"))
    assert unpack_mesh(archive, into).name == "CON_.obj"  # "a:b.png" would be in the current folder of drive A, too
    assert {path.name for path in into.rglob("*.*")} == {"CON_.obj", "nul_.png", "a_b.png", "lamp..mtl"}


@pytest.mark.parametrize(
    "error", [OSError(36, "File name too long", "x"), FileNotFoundError(2, "No such file", "C:\\…")]
)
def test_a_name_that_is_too_long_is_said(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """Windows says of a path over 260 characters that it does not exist."""

    def refuse(_path: Path, *_arguments: object, **_named: object) -> None:
        raise error

    archive = packed(tmp_path, ("mesh.obj", OBJ))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadMesh, match="too long"):
        unpack_mesh(archive, into)


def test_a_zip_that_is_gone_is_no_long_name(tmp_path: Path, into: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unpack_mesh(tmp_path / "gone.zip", into)
