# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Blender with nothing to do costs, with the add-on or without."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import Steps
from inside import frames


def idle(seconds: float, repeats: int) -> Steps:
    """Processor time of *repeats* waits of so many *seconds*; timers of the add-on, child processes, wake-ups."""
    yield from frames(12)
    yield 4.0
    spent: list[float] = []
    for _ in range(repeats):
        before = time.process_time()
        yield seconds
        spent.append(time.process_time() - before)
    name = "csm_blender.scene.blender.main_timer"
    timer: Any = next((found for known, found in sys.modules.items() if known.endswith(name)), None)
    return {
        "cpu": spent,
        "addon": timer is not None,
        "timer": timer is not None and bpy.app.timers.is_registered(timer._tick),  # noqa: SLF001 - the only timer
        "children": _children(),
        "version": bpy.app.version_string,
    }


def _children() -> list[str]:
    """Names of the processes this one has started."""
    task = Path("/proc/self/task")
    pids = [pid for thread in task.iterdir() for pid in (thread / "children").read_text().split()]
    return [Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids if Path(f"/proc/{pid}").exists()]
