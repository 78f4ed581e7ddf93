# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the fit of everything that can be a block-out, with every fate, on every Blender; write docs/fit.md.

python scripts/fit_table.py [--versions 4.2 4.5 5.2] [--scenes 500] [--check]

``--scenes N`` also tries N random scenes on each Blender. ``--check`` writes nothing and fails if a cell is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from environment import BLENDERS, ROOT, python_of

PAGE = ROOT / "docs" / "fit.md"
FATES = ("HIDE", "KEEP", "REPLACE")
INTRODUCTION = ROOT / "docs" / "fit-introduction.md"


def main() -> int:
    """Run the tests and write the page."""
    options = _options()
    with ThreadPoolExecutor() as pool:
        measured = dict(
            zip(options.versions, pool.map(partial(_measured, options.scenes), options.versions), strict=True)
        )
    if failed := [version for version, (table, _worst) in measured.items() if table is None]:
        sys.exit(f"Tests failed on Blender {', '.join(failed)}.")
    tables = {version: table for version, (table, _worst) in measured.items() if table is not None}
    worst = {version: worst for version, (_table, worst) in measured.items() if worst is not None}
    if holes := _holes(tables):
        sys.exit("Not measured: " + "; ".join(holes))
    if not options.check:
        PAGE.write_text(_page(tables, worst), encoding="utf-8")
        print(f"{PAGE} is written.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--versions", nargs="+", default=list(BLENDERS), choices=list(BLENDERS))
    parser.add_argument("--scenes", type=int, default=0, metavar="N")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def _measured(scenes: int, version: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The cells of one Blender, ``None`` if a test failed; and the worst of its random scenes, if there were any."""
    with tempfile.TemporaryDirectory() as name:
        table, worst = Path(name) / "table.json", Path(name) / "worst.json"
        tests = ["tests/integration/test_fit_table.py"]
        environment = {**os.environ, "CSM_FIT_TABLE": str(table), "CSM_FIT_WORST": str(worst)}
        if scenes:
            tests.append("tests/integration/test_fit_scenes.py")
            environment["CSM_FIT_SCENES"] = str(scenes)
        command = [str(python_of(f"bpy-{version}")), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        tail = "\n".join(done.stdout.strip().splitlines()[-12 if done.returncode else -1 :])
        print(f"Blender {version}: {tail}", flush=True)
        if done.returncode:
            return None, None
        found = json.loads(table.read_text(encoding="utf-8"))
        return found, json.loads(worst.read_text(encoding="utf-8")) if scenes else None


def _holes(tables: dict[str, dict[str, Any]]) -> list[str]:
    kinds = dict.fromkeys(kind for table in tables.values() for kind in table["cells"])
    return [
        f"{kind}, {fate}, {version}"
        for kind in kinds
        for version, table in tables.items()
        for fate in FATES
        if not table["cells"].get(kind, {}).get(fate)
    ]


def _page(tables: dict[str, dict[str, Any]], worst: dict[str, dict[str, Any]]) -> str:
    lines = [INTRODUCTION.read_text(encoding="utf-8").rstrip(), ""]
    if worst:
        lines += ["## Random scenes", "", "| Blender | scenes | worst corner | worst origin |", "|---|---|---|---|"]
        lines += [
            f"| {entry['version']} | {entry['scenes']:.0f} | {entry['corners']:.1e} | {entry['origin']:.1e} |"
            for entry in worst.values()
        ]
        lines.append("")
    measured = ", ".join(table["version"] for table in tables.values())
    lines += ["## The table", "", f"Measured on Blender {measured}.", ""]
    columns = [f"{fate} {version}" for fate in FATES for version in tables]
    lines += ["| block-out | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for kind in next(iter(tables.values()))["cells"]:
        cells = [tables[version]["cells"][kind][fate] for fate in FATES for version in tables]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
