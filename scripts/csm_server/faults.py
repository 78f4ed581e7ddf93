# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on purpose, for tests of clients: switched on with ``--control``, never otherwise.

A rule matches calls by method and path and spoils their answers: see ``docs/local-service.md``. The rest of the
service knows nothing of this; the rules work from outside, as a layer around the application.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from csm_server.urls import PREFIX, Signer

CODE_IN_PATH = re.compile(r"SESSION_\w+")
CONTROL = "/_control/"
ANSWERS = ("status", "headers", "body", "content_type", "redirect", "close", "cut_at", "extra_bytes", "chunked", "gzip")
EFFECTS = ("after", "delay_s", "expire_urls")


class ConnectionProtocol(H11Protocol):
    """uvicorn's protocol, with the connection put into the scope so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wrap the application of this one connection."""
        super().connection_made(transport)
        app = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "csm.connection": transport}, receive, send)

        self.app = with_connection


@dataclass
class Rule:
    """One fault. ``skip`` and ``times`` (None: for ever) count down as calls match."""

    do: dict[str, Any]
    method: str = ""
    path: str = ""
    skip: int = 0
    times: int | None = 1

    @classmethod
    def parse(cls, value: Any) -> Rule:
        """A rule from its JSON form. Raises ValueError."""
        try:
            match = value.get("match", {})
            rule = cls(
                dict(value["do"]),
                match.get("method", ""),
                match.get("path", ""),
                int(value.get("skip", 0)),
                value.get("times", 1),
            )
            re.compile(rule.path)
        except (AttributeError, KeyError, TypeError, re.error) as error:
            raise ValueError(f"not a fault rule: {error!r}") from None
        if unknown := set(rule.do) - {*ANSWERS, *EFFECTS}:
            raise ValueError(f"unknown in 'do': {', '.join(sorted(unknown))}")
        return rule

    def takes(self, method: str, path: str) -> bool:
        """Whether this call is the rule's; counts it if so."""
        if self.times == 0 or self.method.upper() not in ("", method) or not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Reply:
    """An answer, whole."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Counts:
    """Calls that came in, faulty ones too."""

    post: dict[str, int] = field(default_factory=dict)
    get: dict[str, int] = field(default_factory=dict)
    download: dict[str, int] = field(default_factory=dict)
    list: int = 0
    downloads_with_key: int = 0
    """Downloads that carried the API key, which storage must never see."""

    def note(self, method: str, path: str, *, has_key: bool) -> None:
        """Count one call."""
        found = CODE_IN_PATH.search(path)
        if path.startswith(PREFIX):
            kind = self.download
            self.downloads_with_key += has_key
        else:
            kind = self.post if method == "POST" else self.get
        if found:
            kind[found.group()] = kind.get(found.group(), 0) + 1
        elif path.rstrip("/") == "/image-to-3d-sessions":
            self.list += 1


class Faults:
    """The layer around the application that counts calls and carries out the rules."""

    def __init__(self, app: ASGIApp, signer: Signer) -> None:
        """``signer`` is whose URLs ``expire_urls`` voids."""
        self._app = app
        self._signer = signer
        self.rules: list[Rule] = []
        self.counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI call."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        self.counts.note(method, path, has_key=any(name == b"x-api-key" for name, _ in scope["headers"]))
        rule = next((rule for rule in self.rules if rule.takes(method, path)), None)
        do = rule.do if rule else {}
        after, delay = bool(do.get("after")), float(do.get("delay_s", 0))
        await asyncio.sleep(0 if after else delay)
        if do.get("expire_urls") and (code := CODE_IN_PATH.search(path)):
            self._signer.expire(code.group())
        if not after and not any(name in do for name in ANSWERS):
            await self._app(scope, receive, send)
            return
        own = any(name in do for name in ("status", "body", "redirect", "close"))
        reply = Reply() if own and not after else await self._real(scope, receive)
        await asyncio.sleep(delay if after else 0)
        await _answer(do, _spoil(do, reply) if own else reply, scope, receive, send)

    async def _real(self, scope: Scope, receive: Receive) -> Reply:
        """The answer that the application gives."""
        reply = Reply()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                reply.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                reply.body += message.get("body", b"")

        # The file extension of ASGI would leave the body to the server: here it has to be seen.
        await self._app({**scope, "extensions": {}}, receive, collect)
        return reply


def _spoil(do: dict[str, Any], reply: Reply) -> Reply:
    """The answer that the rule gives in place of ``reply``."""
    if "redirect" in do:
        return Reply(int(do.get("status", 302)), {"location": do["redirect"]})
    body = do.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    kind = do.get("content_type") or ("text/html" if isinstance(body, str) else "application/json")
    headers = {"content-type": kind, **{k.lower(): str(v) for k, v in do.get("headers", {}).items()}}
    return Reply(int(do.get("status", reply.status)), headers, text.encode())


async def _answer(do: dict[str, Any], reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    body = gzip.compress(reply.body) if do.get("gzip") else reply.body
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    if do.get("gzip"):
        headers["content-encoding"] = "gzip"
    if not do.get("chunked"):
        headers["content-length"] = str(len(body))
    if any(name in do for name in ("close", "cut_at", "extra_bytes")):
        await _raw(do, Reply(reply.status, headers, body), scope, receive)
        return
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    half = len(body) // 2
    await send({"type": "http.response.body", "body": body[:half], "more_body": True})
    await send({"type": "http.response.body", "body": body[half:]})


async def _raw(do: dict[str, Any], reply: Reply, scope: Scope, receive: Receive) -> None:
    """Write to the connection what no server would let through, and break the connection."""
    transport: asyncio.Transport = scope["csm.connection"]
    if not do.get("close"):
        start = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"
        lines = [start, *(f"{name}: {value}" for name, value in reply.headers.items())]
        sent = reply.body[: int(do["cut_at"])] if "cut_at" in do else reply.body
        transport.write("\r\n".join([*lines, "connection: close", "", ""]).encode())
        transport.write(sent + b"\0" * int(do.get("extra_bytes", 0)))
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
