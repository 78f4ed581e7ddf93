# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests that run inside a Python with bpy."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from blender_scenes import Csm

HAS_BPY = importlib.util.find_spec("bpy") is not None
collect_ignore_glob = [] if HAS_BPY else ["test_*.py", "*/test_*.py"]


def pytest_report_header() -> str | None:
    return (
        None
        if HAS_BPY
        else "integration: left out, this Python has no bpy (scripts/test.py runs them for each Blender)"
    )


ONE = "4.2"
"""The Blender of what is marked as ``one_blender``: the oldest, which all the others must not fall behind."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "one_blender(reason): nothing in it can differ between the Blenders, for this reason; runs in one of them.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what is not for this Blender. Each mark has its reason, or nothing is run."""
    marked = {item: mark for item in items if (mark := item.get_closest_marker("one_blender"))}
    assert all(mark.args and mark.args[0] for mark in marked.values()), "the mark one_blender needs a reason"
    if marked and not version().startswith(ONE):
        items[:] = [item for item in items if item not in marked]
        config.hook.pytest_deselected(items=list(marked))


def version() -> str:
    import bpy

    return bpy.app.version_string


@pytest.fixture
def csm(tmp_path: Path, service: Any) -> Csm:
    """The command line, pointed at a local service of its own."""
    from blender_scenes import Csm

    return Csm(tmp_path, service)


@pytest.fixture
def csm_without_service(tmp_path: Path) -> Csm:
    """The command line without key or service."""
    from blender_scenes import Csm

    return Csm(tmp_path)


@pytest.fixture
def offline(tmp_path: Path) -> Csm:
    """The command line without a key, in processes that cannot use the network."""
    from blender_scenes import ROOT, Csm

    return Csm(tmp_path, more={"PYTHONPATH": str(ROOT / "tests" / "support" / "no_network")})


@pytest.fixture
def blockout(tmp_path: Path) -> Path:
    """A saved scene with a plain box, Chair, of 0.5 x 0.6 x 0.9 m standing on its origin, turned by 0.7 rad."""

    from blender_scenes import add_box, save_scene

    def build() -> None:
        add_box("Chair", (0.5, 0.6, 0.9), pivot=(0.0, 0.0, -0.5), location=(1.0, 2.0, 0.25), rotation=(0.0, 0.0, 0.7))

    return save_scene(tmp_path / "blockout.blend", build)


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    """A mesh file of the user."""
    from mesh_files import write_glb

    return write_glb(tmp_path / "rough.glb")
