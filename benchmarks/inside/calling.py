# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``calling.py OUT.json …``: the command line, and the processor time it and converters took."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from csm_blender.cli.environment import Surroundings
from csm_blender.cli.main import main


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    status = main(sys.argv[2:], "calling.py", Surroundings())
    used = {"own_s": _cpu_s(resource.RUSAGE_SELF), "converters_s": _cpu_s(resource.RUSAGE_CHILDREN)}
    Path(sys.argv[1]).write_text(json.dumps(used), encoding="utf-8")
    sys.stdout.flush()
    os._exit(status)  # the wheels of 4.5 may hang in an orderly exit
