# SPDX-License-Identifier: GPL-3.0-or-later
"""Of every version that was released there are data and its zip, so that updates from it and back to it are tested.

The rule: docs/job-store.md.
"""

from __future__ import annotations

import sys
import tomllib
import zipfile

import pytest
from common import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from releasing import versions

DATA = ROOT / "tests" / "data"
RELEASED = [section.version for section in versions.sections(ROOT)[1:]]


def test_the_change_log_tells_of_the_versions_before_newest_first() -> None:
    assert RELEASED
    assert sorted(RELEASED, key=versions.as_numbers, reverse=True) == RELEASED
    assert all(section.is_dated_release for section in versions.sections(ROOT)[1:])


@pytest.mark.parametrize("version", RELEASED)
def test_its_data_and_its_zip_are_there(version: str) -> None:
    written = {path.name for path in (DATA / version).rglob("*") if path.is_file()}
    assert {"jobs.sqlite3", "scene.blend"} <= written
    with zipfile.ZipFile(DATA / "releases" / f"csm_blender-{version}.zip") as bundle:
        assert tomllib.loads(bundle.read("blender_manifest.toml").decode())["version"] == version
    assert list((ROOT / "tests" / "integration").glob(f"test_data_of_{version.replace('.', '_')}.py"))
