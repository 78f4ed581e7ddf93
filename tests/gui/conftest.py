"""Fixtures of the GUI tests: every test that takes `blender` or `bare_blender` runs in each Blender there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blenders import find_blenders
from harness import HERE, Blender, find_tool, make_user_directory, virtual_display

REPOSITORY = HERE.parents[1]
NO_BLENDER = "no Blender: run scripts/get_blender.sh or set BLENDER=/path/to/blender (see tests/gui/README.md)"


@pytest.fixture(scope="session", params=find_blenders() or [Path()], ids=lambda path: path.name or "no-blender")
def blender_binary(request: pytest.FixtureRequest) -> Path:
    """Each Blender in turn. None at all is a reason to skip, but not in CI."""
    binary: Path = request.param
    if not binary.name:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BLENDER)
    return binary


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """One X server for the session."""
    with virtual_display(find_tool("Xvfb", find_blenders()[-1])) as name:
        yield name


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as it is published, built from this tree; in a place of its own, as test workers build at once."""
    output = tmp_path_factory.mktemp("dist")
    build = [sys.executable, str(REPOSITORY / "scripts" / "build.py"), "--output", str(output)]
    built = subprocess.run(build, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return REPOSITORY / built.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def user_directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, Path | None], Path]:
    """Gives the user directory of a Blender with or without the extension; made once, to be copied."""
    made: dict[tuple[Path, Path | None], Path] = {}

    def get(binary: Path, extension: Path | None) -> Path:
        if (binary, extension) not in made:
            directory = tmp_path_factory.mktemp("template")
            make_user_directory(binary, directory, extension)
            made[binary, extension] = directory / "user"
        return made[binary, extension]

    return get


@pytest.fixture
def start(
    blender_binary: Path, display: str, tmp_path: Path, user_directory: Callable[[Path, Path | None], Path]
) -> Callable[[Path | None], Blender]:
    """Gives this test's Blender, with or without the extension."""

    def get(extension: Path | None) -> Blender:
        shutil.copytree(user_directory(blender_binary, extension), tmp_path / "user")
        screens = Path(os.environ.get("CSM_SCREENS") or HERE / "_screens").absolute() / blender_binary.name
        return Blender(blender_binary, display, tmp_path, screens)

    return get


@pytest.fixture
def blender(start: Callable[[Path | None], Blender], extension_zip: Path) -> Blender:
    """A Blender with the extension installed from the built zip and enabled."""
    return start(extension_zip)


@pytest.fixture
def bare_blender(start: Callable[[Path | None], Blender]) -> Blender:
    """A Blender without the extension."""
    return start(None)
