"""Sessions for many objects at once, by a dropped file and by the clipboard."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import six
import Xlib
from harness import Blender

SCENARIOS = "scenarios/many.py"
LIBRARIES = os.pathsep.join(map(str, {Path(Xlib.__file__).parents[1], Path(six.__file__).parent}))
"""For the program that drags, which runs in the Python that belongs to Blender."""
FIRST, SECOND = "SESSION_P_44569824122", "SESSION_1700000001_0000001"


def test_a_jobs_file_dropped_from_another_program(blender: Blender, service: Any) -> None:
    path = blender.directory / "set.csmjobs"
    rows = [
        (FIRST, "Chair 2"),
        (SECOND, "Table"),
        ("nonsense", "Chair 10"),
        (FIRST, "chair 2"),
        (SECOND, "Sofa"),
        (SECOND, "Camera"),
        (SECOND, "Chair 10+Table"),
    ]
    path.write_text(json.dumps([{"session": session, "object": name} for session, name in rows]))
    run = blender.run(
        f"{SCENARIOS}:drop",
        env={"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key},
        params={"libs": LIBRARIES, "path": str(path)},
        timeout=150,
    )
    seen = run.value
    assert seen["refused"] == seen["undone"] == []
    assert {name: code for name, code in seen["assigned"].items() if code} == {"Chair 2": FIRST, "Table": SECOND}
    assert seen["selected"] == ["Chair 2", "Table"]
    assert "name='Import Jobs File'" in run.output


def test_several_codes_pasted_for_the_selected_objects(blender: Blender) -> None:
    text = f"the chair {FIRST}, and for the other: https://3d.csm.ai/view?s={SECOND}"
    run = blender.run(f"{SCENARIOS}:paste", params={"text": text, "one": f"see {SECOND}"}, timeout=150)
    seen = run.value
    assert seen["refused"] == []
    assert {name: code for name, code in seen["assigned"].items() if code} == {"Chair 2": FIRST, "Chair 10": SECOND}
    assert seen["selected"] == ["Chair 10", "Chair 2"]
    assert (seen["field_before"], seen["field_after"]) == ("", SECOND)
    assert "name='Assign Session Codes'" in run.output


def test_a_jobs_file_chosen_in_the_file_browser(blender: Blender) -> None:
    path = blender.directory / "set.csv"
    path.write_text(f"object,session\nTable,{FIRST}\n")
    run = blender.run(f"{SCENARIOS}:choose", params={"path": str(path)}, timeout=150)
    assert run.value == {"before": [], "assigned": {"Table": FIRST}}
    assert run.output.count("name='Import Jobs File'") == 1
