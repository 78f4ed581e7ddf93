# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers only requests that call this service by a name of its own.

Otherwise a web page could read it: the page's owner lets the page's name point to 127.0.0.1 (DNS rebinding), and the
browser takes the answers for the page's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from csm_server import answers

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OwnHosts:
    """The layer around the application that refuses requests with another ``Host``."""

    def __init__(self, app: ASGIApp, more: Sequence[str] = ()) -> None:
        """``more`` are further names that are allowed."""
        self._app = app
        self._allowed = {name.lower() for name in (*LOOPBACK, *more)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI call."""
        if scope["type"] == "http":
            named = Request(scope).headers.get("host", "localhost")  # HTTP/1.0 has no such header
            bound = (scope.get("server") or ("",))[0]  # the address of ours that the connection came in on
            name = host_name(named)
            # Names below localhost are this machine's in every browser; no one else can give them away.
            if name not in {*self._allowed, bound} and not name.endswith(".localhost"):
                status = HTTPStatus.MISDIRECTED_REQUEST
                message = f"This service does not answer to the name {named[:100]!r}; --allow-host NAME lets it."
                await JSONResponse(answers.failure(status, message), status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def host_name(header: str) -> str:
    """The name in a ``Host`` header, in lower case, without the port and the brackets; empty if it holds none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""
