# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are, for all tests."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT.parent / "shared" / "assets"
IN_CI = bool(os.environ.get("CI"))


def load_script(path: str) -> ModuleType:
    """A module of ``scripts`` by its path there: that folder is no package."""
    file = ROOT / "scripts" / path
    name = "script_" + file.stem
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def service_python() -> str:
    """The interpreter that has what the local service needs."""
    return os.environ.get("CSM_SERVICE_PYTHON") or str(load_script("environment.py").python_of("test"))


def service_blender() -> str:
    """A Python that has bpy, for the local service to refine with: this one if it has."""
    has_bpy = importlib.util.find_spec("bpy") is not None
    return sys.executable if has_bpy else str(load_script("environment.py").python_of("bpy-4.2"))


def local_service(data: Path, *options: str) -> Any:
    """A local service, not started yet, with its sessions in the folder *data*."""
    launch = load_script("csm_server/launch.py")
    words = ["--texture", "512", *options]
    return launch.LocalService(python=service_python(), blender=service_blender(), data=data, options=words)


def asset(name: str) -> Path:
    """A sample file of ``../shared/assets``; skips with a reason on machines without it, fails in CI."""
    path = ASSETS / name
    if not path.exists():
        if IN_CI:
            pytest.fail(f"{path} is missing in CI")
        pytest.skip(f"needs {name} of the shared sample files, which are not on this machine")
    return path
