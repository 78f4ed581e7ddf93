# SPDX-License-Identifier: GPL-3.0-or-later
"""A small proxy on plain sockets between the client and the local service, which breaks what is asked of it.

It works below HTTP libraries on purpose: resets, silence, cut and dribbling bodies reach the client as they would from
a real network. One request per connection, so that every request meets the fault that is armed for it.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from csm_blender.core.api.session_code import find_session_codes


@dataclass(frozen=True)
class Request:
    """What the client sent, whole."""

    method: str
    path: str
    raw: bytes

    @property
    def kind(self) -> str:
        """``submit`` for the refine request, ``session`` for other calls of the API, ``file`` for the storage."""
        if self.method == "POST":
            return "submit"
        return "session" if self.path.startswith("/image-to-3d-sessions") else "file"


class Exchange:
    """One request at the proxy: the client's socket and the way to the service."""

    def __init__(self, client: socket.socket, request: Request, upstream: tuple[str, int]) -> None:
        self.client = client
        self.request = request
        self._upstream = upstream

    def forward(self) -> bytes:
        """Send the request on and give the whole answer."""
        with socket.create_connection(self._upstream, timeout=30) as server:
            head, _, body = self.request.raw.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            server.sendall(b"\r\n".join([*lines, b"Connection: close", b"", body]))
            parts = []
            while part := server.recv(1 << 16):
                parts.append(part)
            return b"".join(parts)

    def send(self, data: bytes) -> None:
        """Send to the client, who may have given up."""
        with contextlib.suppress(OSError):
            self.client.sendall(data)

    def reset(self) -> None:
        """Break the connection the hard way."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()


Fault = Callable[[Exchange], None]


class FaultProxy:
    """Listens on a port of its own; ``fault_for`` decides about each request."""

    def __init__(self, upstream_url: str, fault_for: Callable[[Request], Fault | None] = lambda request: None) -> None:
        host, _, port = upstream_url.removeprefix("http://").partition(":")
        self._upstream = (host, int(port))
        self.fault_for = fault_for
        self.requests: list[Request] = []
        self._port = 0
        self._server: socketserver.ThreadingTCPServer | None = None
        self._lock = threading.Lock()
        self.listen()

    @property
    def port(self) -> int:
        return self._port

    def posts(self, code: str = "") -> int:
        """Refine requests that arrived here, of one session where asked."""
        with self._lock:
            return sum(r.method == "POST" and (not code or code in find_session_codes(r.path)) for r in self.requests)

    def listen(self) -> None:
        """Accept connections, on the same port as before."""
        if self._server is not None:
            return
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections until :meth:`listen`."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    close = refuse

    def _handle(self, client: socket.socket) -> None:
        client.settimeout(30)
        try:
            request = _read_request(client)
        except OSError:
            return
        if request is None:
            return
        with self._lock:
            self.requests.append(request)
        exchange = Exchange(client, request, self._upstream)
        fault = self.fault_for(request)
        try:
            if fault is None:
                exchange.send(exchange.forward())
            else:
                fault(exchange)
        except OSError:
            exchange.reset()


def _read_request(client: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(1 << 16)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        part = client.recv(1 << 16)
        if not part:
            return None
        body += part
    method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    return Request(method, path, head + b"\r\n\r\n" + body)


# --- faults -----------------------------------------------------------------------------------------------------------
def reset_before(exchange: Exchange) -> None:
    """The request is not passed on; the connection is reset."""
    exchange.reset()


def reset_after(exchange: Exchange) -> None:
    """The service answers; its answer is lost in a reset."""
    exchange.forward()
    exchange.reset()


def silent_before(exchange: Exchange) -> None:
    """The request is not passed on, and nothing is said."""
    _wait_for_end(exchange.client)


def silent_after(exchange: Exchange) -> None:
    """The service answers; nothing of it comes through."""
    exchange.forward()
    _wait_for_end(exchange.client)


def stall_in_body(exchange: Exchange) -> None:
    """Half of the body comes, then silence."""
    head, body = _split(exchange.forward())
    exchange.send(head + body[: len(body) // 2])
    _wait_for_end(exchange.client)


def cut_body(exchange: Exchange) -> None:
    """Half of the body comes, then the connection ends in good order."""
    head, body = _split(exchange.forward())
    exchange.send(head + body[: len(body) // 2])


def dribble(exchange: Exchange) -> None:
    """A byte every tenth of a second, headers included."""
    answer = exchange.forward()
    with contextlib.suppress(OSError):
        for index in range(len(answer)):
            exchange.client.sendall(answer[index : index + 1])
            time.sleep(0.1)


def answer(status: int, body: bytes = b"", **headers: str) -> Fault:
    """This answer, and nothing is passed on."""

    def fault(exchange: Exchange) -> None:
        exchange.send(response(status, body, **headers))

    return fault


def answer_after(status: int, body: bytes = b"", **headers: str) -> Fault:
    """The service does what it was asked; this answer comes back."""

    def fault(exchange: Exchange) -> None:
        exchange.forward()
        exchange.send(response(status, body, **headers))

    return fault


def changed(change: Callable[[bytes, bytes], bytes]) -> Fault:
    """The service's answer, its head and body put together anew."""

    def fault(exchange: Exchange) -> None:
        exchange.send(change(*_split(exchange.forward())))

    return fault


def chunked(head: bytes, body: bytes) -> bytes:
    """The same in chunks, without a length."""
    parts = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    packed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return _with(head, b"transfer-encoding: chunked", drop=b"content-length") + packed


def chunked_and_cut(head: bytes, body: bytes) -> bytes:
    """In chunks, and the last ones are missing."""
    whole = chunked(head, body)
    return whole[: len(whole) - len(body) // 2 - 5]


def gzipped(head: bytes, body: bytes) -> bytes:
    """The same, compressed."""
    packed = gzip.compress(body)
    return _with(head, b"content-encoding: gzip\r\ncontent-length: %d" % len(packed), drop=b"content-length") + packed


def too_long(head: bytes, body: bytes) -> bytes:
    """More bytes than announced."""
    return head + body + b"\0" * 5000


def length_too_big(head: bytes, body: bytes) -> bytes:
    """A Content-Length beyond the body."""
    return _with(head, b"content-length: %d" % (len(body) + 100), drop=b"content-length") + body


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer as bytes. Underscores in the names of *headers* stand for dashes."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def _with(head: bytes, line: bytes, drop: bytes) -> bytes:
    lines = [old for old in head.rstrip(b"\r\n").split(b"\r\n") if not old.lower().startswith(drop + b":")]
    return b"\r\n".join([*lines, line, b"", b""])


def _wait_for_end(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while client.recv(1 << 16):
            pass
