# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh work in a process of its own, so that the service always answers at once.

The service writes one JSON object a line to the worker's standard input and reads one a line from its output.
The worker ends when its input does, so it never outlives the service, however that ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any


class WorkError(RuntimeError):
    """The mesh work could not be done; the text says why."""


class Worker:
    """The service's end: a child process that is started when first needed and again after it has died."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """Have one task done (see ``_tasks``) and return its answer. Raises WorkError."""
        async with self._turn:
            process = await self._running()
            assert process.stdin
            assert process.stdout
            try:
                process.stdin.write(json.dumps(task).encode() + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
            except OSError:
                line = b""
            except asyncio.CancelledError:
                process.kill()  # or its answer would be taken for that to the next task
                raise
            if not line:
                await process.wait()
                raise WorkError("The mesh worker ended unexpectedly.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkError(answer["error"])
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(Path(__file__).parent), "_worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        return self._process

    async def stop(self) -> None:
        """End the child, in the middle of a task too."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def serve() -> int:
    """The child's end: do the tasks that come in until the input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # nothing a library prints may get between the answers
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer = _tasks()[task.pop("do")](**task) or {}
        except Exception as error:  # noqa: BLE001 - one bad mesh must not end the worker
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def _tasks() -> dict[str, Any]:
    # Imported here: the service's own process never needs these libraries, which take a second to load.
    from csm_server import exports, refining, samples

    return {"refine": refining.refine_file, "export": exports.export_file, "samples": samples.write_samples}
