# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at every step: the promises of ``expectations.py``, kept against a real service over real sockets.

Each cell is a job of its own behind a proxy of its own. It is driven until it needs no worker any more or its mesh has
arrived; then the fault is taken away and a person's decision (retry, look again) is carried out. Whatever happens, at
most one refine request may have arrived and at most one refine may have been started. To save time the cells run side
by side; the tests then look at what became of each.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from common import local_service
from expectations import DOCUMENT, GOES_ON, UNSURE, Cell, cells, document_with_table
from fault_proxy import Fault, FaultProxy, Request
from faults_by_name import fault_named
from jobs_at_hand import QuickDraw, delivered, drive, idle_converters, settings, spec
from tiny_glb import glb

from csm_blender.core.api import limits
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Decision, Job, decisions
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.pipeline import Pipeline

AT_ONCE = 10
STATE_OF_STEP = {
    "check": JobState.CHECKING,
    "submit": JobState.SUBMITTING,
    "poll": JobState.REFINING,
    "download": JobState.DOWNLOADING,
}
KIND_AT_STEP = {"check": "session", "submit": "submit", "poll": "session", "download": "file"}
WAITED_OUT = {
    "unreachable",
    "connection_broken",
    "service_busy",
    "unexpected_answer",
    "deadline_passed",
    "download_cut",
}
"""Errors of jobs whose patience has come to its end."""
CELLS = [(cell, lasting) for cell in cells() for lasting in (False, True)]


@dataclass
class Outcome:
    """What became of a cell: at first, and after the fault had gone and a person had decided."""

    first: Job
    then: Job
    decided: Decision | None
    posts_at_proxy: int
    code: str


class Trouble:
    """Arms one fault for one step of one job."""

    def __init__(self, cell: Cell, proxy: FaultProxy, host: str) -> None:
        self._cell = cell
        self._proxy = proxy
        self._host = host
        self._at_step = False
        self._left = 0
        proxy.fault_for = self.fault_for

    def start(self, *, lasting: bool) -> None:
        self._left = 1_000_000 if lasting else 1

    def stop(self) -> None:
        self._left = 0
        self._proxy.listen()
        UNRESOLVABLE.discard(self._host)

    def before_step(self, job: Job) -> None:
        """Faults of whole connections are switched where a step begins."""
        self._at_step = job.state is STATE_OF_STEP[self._cell.step]
        if self._cell.fault == "connection refused":
            self._proxy.refuse() if self._takes() else self._proxy.listen()
        elif self._cell.fault == "name does not resolve":
            UNRESOLVABLE.add(self._host) if self._takes() else UNRESOLVABLE.discard(self._host)

    def fault_for(self, request: Request) -> Fault | None:
        if request.kind != KIND_AT_STEP[self._cell.step] or self._cell.fault == "storage on another port":
            return None
        if "hop=1" in request.path:
            return fault_named(self._cell.fault)
        return fault_named(self._cell.fault) if self._takes() else None

    def _takes(self) -> bool:
        if not self._at_step or self._left == 0:
            return False
        self._left -= 1
        return True


UNRESOLVABLE: set[str] = set()


