# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of the table as things to do to a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import fault_proxy as proxy
from fault_proxy import Fault

HTML = b"<!DOCTYPE html><html><body>We are down for maintenance.</body></html>"
_ENVELOPE = {"error": "", "message": "Generating Mesh", "statusCode": 200, "data": {"status": "unprocessed"}}
_UNPARSABLE = {**_ENVELOPE, "data": {"complete_job_data": {"task_data": '{"scenario": "SESSION'}}}


def fault_named(name: str) -> Fault:
    """What to do to a request. "connection refused" and "name does not resolve" are the test's own business."""
    if name in _FAULTS:
        return _FAULTS[name]
    if name.isdigit():
        return _status(int(name))
    if name.startswith("429, Retry-After"):
        return _busy(name)
    raise KeyError(name)


def _status(status: int) -> Fault:
    body = json.dumps({"error": "Nope", "message": f"No: {status}", "statusCode": status, "data": {}}).encode()
    return proxy.answer(status, body, content_type="application/json")


def _busy(name: str) -> Fault:
    def fault(exchange: proxy.Exchange) -> None:
        now = datetime.now(UTC)
        if name.endswith("seconds"):
            headers = {"retry_after": "0"}
        elif name.endswith("date"):  # of a server whose clock is a year ahead
            ahead = now + timedelta(days=365)
            headers = {"date": format_datetime(ahead, usegmt=True), "retry_after": format_datetime(ahead, usegmt=True)}
        else:
            headers = {"retry_after": "7200"}
        exchange.send(proxy.response(429, b"slow down", **headers))

    return fault


def _redirect_within(exchange: proxy.Exchange) -> None:
    """A redirect to the same thing on the same origin; the second request carries a mark and is answered."""
    path = exchange.request.path
    if "hop=1" in path:
        exchange.send(exchange.forward())
    else:
        mark = "&hop=1" if "?" in path else "?hop=1"
        exchange.send(proxy.response(307, location=path + mark))


_FAULTS: dict[str, Fault] = {
    "reset before the request": proxy.reset_before,
    "reset after the request": proxy.reset_after,
    "timeout, request not passed on": proxy.silent_before,
    "timeout, request passed on": proxy.silent_after,
    "stall in the body": proxy.stall_in_body,
    "a byte at a time": proxy.dribble,
    "body cut": proxy.cut_body,
    "chunked, cut": proxy.changed(proxy.chunked_and_cut),
    "Content-Length too big": proxy.changed(proxy.length_too_big),
    "HTML with 200": proxy.answer(200, HTML, content_type="text/html"),
    "empty body": proxy.answer(200),
    "body too long": proxy.changed(proxy.too_long),
    "chunked": proxy.changed(proxy.chunked),
    "gzip": proxy.changed(proxy.gzipped),
    "redirect within the service": _redirect_within,
    "redirect to another origin": proxy.answer(302, location="http://storage.example.com/elsewhere"),
    "500 after it was done": proxy.answer_after(500, b"oops"),
    "HTML after it was done": proxy.answer_after(200, HTML, content_type="text/html"),
    "task_data that does not parse": proxy.answer_after(200, json.dumps(_UNPARSABLE).encode()),
    "JSON without data": proxy.answer(200, b'{"hello": "world"}', content_type="application/json"),
    "a JSON list": proxy.answer(200, b"[1, 2, 3]", content_type="application/json"),
    "JSON cut short": proxy.answer(200, b'{"error": "", "message": "Retr', content_type="application/json"),
}
