# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers end: they are limited in length and time, also when they are packed; and a body knows if it was asked for."""

from __future__ import annotations

import functools
import gzip
import time
import zlib

import pytest
from fault_proxy import Exchange, chunked, response
from loopback import loopback

from csm_blender.core.api.limits import WatchedBody, body_chunks
from csm_blender.core.api.transport import new_http_session
from csm_blender.core.errors import ConnectionBroken, UnexpectedAnswer

DATA = bytes(range(256)) * 1000
EITHER_WAY = [body_chunks, functools.partial(body_chunks, large=True)]


class TooLong(Exception):
    pass


def read(told: bytes, chunks_of: object = body_chunks, most: int = 10**6) -> bytes:
    with (
        loopback(told) as server,
        new_http_session(server.url, 5.0) as http,
        http.get(server.url, stream=True, timeout=5) as answer,
    ):
        return b"".join(bytes(chunk) for chunk in chunks_of(answer, most, TooLong()))


@pytest.mark.parametrize("chunks_of", EITHER_WAY)
def test_a_body_comes_as_it_was_sent(chunks_of: object) -> None:
    assert read(response(200, DATA), chunks_of) == DATA
    head, _, _ = response(200, DATA).partition(b"\r\n\r\n")
    assert read(chunked(head + b"\r\n\r\n", DATA), chunks_of) == DATA
    assert read(response(200, gzip.compress(DATA), content_encoding="gzip"), chunks_of) == DATA
    assert read(response(200, zlib.compress(DATA), content_encoding="deflate"), chunks_of) == DATA


@pytest.mark.parametrize("chunks_of", EITHER_WAY)
def test_a_body_that_is_cut_or_garbled_is_noticed(chunks_of: object) -> None:
    packed = gzip.compress(DATA)
    for told in (
        response(200, DATA)[:-1],
        response(200, packed[:-20], content_encoding="gzip"),
        response(200, b"no gzip", content_encoding="gzip"),
    ):
        with pytest.raises(ConnectionBroken):
            read(told, chunks_of)


@pytest.mark.parametrize("chunks_of", EITHER_WAY)
def test_what_unpacks_to_more_than_is_allowed_is_not_unpacked(chunks_of: object) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(TooLong):
        read(response(200, bomb, content_encoding="gzip"), chunks_of)
    with pytest.raises(TooLong):
        read(response(200, DATA), chunks_of, most=len(DATA) - 1)


def test_a_packing_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer):
        read(response(200, DATA, content_encoding="br"))


def test_an_answer_that_trickles_in_ends_at_its_limit() -> None:
    """``requests`` limits the silence between two bytes only."""

    def trickle(exchange: Exchange) -> None:
        exchange.send(response(200, DATA)[:-256])
        for _ in range(40):
            exchange.send(b"x")
            time.sleep(0.05)

    begun = time.monotonic()
    with (
        loopback(trickle) as server,
        new_http_session(server.url, 0.3) as http,
        http.get(server.url, stream=True, timeout=5) as answer,
        pytest.raises(ConnectionBroken),
    ):
        b"".join(bytes(chunk) for chunk in body_chunks(answer, 10**6, TooLong()))
    assert time.monotonic() - begun < 1.5


def test_a_body_knows_whether_anybody_has_asked_for_it() -> None:
    body = WatchedBody(b"{}")
    assert len(body.getvalue()) == 2
    assert not body.touched
    assert body.read(1) == b"{"
    assert body.touched
    iterated = WatchedBody(b"{}")
    assert list(iterated) == [b"{}"]
    assert iterated.touched