def _run(cell: Cell, lasting: bool, number: int, service: Any, home: Path, mesh: Path) -> Outcome:
    code = f"SESSION_{number:05d}"
    storage = FaultProxy(service.url) if cell.fault == "storage on another port" else None
    behaviour = {"storage_base": f"http://127.0.0.1:{storage.port}"} if storage else {}
    service.add_session(code, mesh, style="2024", refine_seconds=0.15, raw_result=str(mesh), **behaviour)
    proxy = FaultProxy(service.url)
    host = f"cell-{number}.localhost"
    store = Store(home)
    try:
        trouble = Trouble(cell, proxy, host)
        # Impatient where only patience ends the job; patient where something else should, however slow the machine is.
        impatient = cell.lasting in WAITED_OUT and (lasting or cell.once == cell.lasting)
        deadline_s, give_up_s = (1.5, 1.5) if impatient else (60.0, 60.0)
        chosen = settings(f"http://{host}:{proxy.port}", service.key, deadline_s=deadline_s, give_up_unpaid_s=give_up_s)
        job = store.add(spec(code), chosen.base_url)
        pipeline = Pipeline(store, chosen, idle_converters(), f"owner-{number}", draw=QuickDraw())
        trouble.start(lasting=lasting)
        first = drive(pipeline, store, job.job_id, until=delivered, before=trouble.before_step, limit_s=60)
        trouble.stop()
        decided, then = None, first
        if not delivered(first):
            decided = next(iter(decisions(first) & {Decision.RETRY, Decision.LOOK_AGAIN}), None)
            if decided is not None:
                {Decision.RETRY: actions.retry, Decision.LOOK_AGAIN: actions.look_again}[decided](store, first)
                pipeline.close()
                patient = replace(chosen, deadline_s=60.0, give_up_unpaid_s=60.0)
                pipeline = Pipeline(store, patient, idle_converters(), f"owner-{number}", draw=QuickDraw())
                then = drive(pipeline, store, job.job_id, until=delivered, limit_s=60)
        pipeline.close()
        return Outcome(first, then, decided, proxy.posts(), code)
    finally:
        store.close()
        proxy.close()
        if storage:
            storage.close()


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, service_samples: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[dict[tuple[Cell, bool], Future[Outcome]], dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copytree(service_samples, folder / "service")
    mesh = folder / "box.glb"
    mesh.write_bytes(glb())
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = [call.params["case"] for call in chosen if call is not None and "case" in call.params]
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(host, str) and host.endswith(".localhost"):
            if host in UNRESOLVABLE:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return real(host, *arguments, **named)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket, "getaddrinfo", resolve)
    patch.setattr(limits, "RATE_WINDOW_S", 0.7)
    with local_service(folder / "service", "--control") as service:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = {
                case: pool.submit(_run, *case, number, service, folder / "home", mesh)
                for number, case in enumerate(wanted, start=1)
            }
        yield futures, service.counts()
    patch.undo()


def _id(case: tuple[Cell, bool]) -> str:
    return f"{case[0].name}, {'lasting' if case[1] else 'once'}"


@pytest.mark.parametrize("case", CELLS, ids=_id)
def test_cell(case: tuple[Cell, bool], outcomes: Any) -> None:
    futures, counts = outcomes
    cell, lasting = case
    outcome = futures[case].result()
    expected = cell.lasting if lasting else cell.once
    refines = counts["refines"].get(outcome.code, 0)
    assert _what_became(outcome.first) == expected, outcome.first.message
    assert refines <= 1
    if outcome.first.state is JobState.FAILED:
        assert outcome.first.error is not None
        assert outcome.first.error["message"]
        assert outcome.first.error["hint"]
        # The service said no, or nothing had left this machine; so the request may go out, once.
        assert outcome.decided is Decision.RETRY
        assert delivered(outcome.then), outcome.then.message
        assert refines == 1
        turned_away = cell.step == "submit" and outcome.first.posts
        assert outcome.posts_at_proxy == (2 if turned_away else 1)
    elif outcome.first.state is JobState.UNCERTAIN:
        assert outcome.decided is Decision.LOOK_AGAIN
        assert outcome.posts_at_proxy == 1
        assert outcome.then.state is JobState.UNCERTAIN  # nothing has started, and nothing is sent again by itself
        assert refines == 0
    else:
        assert outcome.posts_at_proxy == 1
        assert refines == 1


def _what_became(job: Job) -> str:
    if delivered(job):
        return GOES_ON
    if job.state is JobState.UNCERTAIN:
        return UNSURE
    return job.error["code"] if job.state is JobState.FAILED and job.error else str(job.state)


def test_the_document_holds_this_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert document_with_table(text) == text, "run: python tests/reliability/expectations.py"


def test_all_steps_meet_all_kinds_of_faults() -> None:
    faults = {cell.fault for cell in cells()}
    assert len(faults) >= 40
    for cell in cells():
        if cell.fault not in ("connection refused", "name does not resolve", "storage on another port"):
            assert fault_named(cell.fault)
