# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: a real local service to talk to. Helpers are modules in ``tests/support``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import load_script, service_python


@pytest.fixture(scope="session")
def service_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the sample sessions were made once; copy it for a service of your own."""
    data = tmp_path_factory.mktemp("service-samples")
    launch = load_script("csm_server/launch.py")
    with launch.LocalService(python=service_python(), data=data):
        pass
    return data


@pytest.fixture
def service(tmp_path: Path, service_samples: Path) -> Iterator[Any]:
    """A quick local service with test controls, fresh for each test."""
    data = tmp_path / "service"
    shutil.copytree(service_samples, data)
    launch = load_script("csm_server/launch.py")
    options = ["--control", "--refine-seconds", "0.3"]
    with launch.LocalService(python=service_python(), data=data, options=options) as running:
        yield running


@pytest.fixture
def slow_service(tmp_path: Path, service_samples: Path) -> Iterator[object]:
    """A local service whose refines take long enough for something to happen meanwhile."""
    import shutil

    data = tmp_path / "service"
    shutil.copytree(service_samples, data)
    launch = load_script("csm_server/launch.py")
    options = ["--control", "--refine-seconds", "4"]
    with launch.LocalService(python=service_python(), data=data, options=options) as running:
        yield running
