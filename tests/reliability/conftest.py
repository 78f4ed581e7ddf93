# SPDX-License-Identifier: GPL-3.0-or-later
"""One local service for all tests of this folder; each test takes session codes of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import local_service

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, service_samples: Path) -> Iterator[Any]:
    """A quick local service with test controls."""
    data = tmp_path_factory.mktemp("reliability") / "service"
    shutil.copytree(service_samples, data)
    # That name is the service's in the tests of TLS and proxies.
    with local_service(data, "--control", "--refine-seconds", "0.3", "--allow-host", "api.csm.example") as running:
        yield running


@pytest.fixture
def code() -> str:
    """A session code that no other test uses."""
    return f"SESSION_P_{next(_NUMBERS):011d}"
