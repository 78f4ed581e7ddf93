# SPDX-License-Identifier: GPL-3.0-or-later
"""A small service and workers to see how often a refine is requested, and the table of what may follow an answer.

The table is written from docs/job-store.md ("When the refine request may go out"). What is driven is real: the store,
the steps of the pipeline and the client, over sockets, to a service on loopback that counts the requests it gets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from fault_proxy import Exchange, Fault, FaultProxy, Request, answer, response
from jobs_at_hand import QuickDraw, idle_converters, spec

from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.context import VolatileStates
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.settings import Settings

CODE = "SESSION_1700000001_0000001"
KEY = "a key for nothing but tests"
STEPS = 16
"""More than a job needs until it rests: six looks after a lost answer, and what comes before and after."""

BEFORE_THE_ANSWER = (JobState.QUEUED, JobState.CHECKING, JobState.SUBMITTING, JobState.UNCERTAIN)
ACCEPTED_200 = response(200, b'{"statusCode": 200, "data": {"session_code": "x", "status": "training_refine"}}')


# --- the service and its workers
class Service:
    """A service on loopback with one session. ``post`` is what becomes of the next refine request."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.shown = "preview_done"
        self.post: Fault = self.accept
        self.proxy = proxy
        proxy.requests.clear()
        proxy.fault_for = self._fault_for

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def posts(self) -> int:
        return self.proxy.posts()

    def accept(self, exchange: Exchange) -> None:
        """Begin the refine and say so."""
        self.shown = "training_refine"
        exchange.send(ACCEPTED_200)

    def _fault_for(self, request: Request) -> Fault:
        if request.method == "POST":
            return self.post
        data = {"session_code": CODE, "status": self.shown, "updated_at": self.shown}
        return answer(200, json.dumps({"statusCode": 200, "data": data}).encode())


@dataclass
class Worker:
    """A pipeline with a name, a connection to the store and a memory of its own."""

    home: Path
    chosen: Settings
    name: str
    store: Store = field(init=False)
    memory: VolatileStates = field(init=False)

    def __post_init__(self) -> None:
        self.reopen(Store)

    def reopen(self, kind: type[Store]) -> None:
        self.store = kind(self.home)
        self.memory = VolatileStates()
        self.pipeline = Pipeline(
            self.store, self.chosen, idle_converters(), self.name, states=self.memory, draw=QuickDraw()
        )

    def drive(self, *, until: JobState | None = None) -> None:
        """Advance all jobs, turn by turn, until they rest: nobody is needed, or the answer is known."""
        for _ in range(STEPS):
            waiting = [job for job in self.store.jobs() if job.needs_worker and job.state in BEFORE_THE_ANSWER]
            if until and any(job.state is until for job in waiting):
                return
            if not waiting:
                break
            for job in waiting:
                self.pipeline.advance(job.job_id)
        assert until is None

    def end(self) -> None:
        self.pipeline.close()
        self.store.close()


@dataclass
class Place:
    """One job of one session, and whoever works on it."""

    home: Path
    service: Service
    chosen: Settings
    workers: list[Worker] = field(default_factory=list)

    def worker(self, name: str) -> Worker:
        worker = Worker(self.home, self.chosen, name)
        self.workers.append(worker)
        return worker

    def replacement(self, dead: Worker) -> Worker:
        """Another worker, after the lease of the dead one has run out."""
        worker = self.worker("another")
        worker.store.release(dead.name)
        return worker

    def add(self, **changes: Any) -> Job:
        return self.workers[0].store.add(spec(CODE, **changes), self.chosen.base_url)

    def job(self, of: Job) -> Job:
        job = self.workers[0].store.get(of.job_id)
        assert job is not None
        return job


# --- what the table is about
class Known(Enum):
    """What is known about a refine request, and what is true."""

    ACCEPTED = "accepted"
    SAID_NO = "the service said no"
    NEVER_LEFT = "nothing left this machine"
    LOST_BUT_STARTED = "no answer, and the refine has started"
    LOST = "no answer, and no refine has started"


STATE_AFTER = {
    Known.ACCEPTED: JobState.REFINING,
    Known.SAID_NO: JobState.FAILED,
    Known.NEVER_LEFT: JobState.SUBMITTING,
    Known.LOST_BUT_STARTED: JobState.UNCERTAIN,
    Known.LOST: JobState.UNCERTAIN,
}

