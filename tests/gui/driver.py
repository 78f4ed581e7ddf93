"""Runs inside Blender: steps one scenario, a generator, from the event loop and writes how it ended.

`blender … --python driver.py -- TASK.json`; `harness.py` writes the task. A generator on a timer, because a
script that waits would stop the very event loop it waits for; a persistent timer, so that loading a file
does not end the scenario.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
import inside

REST_S = 0.004
"""Blender never sleeps while it takes simulated events: without a rest each window would use a core for nothing."""


class Driver:
    """Steps a scenario and ends Blender with it."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.deadline = 0.0
        self.scenario = self._whole()

    def _whole(self) -> inside.Steps[Any]:
        """The scenario as named by the task, after a first drawn frame."""
        yield from inside.frames(3)
        self.deadline = time.monotonic() + self.task["timeout"]
        return (yield from _load(self.task["scenario"], self.task["function"])(**self.task["params"]))

    def step(self) -> float | None:
        """Go on to the next `yield`; called by Blender. The answer is when to be called again."""
        try:
            if self.deadline and time.monotonic() > self.deadline:
                self.deadline = 0.0  # the scenario may still clean up
                pause = self.scenario.throw(TimeoutError(f"the scenario took over {self.task['timeout']} s"))
            else:
                pause = next(self.scenario)
        except StopIteration as end:
            self._finish({"value": end.value})
        except BaseException:  # noqa: BLE001 - SystemExit too: whatever ends a scenario is the test's to judge
            self._finish({"error": traceback.format_exc()})
            inside.take_picture(f"failed-{self.task['function']}")
        else:
            return float(pause or 0.0)
        return None

    def _finish(self, outcome: dict[str, Any]) -> None:
        Path(self.task["result"]).write_text(json.dumps(outcome))
        bpy.ops.wm.quit_blender()


def _load(file: str, function: str) -> Any:
    """The function of a scenario file, which is not on any path."""
    spec = importlib.util.spec_from_file_location("scenario", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def rest() -> float:
    """Give the processor to others for a moment, each time Blender's event loop comes round."""
    time.sleep(REST_S)
    return 0.0


def main() -> None:
    """Read the task and start stepping."""
    task = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())
    inside.screens = Path(task["screens"])
    bpy.app.timers.register(Driver(task).step, persistent=True)
    bpy.app.timers.register(rest, persistent=True)


main()
