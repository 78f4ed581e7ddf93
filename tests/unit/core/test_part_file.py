# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for files that are being written."""

from __future__ import annotations

from pathlib import Path

from csm_blender.core.part_file import fresh_part


def test_each_name_is_another_one_and_leftovers_go(tmp_path: Path) -> None:
    path = tmp_path / "a[1].mesh"
    first = fresh_part(path)
    first.write_bytes(b"half")
    (tmp_path / "a[1].mesh.part").write_bytes(b"of an earlier version")
    (tmp_path / "b.mesh.part").write_bytes(b"of another file")
    path.write_bytes(b"whole")
    second = fresh_part(path)
    assert first != second
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a[1].mesh", "b.mesh.part"]
    assert second.name.startswith("a[1].mesh.")
    assert second.suffix == ".part"


def test_a_folder_that_is_not_there_is_no_matter(tmp_path: Path) -> None:
    assert fresh_part(tmp_path / "none" / "a.mesh").parent == tmp_path / "none"
