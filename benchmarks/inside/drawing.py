# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on's own drawing takes: processor time of its Python, and of what that asks of Blender's layout."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import Steps, file_state, module
from inside import Events, area, frames, override
from ticks import _new_job

SETTLE_ROUNDS = 20


class Stopwatch:
    """Sums the processor time of this thread in some functions, until it is read."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """*function*, of a class and with a context, timed."""

        def timed(owner: Any, context: Any) -> Any:  # Blender counts the arguments there are
            return self.of(functools.partial(function, owner, context))

        return timed

    def of(self, function: Callable[[], Any]) -> Any:
        """What *function* gives, timed."""
        begun = time.thread_time()
        try:
            return function()
        finally:
            self._seconds += time.thread_time() - begun

    def read(self) -> float:
        """The seconds since it was read last."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


def drawing(mesh: str, jobs: int, times: int) -> Steps:
    """Seconds of each of so many redraws: of the panel with a file and a block-out, its overlay, and many *jobs*."""
    panel, overlay = module("ui.panel"), module("ui.overlay")
    in_panel, in_view = Stopwatch(), Stopwatch()
    panel.CSM_PT_refine.draw = in_panel.around(panel.CSM_PT_refine.draw)
    refine = module("ui.refine_operators").CSM_OT_refine
    refine.poll = classmethod(in_panel.around(refine.poll.__func__))
    overlay.overlay().stop()
    overlay._draw = functools.partial(in_view.of, overlay._draw)  # noqa: SLF001 - what it hands to Blender
    overlay.overlay().start()
    state = bpy.context.scene.csm
    state.source, state.filepath = "FILE", mesh
    yield from Events().open_sidebar("CSM")
    seen = yield from _redraws(times, panel=in_panel, overlay=in_view)
    file_state().worker.ensure = lambda *_: None  # nothing is sent here
    for number in range(jobs):
        _new_job(number)
    module("scene.jobs.job_updates").step()
    main_timer = module("scene.blender.main_timer").main_timer()
    main_timer.cancel(module("scene.jobs.job_updates").step)
    with override():
        bpy.ops.object.select_all(action="DESELECT")
        bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    many = yield from _redraws(times, panel=in_panel, overlay=in_view)
    return {**seen, "panel_with_jobs": many["panel"], "overlay_with_jobs": many["overlay"]}


def _redraws(times: int, **watches: Stopwatch) -> Steps:
    yield from frames(SETTLE_ROUNDS)
    for watch in watches.values():
        watch.read()
    seen: dict[str, list[float]] = {name: [] for name in watches}
    for _ in range(times):
        for region in area().regions:
            region.tag_redraw()
        yield from frames(1)
        for name, watch in watches.items():
            if seconds := watch.read():
                seen[name].append(seconds)
    return seen
