# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert every delivery of tests/support/delivery_cases on every Blender; write docs/deliveries.md.

python scripts/deliveries.py [--versions 4.2 4.5 5.2]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from environment import BLENDERS, ROOT, python_of

PAGE = ROOT / "docs" / "deliveries.md"
SUPPORT = ROOT / "tests" / "support"
INTRODUCTION = """# Deliveries

What becomes of files as services and exporters deliver them. Each row is a small file, made byte by byte in
`tests/support/delivery_cases`; the letter F of 60 triangles in it has to fill a box of 0.5 x 0.9 x 0.2 m. "Placed"
means: with that many triangles, in that box to a millionth of its diagonal, measured from what the file shows and from
nothing else. Sentences are those that the user reads; "card" is what the quality card adds to its verdict, with which
the result is not called good.

A row is the test `tests/integration/test_deliveries.py` with the name in its last column, for example
`pytest "tests/integration/test_deliveries.py" -k nodes-12`. This page is written by `python scripts/deliveries.py`
from real runs, on Blender {versions}.
"""


def main() -> int:
    """Convert and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--versions", nargs="+", default=list(BLENDERS), choices=list(BLENDERS))
    runs = {version: _run(version) for version in parser.parse_args().versions}
    PAGE.write_text(_page(runs), encoding="utf-8")
    print(f"{PAGE} is written.")
    return 0


def _run(version: str) -> dict[str, Any]:
    """The outcomes on one Blender, all from one process."""
    path = os.pathsep.join(map(str, (SUPPORT, ROOT)))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "outcomes.json"
        command = [str(python_of(f"bpy-{version}")), "-m", "delivery_cases.run", str(out)]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"Blender {version}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    print(f"Blender {version}: {sum(map(len, found['groups'].values()))} deliveries", flush=True)
    return found


def _page(runs: dict[str, dict[str, Any]]) -> str:
    versions = ", ".join(run["blender"] for run in runs.values())
    lines = [INTRODUCTION.format(versions=versions)]
    for group, rows in next(iter(runs.values()))["groups"].items():
        lines += [f"## {group}", "", "| what is delivered | what happens | test |", "|---|---|---|"]
        for number, row in enumerate(rows):
            words = {version: run["groups"][group][number]["words"] for version, run in runs.items()}
            lines.append(f"| {row['feature']} | {_cell(words)} | {row['name']} |")
        lines.append("")
    return "\n".join(lines)


def _cell(words: dict[str, str]) -> str:
    """What happens, once where it is the same on all versions."""
    kinds = {text: [version for version, other in words.items() if other == text] for text in words.values()}
    if len(kinds) == 1:
        [text] = kinds
    else:
        text = "<br>".join(f"{', '.join(versions)}: {text}" for text, versions in kinds.items())
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
