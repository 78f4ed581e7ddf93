# SPDX-License-Identifier: GPL-3.0-or-later
"""A place where refine requests are counted: see tests/support/paid_once.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_proxy import FaultProxy
from jobs_at_hand import settings
from paid_once import KEY, Place, Service


@pytest.fixture(scope="module")
def proxy() -> Iterator[FaultProxy]:
    """The sockets of the service. There is nothing behind it: each test says what is answered."""
    listening = FaultProxy("http://127.0.0.1:1")
    yield listening
    listening.close()


@pytest.fixture
def place(tmp_path: Path, proxy: FaultProxy) -> Iterator[Place]:
    service = Service(proxy)
    at = Place(tmp_path / "jobs", service, settings(service.url, KEY, poll_interval_s=0.0, read_timeout_s=5.0))
    yield at
    for worker in at.workers:
        worker.end()
