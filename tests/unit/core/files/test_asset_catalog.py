# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog file of an asset library: ours is added, everybody else's stays."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from csm_blender.core.errors import DiskProblem
from csm_blender.core.files.asset_catalog import CATALOG_ID, FILE_NAME, add_catalog, as_file_name, with_catalog
from csm_blender.core.models import AssetChoice, AssetPlace, Choices

PARENT = "0f6ab2f4-58c1-4f1c-8c39-6d1f0e7b2a90:CSM:CSM"
LINE = f"{CATALOG_ID}:CSM/Refined:CSM-Refined"
OTHER = "3c6d8b0e-0000-4000-8000-1234567890ab:Props/Chairs:Props-Chairs"


def test_the_identifier_is_a_uuid() -> None:
    assert str(uuid.UUID(CATALOG_ID)) == CATALOG_ID


def test_a_new_file_has_the_version_before_the_catalog(tmp_path: Path) -> None:
    add_catalog(tmp_path)
    lines = [line for line in (tmp_path / FILE_NAME).read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["VERSION 1", PARENT, LINE]


@pytest.mark.parametrize("end", ["", "\n"])
def test_catalogs_that_are_there_stay(tmp_path: Path, end: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(f"# mine\nVERSION 1\n{OTHER}{end}")
    path.chmod(0o640)
    add_catalog(tmp_path)
    add_catalog(tmp_path)
    assert path.read_text() == f"# mine\nVERSION 1\n{OTHER}\n{PARENT}\n{LINE}\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_catalog_that_has_the_parents_place_is_taken() -> None:
    text = "VERSION 1\n3c6d8b0e-0000-4000-8000-1234567890ab:CSM:mine\n"
    assert with_catalog(text) == f"{text}{LINE}\n"


def test_one_that_was_moved_elsewhere_stays_there() -> None:
    text = f"VERSION 1\n{CATALOG_ID.upper()}:Props/From CSM:mine\n"
    assert with_catalog(text) == text


def test_what_cannot_be_read_or_written_is_left_alone_and_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(DiskProblem, match="not UTF-8"):
        add_catalog(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == b"\xff\xfe"
    with pytest.raises(DiskProblem, match="cannot be written"):
        add_catalog(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("Chair_refined", "Chair_refined"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Chair?", "C_Chair"),
        ("Chair.001", "Chair_001"),
        ("Stuhl ä 椅子", "Stuhl ä 椅子"),
        ("...", "Unnamed"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_are_made_fit_for_files(name: str, file_name: str) -> None:
    assert as_file_name(name) == file_name


def test_records_of_earlier_versions_wish_for_no_asset() -> None:
    assert Choices.from_dict({"fit": "EXACT", "pivot": "BASE", "original": "KEEP"}).asset == AssetChoice()
    wish = {"place": "LIBRARY", "library": "Props", "folder": "/props", "author": "Ada"}
    assert AssetChoice.from_dict(wish) == AssetChoice(AssetPlace.LIBRARY, "Props", "/props", "Ada")
