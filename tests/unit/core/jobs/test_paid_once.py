# SPDX-License-Identifier: GPL-3.0-or-later
"""A refine is paid for at most once: may a request go out after every answer, and whatever happens then?

See tests/support/paid_once.py for the table. Real processes are killed in tests/reliability/test_killed.py.
"""

from __future__ import annotations

import ssl

import pytest
import trustme
from fault_proxy import Exchange
from jobs_at_hand import settings
from paid_once import ANSWERS, KEY, NEXT, STATE_AFTER, Known, Place, asked, check_what_follows
from tls_servers import Listening, tls_front

from csm_blender.core.jobs.job import Decision, Job, decisions
from csm_blender.core.jobs.states import JobState


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
