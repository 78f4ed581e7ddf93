# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender tells its worker: one line of JSON on standard input, then nothing; closing the pipe ends the worker.

The key travels this way because argument lists and environments of processes can be read by others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..core.processes.launch import Interpreters
from ..core.settings import Settings


@dataclass(frozen=True)
class WorkerConfig:
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
        return json.dumps({**asdict(self), "home": str(self.home)}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> WorkerConfig:
        """The configuration that :meth:`to_line` wrote."""
        data: dict[str, Any] = json.loads(line)
        interpreters = data.pop("interpreters")
        return cls(
            home=Path(data.pop("home")),
            settings=Settings(**data.pop("settings")),
            interpreters=Interpreters(
                interpreters["python"], tuple(interpreters["python_arguments"]), interpreters["blender"]
            ),
            **data,
        )
