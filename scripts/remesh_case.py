# SPDX-License-Identifier: GPL-3.0-or-later
"""One case of scripts/remesh_runs.py in a process of its own: ``remesh_case.py CASE.json FOLDER [PICTURE.jpg]``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests" / "support"), str(ROOT)]

from rough.case import imported, run, truth_box
from rough.cases import Case
from rough.picture import before_and_after, load_made

from csm_blender.core.errors import CsmError

PICTURE_PIXELS = 400


def main(fields: str, place: str, memory_bytes: str, picture: str = "") -> None:
    """Write FOLDER/result.json, and a picture of before and after. What goes wrong ends this with its traceback."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory_bytes),) * 2)
    case, folder = Case(**json.loads(fields)), Path(place)
    try:
        result = run(case, folder)
    except CsmError as refused:
        result = {"case": json.loads(fields), "refused": str(refused), "error": f"refused: {refused}"}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    if picture and "error" not in result:
        rough = imported(folder / "in.glb")
        before_and_after(rough, load_made(folder / "out.blend"), truth_box(case), Path(picture), PICTURE_PIXELS)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # the wheels of 4.5 may hang in an orderly exit
