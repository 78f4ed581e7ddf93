# SPDX-License-Identifier: GPL-3.0-or-later
"""``scripts/release.py``: whole from a fresh clone, the same twice, installable from any web server, or refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from blenders import blenders_for_tests
from common import ROOT, load_script
from extension_repository import FreshBlender, served
from mesh_files import write_glb

from csm_blender.core.version import VERSION

VALIDATE_SBOM = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1], encoding="utf-8").read())
sys.exit(str(problem) if problem else 0)
"""


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    call = ["git", *who, *words]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=True).stdout


def clone(folder: Path) -> Path:
    """A fresh clone of what is committed and what is being worked on, as it would be after a commit.

    It shares the environments, which would be made anew otherwise, and is made ready for a release where it is not:
    between two releases a version need not be raised, nor a picture be made anew.
    """
    git(ROOT, "clone", "-q", "--no-hardlinks", str(ROOT), str(folder))
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, _made(folder / name))
        else:
            (folder / name).unlink(missing_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("/.venvs\n")
    (folder / ".venvs").symlink_to(load_script("environment.py").FOLDER)
    if not {tag[1:] for tag in git(ROOT, "tag", "--list", "v*").split()} & {VERSION}:
        script(folder, "raise_version.py", VERSION, "--date", "2026-11-27")
    else:
        major, minor, patch = VERSION.split(".")
        script(folder, "raise_version.py", f"{major}.{minor}.{int(patch) + 1}", "--date", "2026-11-27")
    script(folder, "pictures.py", "--still-right")
    commit(folder)
    return folder


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "test: ready")


def script(folder: Path, name: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, str(folder / "scripts" / name), *words]
    return subprocess.run(call, env={**os.environ, **variables}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("one") / "csm")


