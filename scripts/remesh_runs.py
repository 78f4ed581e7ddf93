# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of scripts/remesh_quality.py, which starts this in a Python that has numpy and bpy."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for _place in (ROOT / "scripts", ROOT / "tests" / "support", ROOT):
    if str(_place) not in sys.path:
        sys.path.append(str(_place))

import environment
import remesh_page
from rough.cases import Case, random_case
from rough.damage import DAMAGES
from rough.goals import missed
from rough.known.kinds import KINDS

CHILD = ROOT / "scripts" / "remesh_case.py"
DEADLINE_S, RANDOM_DEADLINE_S = 300.0, 120.0
MEMORY_BYTES = 6 << 30
PICTURED_TRIANGLES = 60_000
"""More, and their wires are one dark spot."""
PICTURED = ("creature", "head", "bracket", "chair", "cabinet")
QUICK = {"kinds": ("creature", "bracket", "chair"), "damages": ("none", "mixed"), "triangles": 6_000, "budget": 3_000,
         "texture": 512}  # fmt: skip


def main() -> int:
    """Do what is asked for. The exit status says whether every case could be run."""
    options = _options()
    if options.page:
        lines = options.results.read_text(encoding="utf-8").splitlines()
        remesh_page.write([json.loads(line) for line in lines], options.version)
        return 0
    if options.pictures:
        return take_pictures(options)
    cases = random_cases(options.random, options.first) if options.random else listed_cases(options)
    results = measured(cases, options)
    broken = [result for result in results if "error" in result]
    for result in broken:
        print(f"BROKEN {line_of(result)}")
    if not (options.quick or options.random or options.kinds or options.damages):
        remesh_page.write(results, options.version)
    return int(bool(broken))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="5.2", choices=list(environment.BLENDERS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kinds", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--damages", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--strengths", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--triangles", type=int, default=300_000)
    parser.add_argument("--texture", type=int, default=2048)
    parser.add_argument("--pictures", action="store_true", help="make those of docs/remesh.md anew")
    parser.add_argument("--page", action="store_true", help="only write docs/remesh.md of what --results holds")
    parser.add_argument("--random", type=int, default=0, metavar="N")
    parser.add_argument("--first", type=int, default=0, help="the number of the first random case")
    parser.add_argument("--results", type=Path, default=None)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for what goes in and comes out")
    return parser.parse_args()


def listed_cases(options: argparse.Namespace) -> list[Case]:
    """Each kind, whole and with each damage at each strength."""
    small = options.quick
    kinds = options.kinds or (QUICK["kinds"] if small else KINDS)
    damages = options.damages or (QUICK["damages"] if small else ("none", *DAMAGES))
    more = (
        {name: QUICK[name] for name in ("triangles", "budget", "texture")}
        if small
        else {"triangles": options.triangles, "texture": options.texture}
    )
    return [
        Case(kind, damage, strength, **more)
        for kind in kinds
        for damage in damages
        if damage != "shells" or KINDS[kind].thickness  # of an open sheet nobody can tell what is inside
        for strength in (options.strengths if damage != "none" else (1,))
    ]


def random_cases(count: int, first: int = 0) -> list[Case]:
    """Meshes and damages at random."""
    return [random_case(seed) for seed in range(first, first + count)]


def measured(cases: list[Case], options: argparse.Namespace) -> list[dict[str, Any]]:
    """The results of all *cases*, one after the other; those that are known already are not done again."""
    known = {}
    if options.results and options.results.is_file():
        for line in options.results.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            known[json.dumps(entry["case"], sort_keys=True)] = entry
    results = []
    for number, case in enumerate(cases):
        key = json.dumps(asdict(case), sort_keys=True)
        result = known.get(key)
        if result is None:
            result = alone(case, RANDOM_DEADLINE_S if options.random else DEADLINE_S, options.keep)
            if options.results:
                options.results.parent.mkdir(parents=True, exist_ok=True)
                with options.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(result) + "\n")
        results.append(result)
        misses = "; ".join(missed(result, KINDS[case.kind])) or "reached" if "figures" in result else ""
        print(f"{number + 1}/{len(cases)} {line_of(result)} {misses}", flush=True)
    return results


def line_of(result: dict[str, Any]) -> str:
    """A case and its main figures in one line."""
    case = result["case"]
    name = f"{case['kind']} {case['damage']} {case['strength']}"
    if "figures" not in result:
        return f"{name}: {result['error'].splitlines()[-1][-200:]}"
    figures = result["figures"]
    color = "-" if figures["color"] is None else f"{figures['color']:.1f}"
    return (
        f"{name}: {result['report']['way']} {result['seconds']:.1f} s {result['peak_bytes'] / 1e9:.2f} GB"
        f" {figures['triangles']} tris, mean {100 * figures['mean']:.3f} p99 {100 * figures['p99']:.2f}"
        f" angle {figures['angle']:.1f} color {color} |"
    )


def take_pictures(options: argparse.Namespace) -> int:
    """Before and after of some kinds, damaged lightly in all ways."""
    failed = 0
    for kind in options.kinds or PICTURED:
        case = Case(kind, "mixed", 1, triangles=PICTURED_TRIANGLES, texture=options.texture)
        result = alone(case, DEADLINE_S, options.keep, ROOT / "docs" / "images" / f"remesh-{kind}.jpg")
        print(line_of(result), flush=True)
        failed += "error" in result
    return int(failed > 0)


def alone(case: Case, deadline_s: float, keep: Path | None = None, picture: Path | None = None) -> dict[str, Any]:
    """One case in a process of its own. A crash, a deadline passed, too much memory: ``"error"`` says so."""
    with tempfile.TemporaryDirectory(prefix="csm_remesh_", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if keep is not None:
            folder = keep / f"{case.name}-{case.triangles}-{case.seed}"
            folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(CHILD), json.dumps(asdict(case)), str(folder), str(MEMORY_BYTES)]
        command += [str(picture)] if picture else []
        log = folder / "log.txt"
        started = time.monotonic()
        with log.open("wb") as output:
            try:
                status = subprocess.run(
                    command, stdout=output, stderr=output, timeout=deadline_s, check=False
                ).returncode
            except subprocess.TimeoutExpired:
                return {"case": asdict(case), "error": f"not done after {deadline_s:.0f} s", "status": "deadline"}
        answer = folder / "result.json"
        if status == 0 and answer.is_file():
            result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
            return result | {"all_seconds": time.monotonic() - started}
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return {"case": asdict(case), "error": "\n".join(said[-12:]) or f"ended with {status}", "status": status}


if __name__ == "__main__":
    sys.exit(main())
