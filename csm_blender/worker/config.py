# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender sends its worker: one line of JSON on standard input, then nothing; closing the pipe ends the worker.

The key travels this way because argument lists and environments of processes can be read by others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..core.processes.launch import Interpreters
from ..core.records import Record
from ..core.settings import Settings


@dataclass(frozen=True)
class WorkerConfig(Record):
    """All that a worker needs to know.

    ``owner`` names its leases and belongs to this one process. ``concurrency`` is how many jobs are under way at once.
    """

    home: Path
    owner: str
    settings: Settings
    interpreters: Interpreters
    concurrency: int = 64
    threads: int = 8
    idle_s: float = 20.0

    def to_line(self) -> bytes:
        """One line of JSON, ending in a newline. It holds the key: write it to the worker's pipe and nowhere else."""
        return json.dumps(self.as_dict()).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> WorkerConfig:
        """The configuration that :meth:`to_line` wrote."""
        return cls.from_dict(json.loads(line))