@pytest.fixture(scope="module")
def released(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command makes in a fresh clone with an empty home."""
    done = script(checkout, "release.py", HOME=str(tmp_path_factory.mktemp("home")))
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path(done.stdout.strip().splitlines()[-1])
    assert folder == checkout / "dist" / "release"
    return folder


def test_it_holds_what_is_published(released: Path) -> None:
    (archive,) = released.glob("*.zip")
    assert {path.name for path in released.iterdir()} == {
        archive.name, "index.json", "index.html", "demo.jpg", "SHA256SUMS", "sbom.cdx.json", "LICENSE", "LICENSES.txt",
        "CHANGES.md",
    }  # fmt: skip
    sums = dict(reversed(line.split("  ")) for line in (released / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in released.iterdir()
        if path.name != "SHA256SUMS"
    }
    assert (released / "CHANGES.md").read_text(encoding="utf-8").startswith("# CSM Refine ")


def test_another_folder_another_time_zone_and_another_mask_give_the_same_bytes(
    checkout: Path, released: Path, tmp_path: Path
) -> None:
    other = tmp_path / "a longer path" / "elsewhere"
    other.parent.mkdir()
    git(checkout, "clone", "-q", str(checkout), str(other))
    (other / ".git" / "info" / "exclude").write_text("/.venvs\n")
    (other / ".venvs").symlink_to(checkout / ".venvs")
    around = {**os.environ, "HOME": str(tmp_path), "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    call = ["sh", "-c", 'umask 077; exec "$0" "$@"', sys.executable, str(other / "scripts" / "release.py")]
    done = subprocess.run(call, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = Path(done.stdout.strip().splitlines()[-1])
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in released.iterdir()
    }


def test_the_bill_of_materials_is_valid_and_complete(released: Path) -> None:
    bill = released / "sbom.cdx.json"
    python = load_script("environment.py").python_of("release")
    checked = subprocess.run([str(python), "-c", VALIDATE_SBOM, str(bill)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    data = json.loads(bill.read_text(encoding="utf-8"))
    assert {part["name"]: part["scope"] for part in data["components"]} == {
        "Blender": "required", "numpy": "required", "requests": "required", "urllib3": "required",
        "distributed": "optional",
    }  # fmt: skip
    (archive,) = released.glob("*.zip")
    whole = data["metadata"]["component"]
    assert whole["hashes"][0]["content"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert {"core/version.py", "LICENSE"} <= {part["name"] for part in whole["components"]}


def test_the_page_has_the_link_to_drag_as_blender_writes_it_and_asks_nothing_of_other_hosts(released: Path) -> None:
    page = (released / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(\./[^"]+\.zip\?[^"]+)"', page)
    assert len(links) == 2
    assert links[0].replace("&amp;", "&") == links[1].replace("&amp;", "&"), "ours, and the one of Blender's own table"
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not [address for address in asked if "//" in address]
    assert not [address for address in asked if not (released / address.partition("?")[0]).is_file()]
    assert not re.findall(r"@[A-Z]+@|\$\{?\w+", page), "nothing is left unfilled"


def test_blender_itself_makes_the_same_index_of_it_and_finds_the_zip_valid(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (archive,) = released.glob("*.zip")
    shutil.copy(archive, copy)
    blender = FreshBlender(blenders_for_tests()[-1], tmp_path / "home")
    blender.extension("server-generate", "--repo-dir", copy)
    assert json.loads((copy / "index.json").read_text()) == json.loads((released / "index.json").read_text())
    assert "Success" in blender.extension("validate", archive)


@pytest.mark.parametrize("number", [0, 1])
def test_a_blender_without_the_project_installs_it_from_a_web_server_and_refines_a_glb_offline(
    released: Path, tmp_path: Path, number: int
) -> None:
    found = blenders_for_tests()
    if number >= len(found):
        pytest.skip("only one Blender was named")
    blender = FreshBlender(found[number], tmp_path / "home")
    with served(released) as address:
        blender.take_from(address)
    write_glb(blender.home / "chair.glb")  # the server is gone
    output = blender.home / "refined.blend"
    words = ["refine", "--job", "chair.glb=Chair", "--texture", "0", "--output", output]
    (job,) = blender.csm(*words, scene=blender.block_out("scene.blend"))["jobs"]
    assert (job["status"], job["engine"]) == ("PLACED", "local")
    assert job["fit"]["placed_error"] <= 1e-5
    assert output.is_file()


# --- what is refused
def refused(folder: Path) -> str:
    """What ``release.py --check`` says; it must refuse, and nothing may be made."""
    done = script(folder, "release.py", "--check")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("refused: ") == done.stderr.count("hint: ") > 0
    return done.stderr


@pytest.fixture
def spoiled(checkout: Path, tmp_path: Path) -> Path:
    """A clone to be spoiled."""
    folder = tmp_path / "spoiled"
    git(checkout, "clone", "-q", str(checkout), str(folder))
    return folder


def test_nothing_stands_in_the_way_before_something_is_spoiled(spoiled: Path) -> None:
    assert script(spoiled, "release.py", "--check").returncode == 0


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_uncommitted_changes_are_refused(spoiled: Path) -> None:
    (spoiled / "csm_blender" / "new.py").write_text("# not committed")
    told = refused(spoiled)
    assert "uncommitted changes: ?? csm_blender/new.py" in told
    assert not (spoiled / "dist").exists()


def test_a_version_that_was_not_raised_is_refused(spoiled: Path) -> None:
    head = (spoiled / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n## ")[2].split()[0]
    replace(spoiled / "CHANGELOG.md", f"## {head}", "## 1.99.0 - 2030-01-01\n\nLater.\n\n## " + head)
    commit(spoiled)
    assert f"the version {head} was not raised: {head} was released before (CHANGELOG.md" in refused(spoiled)


def test_a_version_that_was_tagged_before_is_refused(spoiled: Path) -> None:
    head = (spoiled / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n## ")[2].split()[0]
    git(spoiled, "tag", f"v{head}")
    assert script(spoiled, "release.py", "--check").returncode == 0, "this is the commit that was tagged"
    commit(spoiled)
    assert f"{head} was released before (the tag v{head})" in refused(spoiled)


def test_versions_that_differ_and_a_change_log_without_a_date_are_refused(spoiled: Path) -> None:
    replace(spoiled / "CHANGELOG.md", "\n## ", "\n## Unreleased\n\nMore.\n\n## ")
    commit(spoiled)
    assert "was released before" in refused(spoiled)
    replace(spoiled / "csm_blender" / "core" / "version.py", 'VERSION = "', 'VERSION = "9')
    commit(spoiled)
    assert "the version is not the same everywhere" in refused(spoiled)


def test_a_missing_translation_is_refused(spoiled: Path) -> None:
    catalog = spoiled / "csm_blender" / "locale" / "fr_FR.json"
    texts = json.loads(catalog.read_text(encoding="utf-8"))
    texts.pop("Placed")
    catalog.write_text(json.dumps(texts, ensure_ascii=False, indent=1), encoding="utf-8")
    commit(spoiled)
    told = refused(spoiled)
    assert "the catalog fr_FR is not complete" in told
    assert "no translation of 'Placed'" in told
    assert "scripts/translations.py" in told


def test_an_old_screenshot_is_refused_until_somebody_has_looked(spoiled: Path) -> None:
    panel = spoiled / "csm_blender" / "ui" / "panel.py"
    panel.write_text(panel.read_text(encoding="utf-8") + "\n\n# a comment changes no picture\n", encoding="utf-8")
    commit(spoiled)
    assert script(spoiled, "release.py", "--check").returncode == 0
    panel.write_text(panel.read_text(encoding="utf-8") + "LINES = 3\n", encoding="utf-8")
    commit(spoiled)
    told = refused(spoiled)
    assert "screenshots in docs/images are older than what they show: csm_blender/ui/panel.py" in told
    assert "scripts/pictures.py" in told
    script(spoiled, "pictures.py", "--still-right")
    commit(spoiled)
    assert script(spoiled, "release.py", "--check").returncode == 0
