# SPDX-License-Identifier: GPL-3.0-or-later
"""The kit for Blender's extensions platform: the rules find what is wrong, the pictures have the sizes asked for."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from common import ROOT
from PIL import Image, ImageDraw

sys.path.insert(0, str(ROOT / "scripts" / "submitting"))  # where its programs find each other, too

import pictures
import rules

MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
SCRIPT = ROOT / "scripts" / "submission.py"


def test_this_version_could_be_submitted(tmp_path: Path) -> None:
    call = [sys.executable, str(SCRIPT), "--no-pictures", "--output", str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    form = (tmp_path / "form.md").read_text(encoding="utf-8")
    assert MANIFEST["tagline"] in form
    assert "### Added" in form
    assert {"description.md", "reviewers.md"} <= {path.name for path in tmp_path.iterdir()}
    assert len(list(tmp_path.glob("*.zip"))) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tagline": "Refines meshes."}, "tagline must not end with a stop"),
        ({"tagline": "x" * 65}, "tagline has 65 letters"),
        ({"tagline": " x"}, "blanks at its ends"),
        ({"name": "Blender Refine"}, "must not contain Blender"),
        ({"tags": ["3D View", "Magic"]}, "does not know: Magic"),
        ({"permissions": {"network": "To fetch."}}, "the reason for permission network must not end with a stop"),
        ({"permissions": {"microphones": "x"}}, "permission microphones does not exist"),
        ({"license": ["SPDX:MIT"]}, "GPL-3.0-or-later"),
        ({"version": "1.0"}, "three numbers"),
        ({"blender_version_min": "4.1.0"}, "4.2.0 or later"),
        ({"maintainer": ""}, "maintainer is missing"),
    ],
)
def test_what_the_platform_refuses_of_a_manifest_is_named(change: dict[str, Any], says: str) -> None:
    [problem] = rules.manifest_problems({**MANIFEST, **change})
    assert says in problem


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("core/a.py", "import sys\nsys.path.append('x')", "changes sys.path"),
        ("core/a.py", "exec('x = 1')", "runs text as code"),
        ("core/a.py", "import subprocess\nsubprocess.run(['pip', 'install', 'x'])", "installs packages"),
        (
            "core/a.py",
            "def f(context):\n    return context.window_manager.clipboard",
            "clipboard is used and not declared",
        ),
        ("core/lib.so", "", "is compiled"),
    ],
)
def test_what_the_moderators_refuse_of_a_zip_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr(name, text)
    [problem] = rules.package_problems(tmp_path / "a.zip", {"permissions": {"files": "x"}})
    assert says in problem


def test_a_permission_that_nothing_needs_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr("a.py", "import math")
    [problem] = rules.package_problems(tmp_path / "a.zip", {"permissions": {"network": "x"}})
    assert "network is declared and not used" in problem


def test_pictures_and_film_have_the_sizes_that_the_platform_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn from plain pictures in place of renders and windows, which take minutes; of the film four pictures."""
    whole = pictures.frames
    monkeypatch.setattr(pictures, "frames", lambda *given: islice(whole(*given), 0, 48, 15))
    sources, output = tmp_path / "sources", tmp_path / "output"
    sources.mkdir()
    output.mkdir()
    for number, name in enumerate(("before", "after", "ui-file", "ui-file-progress", "ui-file-done")):
        picture = Image.new("RGB", rules.PICTURE_SIZE, (40 * number, 90, 160))
        ImageDraw.Draw(picture).ellipse((600, 200, 1300, 900), fill=(220, 120, 40 * number))
        picture.save(sources / f"{name}.png")
    icon = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    ImageDraw.Draw(icon).rectangle((100, 50, 400, 480), fill=(200, 120, 60, 255))
    icon.save(sources / "icon.png")
    pictures.main(str(sources), str(ROOT / "docs" / "images"), str(output))
    sizes = {}
    for path in output.iterdir():
        assert path.stat().st_size < rules.LARGEST_BYTES, path
        if path.suffix in {".png", ".jpg"}:
            with Image.open(path) as picture:
                sizes[path.name] = picture.size
    assert sizes.pop("icon.png") == rules.ICON_SIZE
    assert sizes.pop("featured.jpg") == rules.PICTURE_SIZE
    assert len(sizes) == 3
    assert set(sizes.values()) == {rules.PICTURE_SIZE}
    assert [path.name for path in output.glob("film.*")] in (["film.mp4"], ["film.webp"])
