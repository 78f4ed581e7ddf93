# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of the local service: the real process on loopback, and sessions to try it on."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Set here, since the tests may be collected in a mode that sets no path.
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "support"), str(Path(__file__).parent)]

from csm_server.launch import LocalService
from serving import started, unavailable

NEEDED = ("starlette", "uvicorn", "trimesh", "PIL", "numpy")
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
# This Python is another's (Blender's, say): the service has requirements of its own.
collect_ignore_glob = ["test_*.py"] if missing else []


def pytest_report_header() -> str | None:
    """Say so where these tests are left out."""
    return f"tests/server: left out, this Python lacks {', '.join(missing)}" if missing else None


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    """A service with control routes whose refines take a quarter of a second at least."""
    data = tmp_path_factory.mktemp("service")
    with started(data, "--control", "--refine-seconds", "0.25", "--allow-host", "friend.example") as running:
        yield running


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of shared test meshes."""
    folder = ROOT.parent / "shared" / "assets"
    if not folder.is_dir():
        unavailable("shared/assets does not stand beside the project")
    return folder


CODES = (f"SESSION_TEST_{number:07d}" for number in itertools.count(1))


@pytest.fixture
def add(service: LocalService) -> Callable[..., str]:
    """Adds a session under a code of its own: ``add(glb, **behaviour)``."""
    return lambda glb, **behaviour: service.add_session(next(CODES), glb, **behaviour)
