# SPDX-License-Identifier: GPL-3.0-or-later
"""A result as an asset: in the scene's own file, or in a file of an asset library, with its picture and its label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from blender_scenes import Csm, add_box, save_scene

from csm_blender.converter.asset import PICTURE, Label, label_asset
from csm_blender.core.files.asset_catalog import CATALOG_ID, FILE_NAME
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

SESSION = "SESSION_1700000002_0000002"


def label_of(obj: Any) -> dict[str, Any]:
    data = obj.asset_data
    return {"catalog": data.catalog_id, "tags": sorted(tag.name for tag in data.tags), "description": data.description}


def picture_of(obj: Any) -> np.ndarray:
    """Red, green, blue and alpha (256, 256, 4), from 0 to 1."""
    assert tuple(obj.preview.image_size) == (256, 256)
    values = np.empty(256 * 256 * 4, dtype=np.float32)
    obj.preview.image_pixels_float.foreach_get(values)
    return values.reshape(256, 256, 4)


def assert_shows_something(picture: np.ndarray) -> None:
    """Something is there, the corners are empty, and it is neither black nor of one shade."""
    assert picture[..., 3].mean() > 0.05
    assert picture[[0, 0, -1, -1], [0, -1, 0, -1], 3].max() == 0.0
    shown = picture[picture[..., 3] > 0.9][:, :3]
    assert shown.mean() > 0.1
    assert shown.std() > 0.02


def job_id_of(csm: Csm, number: int = 0) -> str:
    store = Store(csm.folder / "jobs")
    try:
        return store.jobs([JobState.PLACED])[number].job_id
    finally:
        store.close()


def test_in_the_file_the_result_is_marked_and_the_catalog_lies_beside(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.blend"
    catalogs = tmp_path / FILE_NAME
    catalogs.write_text("VERSION 1\n3c6d8b0e-0000-4000-8000-1234567890ab:Props:Props\n")
    done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", output, "--asset", "file")
    assert done.status == 0, done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(output))
    obj = bpy.data.objects["Chair_refined"]
    assert label_of(obj) == {
        "catalog": CATALOG_ID,
        "tags": sorted(["CSM", SESSION]),
        "description": f"Refined by CSM from {SESSION} (job {job_id_of(csm)})",
    }
    assert_shows_something(picture_of(obj))
    assert bpy.data.objects["Chair"].asset_data is None
    assert PICTURE not in obj.data
    lines = catalogs.read_text().splitlines()
    assert lines[1] == "3c6d8b0e-0000-4000-8000-1234567890ab:Props:Props"
    assert lines[-1] == f"{CATALOG_ID}:CSM/Refined:CSM-Refined"


def test_off_means_no_mark_no_picture_and_no_catalog(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.blend"
    done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", output)
    assert done.status == 0, done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(output))
    obj = bpy.data.objects["Chair_refined"]
    assert (obj.asset_data, PICTURE in obj.data, (tmp_path / FILE_NAME).exists()) == (None, False, False)


def test_in_a_library_each_result_has_a_file_of_its_own(csm: Csm, tmp_path: Path) -> None:
    """A mirrored block-out in centimeters: the asset has its size in the world, and its origin at the origin."""

    def build() -> None:
        add_box("Chair", (1, 1, 1), pivot=(0, 0, -0.5), location=(9, 8, 7), rotation=(0, 0, 1), scale=(-50, 60, 90))

    library = tmp_path / "Props"
    library.mkdir()
    scene = save_scene(tmp_path / "scene.blend", build, scale_length=0.01)
    output = tmp_path / "out.blend"
    call = ("refine", "--blend", scene, "--job", f"{SESSION}=Chair", "--output", output, "--asset", library)
    for _ in range(2):
        done = csm(*call, "--json")
        assert done.status == 0, done.stderr
    assert Path(done.jobs[0]["result"]["asset_file"]) == library / "CSM" / f"Chair_refined {SESSION} 2.blend"
    files = sorted(path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file())
    first = f"CSM/Chair_refined {SESSION}.blend"
    assert files == sorted([first, f"CSM/Chair_refined {SESSION} 2.blend", FILE_NAME])
    bpy.ops.wm.open_mainfile(filepath=str(output))
    assert bpy.data.objects["Chair_refined"].asset_data is None

    with bpy.data.libraries.load(str(library / first), link=True, assets_only=True) as (available, wanted):
        assert list(available.objects) == ["Chair_refined"]
        wanted.objects = available.objects
    obj = wanted.objects[0]
    label = label_of(obj)
    assert (label["catalog"], label["tags"]) == (CATALOG_ID, sorted(["CSM", SESSION]))
    assert label["description"].startswith(f"Refined by CSM from {SESSION} (job ")
    assert_shows_something(picture_of(obj))
    assert obj.data.name == "Chair_refined"
    assert tuple(obj.matrix_world.translation) == (0, 0, 0)
    assert tuple(obj.scale) == (1, 1, 1)
    low, high = np.array(obj.bound_box).min(axis=0), np.array(obj.bound_box).max(axis=0)
    assert high - low == pytest.approx([50, 60, 90], rel=1e-5)
    assert low[2] == pytest.approx(0.0, abs=1e-3)
    assert len(obj.data.materials) > 0
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")


@pytest.mark.parametrize("trouble", ["a file is in the way", "the catalog cannot be read"])
def test_a_library_that_cannot_be_written_keeps_nobody_from_the_result(
    csm: Csm, blockout: Path, tmp_path: Path, trouble: str
) -> None:
    library = tmp_path / "Props"
    library.mkdir()
    name = "CSM" if trouble == "a file is in the way" else FILE_NAME
    (library / name).write_bytes(b"\xff\xfe")
    output = tmp_path / "out.blend"
    call = ("--blend", blockout, "--job", f"{SESSION}=Chair", "--output", output, "--asset", library, "--json")
    done = csm("refine", *call)
    assert done.status == 0, done.stderr
    job = done.jobs[0]
    assert (job["status"], job["error"]) == ("PLACED", None)
    said = "cannot be written" if name == "CSM" else "is not UTF-8"
    assert [note for note in job["quality"]["notes"] if said in note]
    assert (library / name).read_bytes() == b"\xff\xfe"
    assert not list(library.rglob("*.part*"))


def test_a_library_that_is_no_folder_is_refused_before_anything_is_sent(csm: Csm, blockout: Path) -> None:
    done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--asset", "no such folder")
    assert done.status == 2
    assert "--asset is off, file or the folder of a library" in done.stderr
    assert csm.service.counts()["post"] == {}


def test_a_killed_call_is_resumed_with_its_asset(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    """The wish is in the job; a library file of the same job is written anew, not a second time."""
    from test_cli_resume import start_and_wait_for_call

    library = tmp_path / "Props"
    library.mkdir()
    output = tmp_path / "out.blend"
    call = ("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", output, "--asset", library)
    process = start_and_wait_for_call(csm, call, JobState.CONVERTING)
    process.kill()
    process.communicate()
    done = csm("resume", "--json", timeout=150.0)
    assert done.status == 0, done.stderr
    assert [path.name for path in (library / "CSM").iterdir()] == [f"Chair_refined {SESSION}.blend"]


def test_what_a_person_wrote_on_an_asset_stays_and_ours_is_brought_up_to_date() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    obj = add_box("Chair", (1, 1, 1))
    mine = "3c6d8b0e-0000-4000-8000-1234567890ab"
    obj.asset_mark()
    obj.asset_data.catalog_id, obj.asset_data.description, obj.asset_data.author = mine, "My chair", "Ada"
    assert label_asset(obj, Label(SESSION, "a" * 32, "Bob"), None)
    assert (obj.asset_data.author, label_of(obj)["catalog"], label_of(obj)["description"]) == ("Ada", mine, "My chair")
    obj.asset_data.description = ""
    for job_id in ("a" * 32, "b" * 32):
        label_asset(obj, Label(SESSION, job_id, "Bob"), None)
    assert label_of(obj)["description"] == f"Refined by CSM from {SESSION} (job {'b' * 32})"
    assert label_of(obj)["tags"] == sorted(["CSM", SESSION])


def test_the_author_is_written_where_one_is_named() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    authors = []
    for number, author in enumerate(("Ada", "")):
        obj = add_box(str(number), (1, 1, 1))
        label_asset(obj, Label(SESSION, "a" * 32, author), None)
        authors.append(obj.asset_data.author)
    assert authors == ["Ada", ""]
