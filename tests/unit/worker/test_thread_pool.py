# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's scheduler: it finds jobs in the store, does their steps in threads, and ends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jobs_at_hand import settings, spec

from csm_blender.core.errors import StoreUnusable
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.processes.launch import Interpreters
from csm_blender.worker import thread_pool
from csm_blender.worker.config import WorkerConfig

URL = "http://127.0.0.1:9"


class Pipeline:
    """Cancels each job in its second step; *during* is called in each."""

    during: ClassVar[Callable[[str], None]]
    steps: ClassVar[list[str]]

    def __init__(self, store: Store, _settings: object, _converters: object, owner: str, **_others: Any) -> None:
        self.store, self._owner = store, owner

    def advance(self, job_id: str) -> float | None:
        self.store.claim(job_id, self._owner, 60.0)
        type(self).steps.append(job_id)
        type(self).during(job_id)
        if type(self).steps.count(job_id) < 2:
            return 0.01
        self.store.update(self.store.get(job_id), owner=self._owner, state=JobState.CANCELLED)
        return None

    def heartbeat(self) -> None:
        """No step takes that long."""

    def poll_converters(self) -> None:
        """Nothing is converted here."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store whose jobs the fake pipeline takes."""
    monkeypatch.setattr(thread_pool, "Pipeline", Pipeline)
    monkeypatch.setattr(thread_pool, "AFTER_STORE_TROUBLE_S", 0.05)
    Pipeline.steps, Pipeline.during = [], staticmethod(lambda _job_id: None)  # type: ignore[assignment]  # called without self
    return Store(tmp_path)


def run(store: Store, parent_is_gone: Callable[[], bool] = lambda: False, **changes: Any) -> None:
    config = WorkerConfig(store.home, "me", settings(URL, "key"), Interpreters("none"), **{"idle_s": 0.3, **changes})
    thread_pool.run_worker(config, parent_is_gone)


def add(store: Store, count: int) -> list[str]:
    return [store.add(spec(f"SESSION_{number}"), URL).job_id for number in range(count)]


def states(store: Store) -> set[JobState]:
    return {job.state for job in store.jobs()}


def test_it_does_all_there_is_and_ends_when_idle(store: Store) -> None:
    jobs = add(store, 5)
    begun_s = time.monotonic()
    run(store)
    assert states(store) == {JobState.CANCELLED}
    assert sorted(Pipeline.steps) == sorted(jobs * 2)
    assert 0.3 <= time.monotonic() - begun_s < 2.0
    assert {job.lease_owner for job in store.jobs()} == {""}, "leases are given back"


def test_a_job_added_meanwhile_is_found(store: Store) -> None:
    threading.Timer(0.2, lambda: add(Store(store.home), 1)).start()
    run(store, idle_s=0.8)
    assert len(Pipeline.steps) == 2
    assert states(store) == {JobState.CANCELLED}


def test_it_ends_with_its_parent(store: Store) -> None:
    add(store, 1)
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    begun_s = time.monotonic()
    run(store, gone.is_set, idle_s=60.0)
    assert time.monotonic() - begun_s < 1.5


def test_several_steps_at_once_but_no_more_than_threads(store: Store) -> None:
    at_once: list[int] = []
    inside = 0
    lock = threading.Lock()

    def during(_job_id: str) -> None:
        nonlocal inside
        with lock:
            inside += 1
            at_once.append(inside)
        time.sleep(0.05)
        with lock:
            inside -= 1

    Pipeline.during = staticmethod(during)  # type: ignore[assignment]  # called without self
    add(store, 6)
    run(store, threads=3)
    assert max(at_once) == 3


def test_no_more_jobs_under_way_than_configured(store: Store) -> None:
    jobs = add(store, 3)
    run(store, concurrency=1)
    assert sorted(Pipeline.steps, key=jobs.index) == Pipeline.steps


@pytest.mark.parametrize("fault", [StoreUnusable("locked"), RuntimeError("a mistake")])
def test_a_step_that_breaks_is_repeated_and_harms_no_other_job(store: Store, fault: Exception) -> None:
    jobs = add(store, 2)
    raised: list[str] = []

    def during(job_id: str) -> None:
        if job_id == jobs[0] and not raised:
            raised.append(job_id)
            raise fault

    Pipeline.during = staticmethod(during)  # type: ignore[assignment]  # called without self
    run(store)
    assert raised
    assert states(store) == {JobState.CANCELLED}
