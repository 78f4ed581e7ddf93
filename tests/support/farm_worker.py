# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, killed with signal 9 at a place in its code, or with a clock that is wrong.

    farm_worker.py PLACE SECONDS ARGUMENT …

PLACE is empty, or ``module:Class.function:before:3``: the process kills itself before (or after) the third call of it.
SECONDS are added to the clock. All else is as it is.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def kill_at(place: str) -> None:
    """Arrange for this process to die at *place*."""
    module, path, moment, number = place.split(":")
    *names, last = path.split(".")
    holder: Any = importlib.import_module(module)
    for name in names:
        holder = getattr(holder, name)
    kept = vars(holder)[last]
    real = kept.__func__ if isinstance(kept, classmethod) else kept
    calls = 0

    @functools.wraps(real)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if moment == "before" and calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        made = real(*arguments, **options)
        if moment == "after" and calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    setattr(holder, last, classmethod(wrapped) if isinstance(kept, classmethod) else wrapped)


def set_clock(seconds: float) -> None:
    """Have the clock be wrong by *seconds*."""
    real_time, real_datetime = time.time, dt.datetime

    class Wrong(real_datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_datetime.now(tz) + dt.timedelta(seconds=seconds)

    time.time = lambda: real_time() + seconds
    dt.datetime = Wrong  # type: ignore[misc]  # before anything imports it


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if float(sys.argv[2]):
        set_clock(float(sys.argv[2]))
    if sys.argv[1]:
        kill_at(sys.argv[1])
    from csm_blender.cli.environment import Surroundings
    from csm_blender.cli.main import main

    sys.exit(main(sys.argv[3:], "csm", Surroundings()))
