# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers with the bytes it is given, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fault_proxy import Exchange, Fault, FaultProxy, Request, answer


class Loopback:
    """``answers`` are given one after the other; the last one stays."""

    def __init__(self, *answers: Fault | bytes) -> None:
        self.answers = list(answers)
        self._proxy = FaultProxy("http://127.0.0.1:1", self._fault_for)
        self.url = f"http://127.0.0.1:{self._proxy.port}"

    @property
    def asked(self) -> list[Request]:
        return self._proxy.requests

    def close(self) -> None:
        self._proxy.close()

    def _fault_for(self, _request: Request) -> Fault:
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return _send(told) if isinstance(told, bytes) else told


def _send(data: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send(data)


@contextmanager
def loopback(*answers: Fault | bytes) -> Iterator[Loopback]:
    """Such a server for a while."""
    server = Loopback(*answers)
    try:
        yield server
    finally:
        server.close()


def json_answer(text: str, status: int = 200) -> Fault:
    """A JSON answer."""
    return answer(status, text.encode(), content_type="application/json")
