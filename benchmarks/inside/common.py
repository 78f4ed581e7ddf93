# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios inside a windowed Blender share. Times are ``time.perf_counter``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "gui" / "scenarios"))
from addon import desk, jobs, module  # noqa: F401 - the scenarios' own, also for the modules here
from inside import override

Steps = Generator[Any, None, Any]
SETTLE_ROUNDS = 12
QUIET_S = 0.5


def longest_gap(condition: Callable[[], Any], timeout_s: float, since: float | None = None) -> Steps:
    """Go round the event loop until *condition* and a few rounds more; the longest gap: its length, begin and end.

    The driver's timer fires in every round, so this is the high-frequency probe: what lies between two rounds are
    timers, events, depsgraph, undo and drawing, all of what keeps Blender from hearing the next key press.
    """
    last = time.perf_counter() if since is None else since
    deadline, longest, rounds = time.perf_counter() + timeout_s, (0.0, last, last), SETTLE_ROUNDS
    while rounds:
        if condition():
            rounds -= 1
        elif time.perf_counter() > deadline:
            raise TimeoutError(f"not in {timeout_s} s; {[(j.status, j.message, j.error) for j in jobs()]}")
        yield
        now = time.perf_counter()
        longest, last = max(longest, (now - last, last, now)), now
    return longest


def new_block_out(number: int) -> bpy.types.Object:
    """A cube to be refined, the only mesh of the scene."""
    mesh = bpy.data.meshes.new(f"Block{number}")
    mesh.from_pydata(
        [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)],
        [],
        [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)],
    )
    obj = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    return obj


def clear_meshes() -> None:
    """Remove every object with a mesh, and all that nothing uses any more, as File > Clean Up does."""
    for obj in [obj for obj in bpy.data.objects if obj.type == "MESH"]:
        bpy.data.objects.remove(obj)
    bpy.data.orphans_purge(do_recursive=True)


def push_undo(message: str) -> None:
    """One undo step, as every operator a person runs makes one."""
    with override():
        bpy.ops.ed.undo_push(message=message)


def resident_bytes() -> int:
    """Memory of this process that is in use right now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
