# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting the service: samples on the first start, a socket, the two lines that say where it is and its key."""

from __future__ import annotations

import argparse
import signal
import socket
import sqlite3
import sys
from pathlib import Path

import uvicorn

from csm_blender.core.api.local_service import RunningService, announce, withdraw
from csm_blender.core.remesh import RemeshOptions
from csm_server import dask_refining
from csm_server.app import Service
from csm_server.blender import BlenderError, find_blender
from csm_server.control import control as control_app
from csm_server.faults import ConnectionProtocol
from csm_server.refiners import Refiners, RefinesMeshes
from csm_server.samples import FIRST_SAMPLE, add_samples
from csm_server.store import Store


def run(args: argparse.Namespace, data: Path, key: str, budget: RemeshOptions) -> int:
    """Serve as the options say until interrupted; returns the exit status: 0, 1 when it cannot start, 2 for wrong use.

    ``budget`` is what refining may make of a mesh.
    """
    if args.dask and (problem := dask_refining.missing()):
        print(f"csm_server: {problem}", file=sys.stderr)
        return 2
    interpreters, blender = None, f"the workers of Dask at {args.dask}"
    try:
        if not args.dask:
            interpreters, blender = find_blender(args.blender)
    except BlenderError as error:
        blender = str(error)
        if args.blender:
            print(f"csm_server: {blender}", file=sys.stderr)
            return 2
    try:
        data = data.resolve()
        store = Store(data)
        listener = _listen(args.host, args.port)
    except (OSError, sqlite3.Error) as error:
        print(f"csm_server: cannot start: {error}", file=sys.stderr)
        return 1
    if store.get(FIRST_SAMPLE) is None:
        print(f"Making the sample sessions in {data} …", flush=True)
        add_samples(store)
    memory_bytes = int(args.memory * 1024**3)
    refiner: RefinesMeshes = Refiners(interpreters, blender, memory_bytes, args.at_once)
    if args.dask:
        refiner = dask_refining.DaskRefiner(args.dask, args.blender, memory_bytes)
    service = Service(
        store, key, refiner, budget, refine_seconds=args.refine_seconds, style=args.style, hosts=args.allow_host
    )
    app = control_app(service) if args.control else service.app()
    config = uvicorn.Config(
        app,
        http=ConnectionProtocol if args.control else "h11",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    shown = f"[{args.host}]" if ":" in args.host else args.host
    refines = f"Refines with: {blender}" if interpreters or args.dask else f"Cannot refine: {blender}"
    where = f"CSM server at http://{shown}:{listener.getsockname()[1]}"
    lines = (refines, where, f"API key: {key}", f"Data: {data}")
    if args.data is not None:  # not where this user's Blender looks
        return _serve(_Server(config, lines), listener)
    reached = "127.0.0.1" if args.host in ("0.0.0.0", "::", "localhost") else shown
    running = RunningService(f"http://{reached}:{listener.getsockname()[1]}", key)
    try:
        announce(data, running)
        return _serve(_Server(config, lines), listener)
    finally:
        withdraw(data, running)


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
