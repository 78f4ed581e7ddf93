# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of one session on loopback that says what it is told to, and pipelines that talk to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fault_proxy import Fault, FaultProxy, Request, answer
from jobs_at_hand import QuickDraw, idle_converters, settings, spec

from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.pipeline import Pipeline

CODE = "SESSION_1"
KEY = "a key for nothing but tests"


class SmallService:
    """``shown`` is the session's data; ``faults`` replace the answer to a ``session``, ``submit`` or ``file`` call."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {"status": "preview_done"}
        self.file = b""
        self.faults: dict[str, Fault] = {}
        self.proxy = FaultProxy("http://127.0.0.1:1", self._fault_for)
        self.url = f"http://127.0.0.1:{self.proxy.port}"

    def count(self, kind: str) -> int:
        return sum(request.kind == kind for request in self.proxy.requests)

    def refined(self, **more: Any) -> None:
        """Show the session as refined, with a link to ``file``."""
        self.shown = {"status": "refine_done", "updated_at": "later", "mesh_url_glb": f"{self.url}/mesh.glb", **more}

    def _fault_for(self, request: Request) -> Fault:
        if (fault := self.faults.get(request.kind)) is not None:
            return fault
        if request.kind == "file":
            return answer(200, self.file)
        return answer(200, json.dumps({"data": {"session_code": CODE, **self.shown}}).encode())


class Bench:
    """A store, a pipeline and a service, for one job at a time."""

    def __init__(self, home: Path, service: SmallService, **chosen: Any) -> None:
        self.service = service
        self.settings = settings(service.url, KEY, **{"poll_interval_s": 0.0, **chosen})
        self.store = Store(home)
        self.pipeline = Pipeline(self.store, self.settings, idle_converters(), "me", draw=QuickDraw())

    def job(self, state: JobState = JobState.QUEUED, **changes: Any) -> Job:
        from job_states import taken_to

        return taken_to(self.store, self.store.add(spec(CODE), self.settings.base_url), state, **changes)

    def step(self, job: Job) -> Job:
        """One step of the job."""
        self.delay_s = self.pipeline.advance(job.job_id)
        fresh = self.store.get(job.job_id)
        assert fresh is not None
        return fresh

    def steps(self, job: Job, until: JobState, most: int = 50) -> Job:
        """Steps until the job is in a state; they are taken at once, whatever they wish to wait."""
        for _ in range(most):
            if job.state is until:
                return job
            job = self.step(job)
        raise AssertionError(f"still {job.state}: {job.message}")

    def close(self) -> None:
        self.pipeline.close()
        self.store.close()


@contextmanager
def bench(home: Path, **chosen: Any) -> Iterator[Bench]:
    """Such a bench for a while."""
    service = SmallService()
    made = Bench(home, service, **chosen)
    try:
        yield made
    finally:
        made.close()
        service.proxy.close()
