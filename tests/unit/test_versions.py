# SPDX-License-Identifier: GPL-3.0-or-later
"""One version, said the same everywhere; a manifest that Blender's platform takes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from csm_blender.core.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


def test_manifest_package_project_and_changelog_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert MANIFEST["version"] == VERSION == project["version"]
    assert f"## {VERSION}" in changelog


def test_texts_of_the_manifest_have_the_form_blender_asks_for() -> None:
    texts = [MANIFEST["tagline"], *MANIFEST["permissions"].values()]
    assert all(len(text) <= 64 and text[-1].isalnum() for text in texts)
    assert MANIFEST["permissions"].keys() == {"network", "files", "clipboard"}
    assert "blender" not in MANIFEST["name"].lower()
