# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: a real local service to talk to. Helpers are modules in ``tests/support``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import local_service


@pytest.fixture(scope="session")
def service_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the sample sessions were made once; copy it for a service of your own."""
    data = tmp_path_factory.mktemp("service-samples")
    with local_service(data):
        pass
    return data


@pytest.fixture
def service(tmp_path: Path, service_samples: Path) -> Iterator[Any]:
    """A quick local service with test controls, fresh for each test."""
    data = tmp_path / "service"
    shutil.copytree(service_samples, data)
    with local_service(data, "--control", "--refine-seconds", "0.3") as running:
        yield running


@pytest.fixture
def slow_service(tmp_path: Path, service_samples: Path) -> Iterator[object]:
    """A local service whose refines take long enough for something to happen meanwhile."""
    data = tmp_path / "service"
    shutil.copytree(service_samples, data)
    with local_service(data, "--control", "--refine-seconds", "4") as running:
        yield running
