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

from measuring import Bench, Row, Samples, run, yes_if
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
    ours, theirs, synced, peaks = [], [], [], {}
    with _server(bench.folder) as url:
        for _ in range(repeats):
            theirs.append(run([curl, "--silent", "--fail", "--output", target, f"{url}/{big.name}"]).seconds)
            shell = f'{curl} --silent --fail --output "{target}" {url}/{big.name} && sync "{target}"'
            synced.append(run(["sh", "-c", shell]).seconds)
            target.unlink()
            seen = _ours(bench, f"{url}/{big.name}", target)
            ours.append(seen["seconds"][0])
            peaks.setdefault("big", []).append(seen["peak_bytes"])
            peaks.setdefault("small", []).append(_ours(bench, f"{url}/{small.name}", target)["peak_bytes"])
    mine, plain, safe = (Samples.of([megabytes / value for value in values]) for values in (ours, theirs, synced))
    most, least = max(peaks["big"]), max(peaks["small"])
    return [
        Row(
            f"download of {megabytes} MB from loopback",
            mine.text("MB/s", 0),
            f"curl {plain.text('MB/s', 0)}; curl and sync {safe.text('MB/s', 0)}",
            f"{mine.median / plain.median:.2f} of curl's rate, {mine.median / safe.median:.2f} of curl and sync",
            f"at least {GOAL}",
            yes_if(mine.median >= GOAL * plain.median),
            "Ours also computes SHA-256, checks the length and waits for the disk (fsync); curl does none of these.",
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


def _ours(bench: Bench, url: str, target: Path) -> dict[str, list[float]]:
    out = bench.folder / "downloaded.json"
    run([sys.executable, INSIDE / "downloading.py", out, url, target, 1], log=bench.folder / "download.log")
    found: dict[str, list[float]] = json.loads(out.read_text(encoding="utf-8"))
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
        self.connection.sendfile(source)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(folder: str, pipe: object) -> None:
    def handler(*arguments: object) -> _Handler:
        return _Handler(*arguments, directory=folder)  # type: ignore[arg-type]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        pipe.send(server.server_port)  # type: ignore[attr-defined]
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
