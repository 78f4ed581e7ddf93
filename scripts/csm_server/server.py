# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting the service: samples on the first start, a socket, the two lines that say where it is and its key."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import sys
import tempfile
from pathlib import Path

import uvicorn

from csm_server.app import Service
from csm_server.control import control as control_app
from csm_server.faults import ConnectionProtocol
from csm_server.store import Store
from csm_server.worker import Worker, WorkError

FIRST_SAMPLE = "SESSION_P_44569824122"
"""The session of the documentation's own sample call."""


def run(*, host: str, port: int, data: Path, key: str, refine_seconds: float, style: str | None, control: bool) -> int:
    """Serve until interrupted; returns the exit status: 0, or 1 when it cannot start."""
    try:
        data = data.resolve()
        store = Store(data)
        listener = _listen(host, port)
    except (OSError, sqlite3.Error) as error:
        print(f"csm_server: cannot start: {error}", file=sys.stderr)
        return 1
    if store.get(FIRST_SAMPLE) is None:
        print(f"Making the sample sessions in {data} …", flush=True)
        try:
            asyncio.run(_make_samples(store))
        except WorkError as error:
            print(f"csm_server: cannot make the samples: {error}", file=sys.stderr)
            return 1
    service = Service(store, key, refine_seconds=refine_seconds, style=style)
    app = control_app(service) if control else service.app()
    config = uvicorn.Config(
        app,
        http=ConnectionProtocol if control else "h11",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    shown = f"[{host}]" if ":" in host else host
    lines = (f"CSM server at http://{shown}:{listener.getsockname()[1]}", f"API key: {key}", f"Data: {data}")
    return _serve(_Server(config, lines), listener)


class _Server(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, lines: tuple[str, ...]) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(*self._lines, sep="\n", flush=True)


def _serve(server: _Server, listener: socket.socket) -> int:
    # uvicorn takes the signals while it runs, ends in good order and raises them again: then nothing is left to do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off for sockets that name it only: otherwise each
    # answer on a kept connection waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there the option would let two services share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


async def _make_samples(store: Store) -> None:
    worker = Worker()
    with tempfile.TemporaryDirectory() as folder:
        try:
            answer = await worker.ask({"do": "samples", "folder": folder})
        finally:
            await worker.stop()
        for sample in reversed(answer["samples"]):  # the first comes last: that it is there means that all are
            glb = Path(sample.pop("file")).read_bytes()
            if store.get(sample["code"]) is None:
                store.add(glb, **sample)
