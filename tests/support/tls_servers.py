# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of the local service, and a CONNECT proxy: the real thing on loopback."""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import ssl
import threading


def pump(a: socket.socket, b: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(a, selectors.EVENT_READ, b)
        selector.register(b, selectors.EVENT_READ, a)
        with contextlib.suppress(OSError):
            while True:
                for key, _ in selector.select(30):
                    source: socket.socket = key.fileobj
                    while True:
                        data = source.recv(1 << 16)
                        if not data:
                            return
                        key.data.sendall(data)
                        if not (isinstance(source, ssl.SSLSocket) and source.pending()):
                            break


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Listening:
    """A server in a thread."""

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def tls_front(context: ssl.SSLContext, upstream_port: int) -> Listening:
    """TLS for a plain server on this machine."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(10)
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection(("127.0.0.1", upstream_port)) as server,
            ):
                pump(client, server)

    return Listening(Handler)


class ConnectProxy(Listening):
    """An HTTP proxy that knows CONNECT only, for one target; it remembers what it was asked."""

    def __init__(self, target_port: int) -> None:
        self.asked: list[str] = []
        self.heads: list[bytes] = []
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = self.request.recv(1 << 16)
                    if not part:
                        return
                    head += part
                proxy.heads.append(head)
                proxy.asked.append(head.split(b"\r\n", 1)[0].decode())
                if not head.startswith(b"CONNECT "):
                    self.request.sendall(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n")
                    return
                self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                with socket.create_connection(("127.0.0.1", target_port)) as server:
                    pump(self.request, server)

        super().__init__(Handler)
