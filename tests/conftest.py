# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: where things are, and a real local service to talk to."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
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


def asset(name: str) -> Path:
    """A sample file of ``../shared/assets``; skips with a reason on machines without it, fails in CI."""
    path = ASSETS / name
    if not path.exists():
        if IN_CI:
            pytest.fail(f"{path} is missing in CI")
        pytest.skip(f"needs {name} of the shared sample files, which are not on this machine")
    return path


@pytest.fixture(scope="session")
def service_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the sample sessions were made once; copy it for a service of your own."""
    data = tmp_path_factory.mktemp("service-samples")
    launch = load_script("csm_server/launch.py")
    with launch.LocalService(python=service_python(), data=data):
        pass
    return data


@pytest.fixture
def service(tmp_path: Path, service_samples: Path) -> Iterator[object]:
    """A quick local service with test controls, fresh for each test."""
    import shutil

    data = tmp_path / "service"
    shutil.copytree(service_samples, data)
    launch = load_script("csm_server/launch.py")
    options = ["--control", "--refine-seconds", "0.3"]
    with launch.LocalService(python=service_python(), data=data, options=options) as running:
        yield running
