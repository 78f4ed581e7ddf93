# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``farm_assemble.py OUT.json …``: ``assemble``, and the processor time of each placement."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import csm_blender.cli.farm.assemble as assembling
from csm_blender.cli.environment import Surroundings
from csm_blender.cli.main import main

if __name__ == "__main__":
    times: list[float] = []
    put = assembling.put

    def timed(*arguments: Any) -> Any:
        """Put a result into the scene, and note how long it took."""
        began = time.process_time()
        standing = put(*arguments)
        times.append(time.process_time() - began)
        return standing

    assembling.put = timed
    began, began_cpu = time.perf_counter(), time.process_time()
    status = main(["assemble", *sys.argv[2:]], "farm_assemble.py", Surroundings())
    seen = {"put_s": times, "seconds": time.perf_counter() - began, "cpu_s": time.process_time() - began_cpu}
    Path(sys.argv[1]).write_text(json.dumps(seen), encoding="utf-8")
    sys.stdout.flush()
    os._exit(status)
