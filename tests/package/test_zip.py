# SPDX-License-Identifier: GPL-3.0-or-later
"""The built zip: the same bytes twice, valid, installable, and it refines under its real name, ``bl_ext…``."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from blenders import blenders_for_tests, make_block_out
from common import ROOT, load_script

from csm_blender.core.version import VERSION

SESSION = "SESSION_1700000002_0000002"
REFINE_INSTALLED = Path(__file__).with_name("refine_installed.py")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


def build(folder: Path) -> Path:
    """Run the build script as its users do; the zip it names."""
    call = [sys.executable, str(ROOT / "scripts" / "build.py"), "--output", str(folder)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().splitlines()[-1])


def test_two_builds_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert archive.name == again.name == f"csm_blender-{VERSION}.zip"
    assert hashlib.sha256(archive.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_the_zip_holds_the_package_and_nothing_else(archive: Path) -> None:
    names = set(zipfile.ZipFile(archive).namelist())
    assert {
        "__init__.py",
        "blender_manifest.toml",
        "LICENSE",
        "core/jobs/schema.sql",
        "core/pipeline/pipeline.py",
    } <= names
    assert {f"locale/{name}.json" for name in ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")} <= names
    assert not [
        name
        for name in names
        if name.startswith("tests/") or "/test_" in name or "__pycache__" in name or name.endswith(".pyc")
    ]


def test_no_secret_and_no_path_of_this_machine_is_in_the_zip(archive: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        content = b"\n".join(bundle.read(name) for name in bundle.namelist())
    assert str(ROOT).encode() not in content
    assert str(Path.home()).encode() not in content


@pytest.mark.parametrize("version", ["4.2", "4.5", "5.2"])
def test_the_installed_extension_refines(archive: Path, tmp_path: Path, service: Any, version: str) -> None:
    """As ``bl_ext.user_default.csm_blender`` in a fresh profile, enabled by Blender, called as an operator."""
    resources = tmp_path / "resources"
    extension = resources / "extensions" / "user_default" / "csm_blender"
    extension.mkdir(parents=True)
    zipfile.ZipFile(archive).extractall(extension)
    python = load_script("environment.py").python_of(f"bpy-{version}")
    surroundings = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CSM_")},
        "HOME": str(tmp_path),
        "BLENDER_USER_RESOURCES": str(resources),
        "CSM_API_KEY": service.key,
        "CSM_BASE_URL": service.url,
    }
    done = subprocess.run(
        [str(python), str(REFINE_INSTALLED), SESSION], capture_output=True, text=True, env=surroundings, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    assert facts["status"] == "PLACED"
    assert facts["fit_error"] <= 1e-5
    assert facts["package"] == "bl_ext.user_default.csm_blender"
    assert Path(facts["home"]).is_relative_to(resources), "jobs live in the extension's own folder"
    assert service.counts()["post"] == {SESSION: 1}


@pytest.mark.parametrize("number", [0, 1])
def test_a_real_blender_runs_the_command_line_two_ways(
    tmp_path: Path, archive: Path, service: Any, number: int
) -> None:
    """``blender --command csm`` with the extension installed, and ``--python scripts/csm.py`` without it."""
    found = blenders_for_tests()
    if number >= len(found):
        pytest.skip("only one Blender was named")
    surroundings = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CSM_")},
        "HOME": str(tmp_path),
        "BLENDER_USER_RESOURCES": str(tmp_path / "resources"),
        "CSM_API_KEY": service.key,
        "CSM_BASE_URL": service.url,
    }

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        command = [str(found[number]), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False)

    scene = make_block_out(call, tmp_path / "scene.blend")
    refine = ["refine", "--job", f"{SESSION}=Chair", "--json", "--output"]
    installed = call("--command", "extension", "install-file", "-r", "user_default", "-e", archive)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    for name, start in (
        ("command.blend", ["--online-mode", scene, "--command", "csm"]),
        ("script.blend", ["--background", "--online-mode", scene, "--python", ROOT / "scripts" / "csm.py", "--"]),
    ):
        done = call(*start, *refine, tmp_path / name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"status": "PLACED"' in done.stdout
        assert (tmp_path / name).is_file()
    wrong = call(scene, "--command", "csm", "refine", "--job", f"{SESSION}=Stool")
    assert wrong.returncode == 2, wrong.stdout + wrong.stderr
    offline = call("--offline-mode", scene, "--command", "csm", "status", SESSION, "--base-url", "https://api.csm.ai")
    assert offline.returncode == 4, offline.stdout + offline.stderr
    spoiled = "import sys; sys.modules['csm_blender.cli.parser'] = None"
    broken = call("--background", "--python-expr", spoiled, "--python", ROOT / "scripts" / "csm.py", "--", "jobs")
    assert broken.returncode == 1, "a mistake of ours is no success"
    assert "Traceback" in broken.stderr
