# SPDX-License-Identifier: GPL-3.0-or-later
"""The client over real sockets: what is sent, what an answer is called, and what is known about a request that
failed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fault_proxy import Exchange, answer
from jobs_at_hand import settings
from loopback import Loopback, json_answer, loopback

from csm_blender.core import errors
from csm_blender.core.api.client import CsmClient, NotSent
from csm_blender.core.models import Refinement

KEY = "a key for nothing but tests"
CODE = "SESSION_1"
DONE = json_answer('{"statusCode": 200, "data": {"session_code": "SESSION_1", "status": "refine_done"}}')


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(DONE) as running:
        yield running


@pytest.fixture
def client(server: Loopback) -> Iterator[CsmClient]:
    made = CsmClient(settings(server.url, KEY))
    yield made
    made.close()


def test_a_session_is_read_with_the_key_in_its_header(server: Loopback, client: CsmClient) -> None:
    assert client.session(CODE).status == "refine_done"
    [asked] = server.asked
    assert (asked.method, asked.path) == ("GET", "/image-to-3d-sessions/SESSION_1")
    assert f"x-api-key: {KEY}".encode() in asked.raw
    assert KEY not in asked.path


def test_the_refine_request_holds_the_box_and_the_pivot_in_api_order(server: Loopback, client: CsmClient) -> None:
    client.refine(CODE, Refinement((1.0, 2.0, 3.0), (0.0, -0.5, 0.0)))
    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/image-to-3d-sessions/get-3d/refine/SESSION_1")
    assert json.loads(asked.raw.partition(b"\r\n\r\n")[2]) == {
        "scaled_bbox": [1.0, 2.0, 3.0],
        "pivot_point": [0.0, -0.5, 0.0],
    }


def test_what_is_not_known_is_left_out_of_the_request(server: Loopback, client: CsmClient) -> None:
    client.refine(CODE, Refinement(None, (0.0, 0.0, 0.0)))
    assert json.loads(server.asked[0].raw.partition(b"\r\n\r\n")[2]) == {"pivot_point": [0.0, 0.0, 0.0]}


@pytest.mark.parametrize(
    ("status", "of_get", "of_post"),
    [
        (400, errors.RequestRefused, errors.RequestRefused),
        (401, errors.RefusedKey, errors.RefusedKey),
        (402, errors.NoCredits, errors.NoCredits),
        (403, errors.RefusedKey, errors.RefusedKey),
        (404, errors.UnknownSession, errors.UnknownSession),
        (408, errors.ServiceBusy, errors.AnswerLost),
        (409, errors.RequestRefused, errors.RequestRefused),
        (422, errors.RequestRefused, errors.RequestRefused),
        (425, errors.ServiceBusy, errors.RateLimited),
        (429, errors.ServiceBusy, errors.RateLimited),
        (500, errors.ServiceBusy, errors.AnswerLost),
        (502, errors.ServiceBusy, errors.AnswerLost),
        (503, errors.ServiceBusy, errors.AnswerLost),
        (504, errors.ServiceBusy, errors.AnswerLost),
    ],
)
def test_what_a_status_is_called(
    server: Loopback, client: CsmClient, status: int, of_get: type[Exception], of_post: type[Exception]
) -> None:
    server.answers = [json_answer('{"message": "the service says why"}', status)]
    with pytest.raises(errors.CsmError) as got:
        client.session(CODE)
    assert type(got.value) is of_get
    assert "the service says why" in str(got.value)
    with pytest.raises(errors.CsmError) as posted:
        client.refine(CODE, Refinement())
    assert type(posted.value) is of_post
    assert len(server.asked) == 2, "nothing is repeated by the client itself"


@pytest.mark.parametrize("body", ["<html>", "", "[]", "{}", '"text"', '{"data": []}', "[" * 100_000])
def test_an_answer_in_no_documented_form_is_a_passing_fault_of_a_get(
    server: Loopback, client: CsmClient, body: str
) -> None:
    server.answers = [json_answer(body)]
    with pytest.raises(errors.UnexpectedAnswer):
        client.session(CODE)


def test_retry_after_is_passed_on(server: Loopback, client: CsmClient) -> None:
    server.answers = [answer(503, retry_after="7")]
    with pytest.raises(errors.ServiceBusy) as busy:
        client.session(CODE)
    assert busy.value.retry_after_s == 7.0


def test_a_get_follows_redirects_within_the_service_only(server: Loopback, client: CsmClient) -> None:
    server.answers = [answer(307, location="/elsewhere"), DONE]
    assert client.session(CODE).status == "refine_done"
    assert server.asked[1].path == "/elsewhere"
    server.answers = [answer(307, location="https://foreign.example/")]
    with pytest.raises(errors.ForeignRedirect):
        client.session(CODE)
    server.answers = [answer(307, location="/round")]
    with pytest.raises(errors.UnexpectedAnswer):
        client.session(CODE)


def test_a_request_that_met_no_server_was_not_sent(server: Loopback, client: CsmClient) -> None:
    server.close()
    with pytest.raises(NotSent) as nothing:
        client.refine(CODE, Refinement())
    assert isinstance(nothing.value.error, errors.Unreachable)
    with pytest.raises(errors.Unreachable):
        client.session(CODE)


def test_a_request_whose_answer_broke_off_is_lost(server: Loopback, client: CsmClient) -> None:
    server.answers = [Exchange.reset]
    with pytest.raises(errors.AnswerLost):
        client.refine(CODE, Refinement())
    with pytest.raises(errors.ConnectionBroken):
        client.session(CODE)


def test_the_words_of_the_service_are_shown_without_the_key(server: Loopback, client: CsmClient) -> None:
    server.answers = [json_answer(json.dumps({"error": f"{KEY} is not allowed"}), 400)]
    with pytest.raises(errors.RequestRefused) as refused:
        client.session(CODE)
    assert KEY not in str(refused.value)


def test_sessions_come_in_pages(server: Loopback, client: CsmClient) -> None:
    server.answers = [json_answer('{"data": {"results": [{"session_code": "A", "status": "done"}], "total": 3}}')]
    page = client.sessions(limit=1, page=2)
    assert ([session.code for session in page.sessions], page.total) == (["A"], 3)
    assert server.asked[0].path == "/image-to-3d-sessions?limit=1&page=2"


def test_nothing_is_asked_without_a_key(server: Loopback) -> None:
    client = CsmClient(settings(server.url, ""))
    with pytest.raises(errors.MissingKey):
        client.session(CODE)
    with pytest.raises(errors.CsmError) as refused:
        client.sessions()
    assert (refused.value.code, server.asked) == ("no_key", [])
