# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios inside a windowed Blender share. Times are ``time.perf_counter``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "gui" / "scenarios"))
from addon import file_state, jobs, module  # noqa: F401 - the scenarios' own, also for the modules here
from inside import override

Steps = Generator[Any, None, Any]
SETTLE_ROUNDS = 12
PROBE_S = 0.001
"""How often the probe looks. Without a pause it would keep a core from the converter."""
QUIET_S = 0.5


@dataclass(frozen=True)
class Gap:
    """A time in which Blender heard no key press, and what processor time the whole process took in it."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    begun: float = 0.0
    ended: float = 0.0


class Probe:
    """Measures gaps: from where a round of the event loop begins to hear events to where the next one does.

    A round hears events (modal operators get theirs), then runs timers, this probe's too, then draws. So a round in
    which an operator worked has begun at that operator's call, not where this timer's turn came afterwards.
    """

    def __init__(self) -> None:
        """The first gap begins now."""
        self._begun = clocks()
        self._called: list[tuple[float, float]] = []

    def note_modal(self, operator: Any) -> None:
        """Take calls of this class of modal operators for the beginning of their round."""
        inner = operator.modal

        def noted(self_: Any, context: Any, event: Any) -> Any:  # Blender counts the arguments there are
            self._called.append(clocks())
            return inner(self_, context, event)

        operator.modal = noted

    def restart(self) -> None:
        """Forget what was before."""
        self._begun = clocks()
        self._called.clear()

    def peek(self) -> Gap:
        """The round so far."""
        wall, cpu = clocks()
        return Gap(wall - self._begun[0], cpu - self._begun[1], self._begun[0], wall)

    def step(self) -> Gap:
        """The gap that ended with this round."""
        begun, self._begun = self._begun, (self._called[0] if self._called else clocks())
        self._called.clear()
        return Gap(self._begun[0] - begun[0], self._begun[1] - begun[1], begun[0], self._begun[0])


def clocks() -> tuple[float, float]:
    """Now: wall time and this process's processor time."""
    return time.perf_counter(), time.process_time()


def longest_gap(probe: Probe, condition: Callable[[], Any], timeout_s: float) -> Steps:
    """Go round the event loop until *condition* and a few rounds more.

    The longest :class:`Gap` of them, and the most processor time spent in any: of the same one, without other work.
    """
    deadline, longest, rounds = time.perf_counter() + timeout_s, Gap(), SETTLE_ROUNDS
    most_cpu_s = 0.0
    while rounds:
        if condition():
            rounds -= 1
        elif time.perf_counter() > deadline:
            raise TimeoutError(f"not in {timeout_s} s; {[(j.status, j.message, j.error) for j in jobs()]}")
        yield PROBE_S
        gap = probe.step()
        longest = max(longest, gap, key=lambda one: one.seconds)
        most_cpu_s = max(most_cpu_s, gap.cpu_s)
    return longest, most_cpu_s


def new_block_out(number: int) -> bpy.types.Object:
    """A cube to be refined, the only mesh of the scene, selected and active as it is when Refine is pressed."""
    mesh = bpy.data.meshes.new(f"Block{number}")
    mesh.from_pydata(
        [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)],
        [],
        [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)],
    )
    obj = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    obj.select_set(True)
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
