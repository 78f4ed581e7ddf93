# SPDX-License-Identifier: GPL-3.0-or-later
"""A refine is paid for at most once: may a refine request go out, in every state, after every answer and every crash?

The tables are written from docs/job-store.md ("When the refine request may go out"). What is driven is real: the
store, the
steps of the pipeline and the client, over sockets,
to a small service on loopback that counts the requests it gets. A crash is an
exception that nothing catches,
in the place where it hurts most; what then goes on is another worker with a connection of its own.
Real processes are killed in tests/reliability/test_killed.py.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import trustme
from fault_proxy import Exchange, Fault, FaultProxy, Request, answer, response
from job_states import taken_to
from jobs_at_hand import QuickDraw, idle_converters, settings, spec
from tls_servers import Listening, tls_front

from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Decision, Job, decisions
from csm_blender.core.jobs.job_records import IllegalMove, LeaseLost, SentBefore
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


class Crash(BaseException):
    """The worker dies here: nothing in the program catches this."""


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


# --- the tables
@pytest.mark.parametrize("then", NEXT)
@pytest.mark.parametrize("said", ANSWERS)
def test_after_an_answer(place: Place, said: str, then: str) -> None:
    known, fault_of = ANSWERS[said]
    if said == "silence":
        place.chosen = settings(place.service.url, KEY, poll_interval_s=0.0, read_timeout_s=0.1)
    worker = place.worker("first")
    job = asked(place, worker, fault_of(place.service))
    worker.pipeline.advance(job.job_id)
    after = place.job(job)
    assert after.state is STATE_AFTER[known]
    assert bool(after.posted_at) == (known in (Known.ACCEPTED, Known.LOST, Known.LOST_BUT_STARTED))
    assert bool(after.accepted_at) == (known is Known.ACCEPTED)
    assert place.service.posts == 1
    check_what_follows(place, worker, job, then, known)


@pytest.mark.parametrize("then", NEXT)
def test_after_a_connection_that_was_never_made(place: Place, then: str) -> None:
    worker = place.worker("first")
    job = asked(place, worker, place.service.accept)
    place.service.proxy.refuse()
    worker.pipeline.advance(job.job_id)
    place.service.proxy.listen()
    after = place.job(job)
    assert (after.state, after.posted_at, after.posts) == (JobState.SUBMITTING, "", 0)
    check_what_follows(place, worker, job, then, Known.NEVER_LEFT)


class _Cut(Listening):
    """Accepts connections and ends them: TLS is never agreed, so the body is never asked for."""

    def __init__(self) -> None:
        import socketserver

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(1)

        super().__init__(Handler)


@pytest.fixture(scope="module")
def authorities() -> tuple[trustme.CA, trustme.CA]:
    return trustme.CA(), trustme.CA()


@pytest.mark.parametrize("then", NEXT)
def test_after_tls_was_refused(
    place: Place, authorities: tuple[trustme.CA, trustme.CA], then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that is not trusted ends the job at once; nothing was sent, so a person may retry."""
    trusted, foreign = authorities
    place.home.mkdir()
    trusted.cert_pem.write_to_path(str(place.home / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(place.home / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.issue_cert("localhost").configure_cert(context)
    front = tls_front(context, place.service.proxy.port)
    place.chosen = settings(f"https://localhost:{front.port}", KEY, poll_interval_s=0.0)
    try:
        worker = place.worker("first")
        job = asked(place, worker, place.service.accept)
        foreign.issue_cert("localhost").configure_cert(context)
        worker.pipeline.advance(job.job_id)
        trusted.issue_cert("localhost").configure_cert(context)
        after = place.job(job)
        assert (after.state, after.posted_at, after.posts) == (JobState.FAILED, "", 0)
        assert after.error is not None
        assert after.error["code"] == "untrusted_server"
        assert place.service.posts == 0
        check_what_follows(place, worker, job, then, Known.SAID_NO)
    finally:
        front.close()


def test_after_a_connection_that_ended_before_the_body_was_read(place: Place) -> None:
    """TCP stands, TLS never does: nothing that the service could act on has left, whatever the exception is called."""
    cut = _Cut()
    place.chosen = settings(f"https://localhost:{cut.port}", KEY)
    try:
        worker = place.worker("first")
        job = place.add()
        for state in (JobState.CHECKING, JobState.SUBMITTING):
            job = worker.store.update(job, state=state)
        worker.memory[job.job_id].checked = True
        worker.pipeline.advance(job.job_id)
        after = place.job(job)
        assert (after.posted_at, after.posts) == ("", 0)
        assert decisions(after) & {Decision.CANCEL, Decision.RETRY}, "tried again by the worker or by a person"
    finally:
        cut.close()


# --- crashes
class DiesBeforeTheMark(Store):
    def begin_post(self, job: Job, owner: str) -> Job | None:
        raise Crash


class DiesAfterTheMark(Store):
    def begin_post(self, job: Job, owner: str) -> Job | None:
        super().begin_post(job, owner)
        raise Crash


class DiesWithTheAnswerInHand(Store):
    """After the request and its answer, whatever that was, and before any of it was recorded."""

    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        if self.get(job.job_id).posted_at:  # type: ignore[union-attr]  # it is there
            raise Crash
        return super().update(job, owner=owner, **changes)


class DiesAfterAcceptanceWasRecorded(Store):
    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        job = super().update(job, owner=owner, **changes)
        if changes.get("accepted_at"):
            raise Crash
        return job


class DiesAfterTheLossWasRecorded(Store):
    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        job = super().update(job, owner=owner, **changes)
        if changes.get("state") is JobState.UNCERTAIN:
            raise Crash
        return job


CRASHES: dict[str, tuple[type[Store], str, Known]] = {
    # where the worker dies: what the service answers, what can be known afterwards
    "before the mark": (DiesBeforeTheMark, "accepted", Known.NEVER_LEFT),
    "after the mark, before sending": (DiesAfterTheMark, "accepted", Known.LOST),
    "after sending, acceptance not recorded": (DiesWithTheAnswerInHand, "accepted", Known.LOST_BUT_STARTED),
    "after sending, refusal not recorded": (DiesWithTheAnswerInHand, "402", Known.LOST),
    "after sending, 500 not recorded": (DiesWithTheAnswerInHand, "500", Known.LOST),
    "after the loss was recorded": (DiesAfterTheLossWasRecorded, "500", Known.LOST),
    "after acceptance was recorded": (DiesAfterAcceptanceWasRecorded, "accepted", Known.ACCEPTED),
}


@pytest.mark.parametrize("then", [then for then in NEXT if then != "the worker goes on"])
@pytest.mark.parametrize("crash", CRASHES)
def test_after_a_crash(place: Place, crash: str, then: str) -> None:
    kind, said, known = CRASHES[crash]
    worker = place.worker("first")
    job = asked(place, worker, ANSWERS[said][1](place.service))
    checked = worker.memory
    worker.end()
    worker.reopen(kind)
    worker.memory[job.job_id].checked = checked[job.job_id].checked
    with pytest.raises(Crash):
        worker.pipeline.advance(job.job_id)
    worker.end()
    worker.reopen(Store)  # for the test to look with
    assert place.service.posts == (0 if crash in ("before the mark", "after the mark, before sending") else 1)
    check_what_follows(place, worker, job, then, known)


WHILE_UNDER_WAY = ("another worker at once", "the worker is restarted", "retry", "look again", "cancel", "a second job",
                   "a second job that wants a new refine")  # fmt: skip


@pytest.mark.parametrize("then", WHILE_UNDER_WAY)
def test_while_the_request_is_under_way(place: Place, then: str) -> None:
    """The service has it and has not answered; the session does not show it yet. Nothing else may send."""
    worker = place.worker("first")
    seen: list[Job] = []

    def meanwhile(exchange: Exchange) -> None:
        place.service.post = place.service.accept
        elsewhere = Place(place.home, place.service, place.chosen)
        elsewhere.worker("onlooker")
        try:
            seen.extend(elsewhere.workers[0].store.jobs())
            NEXT[then](elsewhere, worker, seen[0])
        finally:
            for other in elsewhere.workers:
                other.end()
        place.service.accept(exchange)

    job = asked(place, worker, meanwhile)
    worker.pipeline.advance(job.job_id)
    assert [each.state for each in seen] == [JobState.SUBMITTING]
    assert Decision.SEND_AGAIN not in decisions(seen[0]), "nobody is offered a second request now"
    assert place.service.posts == 1
    place.replacement(worker).drive()
    assert place.service.posts == 1


# --- every state
class Mark(Enum):
    """What the record says about this job's request."""

    NONE = "no request"
    POSTED = "sent, no answer"
    ACCEPTED = "accepted"


S = JobState
SENDS_BY_ITSELF = {(S.QUEUED, Mark.NONE), (S.CHECKING, Mark.NONE), (S.SUBMITTING, Mark.NONE)}
SENDS_AFTER_RETRY = SENDS_BY_ITSELF | {(S.FAILED, Mark.NONE), (S.CANCELLED, Mark.NONE)}
SENDS_AFTER_CANCEL_AND_RETRY = SENDS_AFTER_RETRY | {
    # Cancelled while nothing was known to be with the service: it starts over, and looks at the session first.
    (S.UNCERTAIN, Mark.NONE), (S.REFINING, Mark.NONE), (S.DOWNLOADING, Mark.NONE), (S.CONVERTING, Mark.NONE),
    (S.READY, Mark.NONE),
}  # fmt: skip
"""Where a request may go out, if the session shows that nobody has asked for a refine.

Nowhere else, and not otherwise.
"""


@pytest.mark.parametrize(
    ("happens", "table"),
    [
        ((), SENDS_BY_ITSELF),
        ((actions.retry,), SENDS_AFTER_RETRY),
        ((actions.look_again,), SENDS_BY_ITSELF),
        ((actions.cancel,), set()),
        ((actions.cancel, actions.retry), SENDS_AFTER_CANCEL_AND_RETRY),
        ((actions.place_again,), SENDS_BY_ITSELF),
    ],
    ids=["worker alone", "retry", "look again", "cancel", "cancel and retry", "place again"],
)
@pytest.mark.parametrize("mark", Mark, ids=lambda mark: mark.value)
@pytest.mark.parametrize("state", JobState, ids=str)
def test_in_every_state(place: Place, state: JobState, mark: Mark, happens: Any, table: Any) -> None:
    worker = place.worker("first")
    job = taken_to(worker.store, place.add(), state)
    times = {
        Mark.NONE: {},
        Mark.POSTED: {"posted_at": "2030-01-01"},
        Mark.ACCEPTED: {"posted_at": "2030-01-01", "accepted_at": "2030-01-02"},
    }
    worker.store.update(job, **times[mark])
    for decide in happens:
        decide(worker.store, place.job(job))
    worker.drive()
    for _ in range(3):  # what comes after the answer reads only
        worker.pipeline.advance(job.job_id)
    assert place.service.posts == ((state, mark) in table)


@pytest.mark.parametrize("shown", ["training_refine", "refine_done", "preview_failed", "training_preview"])
@pytest.mark.parametrize("state", [S.QUEUED, S.CHECKING, S.SUBMITTING, S.FAILED, S.CANCELLED], ids=str)
def test_nothing_is_sent_where_the_session_cannot_or_need_not_be_refined(
    place: Place, state: JobState, shown: str
) -> None:
    worker = place.worker("first")
    place.service.shown = shown
    job = taken_to(worker.store, place.add(), state)
    actions.retry(worker.store, job)
    worker.drive()
    assert place.service.posts == 0


def test_a_refined_session_is_refined_anew_only_where_that_was_asked_for(place: Place) -> None:
    worker = place.worker("first")
    place.service.shown = "refine_done"
    place.add()
    worker.drive()
    assert place.service.posts == 0
    place.add(again=True)
    worker.drive()
    assert place.service.posts == 1


# --- the mark itself
def test_the_mark_is_made_once_by_the_holder_of_the_lease_and_in_submitting_only(place: Place) -> None:
    store = place.worker("first").store
    job = place.add()
    for state in (S.CHECKING, S.SUBMITTING):
        job = store.update(job, state=state)
    with pytest.raises(LeaseLost):
        store.begin_post(job, "first")
    assert store.claim(job.job_id, "first", 60.0)
    with pytest.raises(LeaseLost):
        store.begin_post(job, "second")
    assert store.begin_post(job, "first") is None
    with pytest.raises(SentBefore):
        store.begin_post(job, "first")
    store.unbegin_post(place.job(job), "first")
    assert place.job(job).posts == 0
    assert store.begin_post(job, "first") is None
    for state in set(JobState) - {S.SUBMITTING}:
        early = taken_to(store, place.add(), state)
        assert store.claim(early.job_id, "first", 60.0)
        with pytest.raises(IllegalMove):
            store.begin_post(early, "first")
        assert place.job(early).posted_at == ""


def test_the_mark_is_there_before_the_first_byte(place: Place) -> None:
    """Seen by another connection while the service holds the request."""
    worker = place.worker("first")
    marks = []

    def look(exchange: Exchange) -> None:
        with contextlib.closing(Store(place.home)) as other:
            marks.append([job.posted_at for job in other.jobs()])
        place.service.accept(exchange)

    job = asked(place, worker, look)
    worker.pipeline.advance(job.job_id)
    assert marks == [[place.job(job).posted_at]]
    assert marks[0][0]
