"""Fixtures for the tests of the local service: the real process on loopback, and sessions to try it on."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from csm_server.launch import LocalService  # noqa: E402  the path has to be set first

NEEDED = ("starlette", "uvicorn", "trimesh", "scipy", "networkx", "PIL", "numpy")
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
# This Python is another's (Blender's, say): the service has requirements of its own.
collect_ignore_glob = ["test_*.py"] if missing else []


def pytest_report_header() -> str | None:
    """Say so where these tests are left out."""
    return f"tests/server: left out, this Python lacks {', '.join(missing)}" if missing else None


def unavailable(reason: str) -> None:
    """Skip with a reason on a stranger's machine; in CI what is missing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    """A service with control routes whose refines take a quarter of a second at least."""
    data = tmp_path_factory.mktemp("service")
    with LocalService(data=data, options=["--control", "--refine-seconds", "0.25"]) as running:
        yield running


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of shared test meshes."""
    folder = ROOT.parent / "shared" / "assets"
    if not folder.is_dir():
        unavailable("shared/assets does not stand beside the project")
    return folder


@pytest.fixture
def add(service: LocalService) -> Callable[..., str]:
    """Adds a session under a code of its own: ``add(glb, **behaviour)``."""
    return lambda glb, **behaviour: service.add_session(next(CODES), glb, **behaviour)


CODES = (f"SESSION_TEST_{number:07d}" for number in itertools.count(1))


def wait(service: LocalService, code: str, seconds: float = 30) -> dict[str, Any]:
    """The session's data once its refine has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = service.session(code)
        if data.get("status", data.get("session_status")) not in ("training_refine", "in_progress"):
            return data
        time.sleep(0.05)
    raise AssertionError(f"{code} was not done after {seconds} s: {service.output}")


def refined(service: LocalService, code: str, **body: Any) -> bytes:
    """Refine the session and return the GLB."""
    answer = service.refine(code, **body)
    assert answer.status == 200, answer.body
    data = wait(service, code)
    assert data.get("status", "refine_done") == "refine_done"
    glb = service.request("GET", data["mesh_url_glb"])
    assert glb.status == 200
    return glb.body