JSON_NO = b'{"error": "no"}'
ANSWERS: dict[str, tuple[Known, Callable[[Service], Fault]]] = {
    "accepted": (Known.ACCEPTED, lambda service: service.accept),
    "400": (Known.SAID_NO, lambda _: answer(400, JSON_NO)),
    "401": (Known.SAID_NO, lambda _: answer(401, JSON_NO)),
    "402": (Known.SAID_NO, lambda _: answer(402, JSON_NO)),
    "404": (Known.SAID_NO, lambda _: answer(404, JSON_NO)),
    "422": (Known.SAID_NO, lambda _: answer(422, b"<html>no</html>")),
    "425": (Known.SAID_NO, lambda _: answer(425)),
    "429": (Known.SAID_NO, lambda _: answer(429, retry_after="1")),
    "402 inside a 200": (Known.SAID_NO, lambda _: answer(200, b'{"statusCode": 402, "message": "no"}')),
    "an error inside a 200": (Known.SAID_NO, lambda _: answer(200, b'{"error": "no"}')),
    "redirect": (Known.SAID_NO, lambda _: answer(302, location="https://elsewhere.example/")),
    "408": (Known.LOST, lambda _: answer(408)),
    "500": (Known.LOST, lambda _: answer(500, JSON_NO)),
    "503": (Known.LOST, lambda _: answer(503, retry_after="1")),
    "web page with 200": (Known.LOST, lambda _: answer(200, b"<html></html>", content_type="text/html")),
    "empty body": (Known.LOST, lambda _: answer(200)),
    "JSON without data": (Known.LOST, lambda _: answer(200, b"{}")),
    "reset": (Known.LOST, lambda _: Exchange.reset),
    "silence": (Known.LOST, lambda _: lambda exchange: exchange.client.recv(1)),
    "reset after it started": (Known.LOST_BUT_STARTED, lambda service: _started(service, Exchange.reset)),
    "500 after it started": (Known.LOST_BUT_STARTED, lambda service: _started(service, answer(500))),
    "answer cut in the middle": (
        Known.LOST_BUT_STARTED,
        lambda service: _started(service, lambda exchange: exchange.send(ACCEPTED_200[:-9])),
    ),
}
"""What the service answers to the refine request, and what can be known then."""


def _started(service: Service, then: Fault) -> Fault:
    def fault(exchange: Exchange) -> None:
        service.shown = "training_refine"
        then(exchange)

    return fault


Next = Callable[[Place, Worker, Job], None]


def _goes_on(place: Place, worker: Worker, job: Job) -> None:
    worker.drive()


def _another_worker_at_once(place: Place, worker: Worker, job: Job) -> None:
    """The first one still holds its lease."""
    place.worker("eager").drive()


def _worker_restarts(place: Place, worker: Worker, job: Job) -> None:
    place.replacement(worker).drive()


def _person(*decide: Callable[[Store, Job], Job]) -> Next:
    def happens(place: Place, worker: Worker, job: Job) -> None:
        fresh = place.replacement(worker)
        for decision in decide:
            decision(fresh.store, place.job(job))
        fresh.drive()

    return happens


def _second_job(**changes: Any) -> Next:
    def happens(place: Place, worker: Worker, job: Job) -> None:
        fresh = place.replacement(worker)
        place.add(**changes)
        fresh.drive()

    return happens


def _second_job_after_cancel(place: Place, worker: Worker, job: Job) -> None:
    fresh = place.replacement(worker)
    actions.cancel(fresh.store, place.job(job))
    place.add()
    fresh.drive()


def _send_again(place: Place, worker: Worker, job: Job) -> None:
    """A person is asked only when the request is not in progress any more: a worker finds that out first."""
    fresh = place.replacement(worker)
    fresh.drive()
    actions.send_again(fresh.store, place.job(job))
    fresh.drive()


NEXT: dict[str, Next] = {
    "the worker goes on": _goes_on,
    "another worker at once": _another_worker_at_once,
    "the worker is restarted": _worker_restarts,
    "retry": _person(actions.retry),
    "look again": _person(actions.look_again),
    "cancel": _person(actions.cancel),
    "cancel, then retry": _person(actions.cancel, actions.retry),
    "send again": _send_again,
    "a second job": _second_job(),
    "a second job that wants a new refine": _second_job(again=True),
    "cancel, then a second job": _second_job_after_cancel,
}

COLUMNS = (Known.ACCEPTED, Known.SAID_NO, Known.NEVER_LEFT, Known.LOST_BUT_STARTED, Known.LOST)
MORE_REQUESTS = {
    # what happens next:                     accepted, said no, never left, lost but started, lost
    "the worker goes on":                    (0, 0, 1, 0, 0),
    "another worker at once":                (0, 0, 0, 0, 0),
    "the worker is restarted":               (0, 0, 1, 0, 0),
    "retry":                                 (0, 1, 1, 0, 0),
    "look again":                            (0, 0, 1, 0, 0),
    "cancel":                                (0, 0, 0, 0, 0),
    "cancel, then retry":                    (0, 1, 1, 0, 0),
    "send again":                            (0, 1, 1, 0, 1),
    "a second job":                          (0, 1, 1, 0, 0),
    "a second job that wants a new refine":  (0, 1, 1, 0, 0),
    "cancel, then a second job":             (0, 1, 1, 0, 1),
}  # fmt: skip
"""How many more requests go out.

In all, no more than one that the service may have accepted does, unless a person decides so.
"""


def asked(place: Place, worker: Worker, fault: Fault) -> Job:
    """A job whose worker has looked at the session and is about to send, where *fault* awaits the request."""
    job = place.add()
    worker.drive(until=JobState.SUBMITTING)
    place.service.post = fault
    return job


def check_what_follows(place: Place, worker: Worker, job: Job, then: str, known: Known) -> None:
    """Whatever happens next, the service accepts from now on, so that each request would be paid for."""
    place.service.post = place.service.accept
    before = place.service.posts
    NEXT[then](place, worker, job)
    assert place.service.posts - before == MORE_REQUESTS[then][COLUMNS.index(known)]
