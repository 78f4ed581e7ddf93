# SPDX-License-Identifier: GPL-3.0-or-later
"""A large download from loopback, against curl to the same disk."""

from __future__ import annotations

import contextlib
import http.server
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import Bench, Ended, Row, Samples, run, yes_if
from workshop import INSIDE, Missing

MEGABYTES = 500
GOAL = 0.9
MEMORY_GOAL = 120e6


def measure(bench: Bench) -> list[Row]:
    """Two rows: rate and memory."""
    curl = shutil.which("curl")
    if curl is None:
        raise Missing("curl")
    megabytes, repeats = (4, 1) if bench.quick else (MEGABYTES, 5)
    big, small = _file(bench.folder / "big.glb", megabytes), _file(bench.folder / "small.glb", max(1, megabytes // 10))
    target = bench.folder / "got"
    ours: list[dict[str, float]] = []
    theirs: list[float] = []
    their_cpu: list[float] = []
    peaks: dict[str, list[float]] = {"big": [], "small": []}
    with _server(bench.folder) as url:
        for _ in range(repeats):
            seconds, ended = _curl(bench, curl, f"{url}/{big.name}", target)
            theirs.append(seconds)
            their_cpu.append(ended.cpu_s)
            ours.append(_ours(bench, f"{url}/{big.name}", target))
            peaks["big"].append(ours[-1]["peak_bytes"])
            peaks["small"].append(_ours(bench, f"{url}/{small.name}", target)["peak_bytes"])
    mine = Samples.of([megabytes / seen["seconds"] for seen in ours])
    plain = Samples.of([megabytes / seconds for seconds in theirs])
    cpu = Samples.of([seen["cpu_s"] for seen in ours])
    most, least = max(peaks["big"]), max(peaks["small"])
    return [
        Row(
            f"download of {megabytes} MB from loopback",
            mine.text("MB/s", 0),
            f"curl {plain.text('MB/s', 0)}",
            f"{mine.median / plain.median:.2f} of curl's rate",
            f"at least {GOAL}",
            yes_if(mine.median >= GOAL * plain.median),
            f"Processor time {cpu.text()} against {Samples.of(their_cpu).text()}. Ours also computes SHA-256 and checks"
            " the length. Neither waits until the file is on the disk. Starting either program is not counted.",
        ),
        Row(
            f"memory of the worker while it downloads {megabytes} MB",
            f"{most / 1e6:.0f} MB at most",
            f"{megabytes // 10} MB: {least / 1e6:.0f} MB at most",
            f"{(most - least) / 1e6:+.1f} MB",
            f"under {MEMORY_GOAL / 1e6:.0f} MB, flat",
            yes_if(most < MEMORY_GOAL and most - least < 5e6),
        ),
    ]


def _curl(bench: Bench, curl: str, url: str, target: Path) -> tuple[float, Ended]:
    """Seconds by curl's own clock, which begins when it is asked to fetch, and how the process ended."""
    said = bench.folder / "curl.log"
    ended = run([curl, "--silent", "--fail", "--write-out", "%{time_total}", "--output", target, url], log=said)
    target.unlink()
    return float(said.read_text(encoding="ascii")), ended


def _ours(bench: Bench, url: str, target: Path) -> dict[str, float]:
    out = bench.folder / "downloaded.json"
    run([sys.executable, INSIDE / "downloading.py", out, url, target], log=bench.folder / "download.log")
    found: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _file(path: Path, megabytes: int) -> Path:
    """A file that no layer can pack, and that lies in the page cache afterwards."""
    part = os.urandom(1_000_000)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(part)
    return path


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Sends files by sendfile, so that the server is no slower than the clients."""

    def copyfile(self, source: object, outputfile: object) -> None:  # noqa: ARG002 - the connection is used instead
        """Have the kernel send the file."""
        self.wfile.flush()
        self.connection.sendfile(source)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(folder: str, pipe: object) -> None:
    def handler(*arguments: object) -> _Handler:
        return _Handler(*arguments, directory=folder)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        pipe.send(server.server_port)
        server.serve_forever()


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A file server in a process of its own; gives its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(str(folder), theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
