# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of a command-line call to its first request, against starting Blender to do nothing."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import Bench, Row, Samples, run, yes_if
from workshop import NEWEST, ROOT, Missing, bpy_python, cli, surroundings, windowed_blenders

GOAL_S = 0.5
JOB = ("refine", "--job", "SESSION_1_1", "--bbox", "1,1,1")


def measure(bench: Bench) -> list[Row]:
    """A row for the wheel and one for a real Blender."""
    python = bpy_python()
    rows = [_row(bench, f"python -m csm_blender, bpy {NEWEST}", cli(python, *JOB), [python, "-c", _NOTHING])]
    with contextlib.suppress(Missing):
        blender = str(windowed_blenders()[-1])
        flags = [blender, "--background", "--online-mode"]
        command = [*flags, "--python", str(ROOT / "scripts" / "csm.py"), "--", *JOB]
        plain = [blender, "--background", "--python-expr", "pass"]
        rows.append(_row(bench, f"{Path(blender).name} --background", command, plain))
    return rows


_NOTHING = "import bpy, os; os._exit(0)"


def _row(bench: Bench, name: str, command: Sequence[str], nothing: Sequence[str]) -> Row:
    first, plain = [], []
    for number in range(bench.times(5) + 1):
        first.append(_seconds_to_request(bench, command, number))
        plain.append(run(nothing).seconds)
    ours, theirs = Samples.of(first[1:] or first), Samples.of(plain[1:] or plain)
    more = ours.median - theirs.median
    return Row(
        f"start to first request, {name}",
        ours.text("s", 2),
        f"Blender doing nothing {theirs.text('s', 2)}",
        f"{more:+.2f} s",
        f"at most {GOAL_S} s more",
        yes_if(more <= GOAL_S),
        "The request is seen when its connection is made.",
    )


def _seconds_to_request(bench: Bench, command: Sequence[str], number: int) -> float:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60.0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        around: dict[str, Any] = surroundings(bench, url, "key", f"home-{number}")
        begun = time.perf_counter()
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **around
        )
        try:
            server.accept()[0].close()
            return time.perf_counter() - begun
        finally:
            process.kill()
            process.wait()
