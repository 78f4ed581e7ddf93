# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the local engine makes of rough meshes whose truth is known; write docs/remesh.md.

python scripts/remesh_quality.py [--version 5.2] [--quick] [--kinds NAME …] [--damages NAME …] [--strengths 1 2]
python scripts/remesh_quality.py --random 500
python scripts/remesh_quality.py --pictures

Each mesh is done in a process of its own, with a deadline and a limit to its memory. ``--quick`` is for CI: small
meshes, few of them, no file. ``--results FILE`` keeps the figures as lines of JSON and goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
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

RESULTS = ROOT / ".cache" / "remesh_quality.jsonl"
DEADLINE_S, RANDOM_DEADLINE_S = 300.0, 120.0
MEMORY_BYTES = 6 << 30
QUICK = {"kinds": ("creature", "bracket", "chair"), "damages": ("none", "mixed"), "triangles": 6_000, "budget": 3_000,
         "texture": 512}  # fmt: skip


def main() -> int:
    """Do what is asked for. The exit status says whether every case could be run."""
    if sys.argv[1:2] == ["--child"]:
        return child(json.loads(sys.argv[2]), Path(sys.argv[3]))
    options = _options()
    python = str(environment.python_of(f"bpy-{options.version}"))
    if os.environ.get("CSM_REMESH_QUALITY") != "1":  # the kinds need numpy and bpy
        variables = {**os.environ, "CSM_REMESH_QUALITY": "1"}
        return subprocess.run([python, __file__, *sys.argv[1:]], env=variables, check=False).returncode
    cases = random_cases(options.random) if options.random else listed_cases(options)
    results = measured(cases, options)
    broken = [result for result in results if "error" in result]
    for result in broken:
        print(f"BROKEN {result['case']}: {result['error']}")
    if not (options.quick or options.random or options.kinds or options.damages):
        import remesh_page  # noqa: PLC0415 - a sibling, only for the page

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
    parser.add_argument("--random", type=int, default=0, metavar="N")
    parser.add_argument("--first", type=int, default=0, help="the number of the first random case")
    parser.add_argument("--results", type=Path, default=None)
    parser.add_argument("--keep", type=Path, default=None, help="a folder for what goes in and comes out")
    return parser.parse_args()


def listed_cases(options: argparse.Namespace) -> list[Any]:
    """Each kind, whole and with each damage at each strength."""
    from rough.case import Case
    from rough.damage import DAMAGES
    from rough.kinds import KINDS

    small = options.quick
    kinds = options.kinds or (QUICK["kinds"] if small else KINDS)
    damages = options.damages or (QUICK["damages"] if small else ("none", *DAMAGES))
    more = (
        {name: QUICK[name] for name in ("triangles", "budget", "texture")}
        if small
        else {"triangles": options.triangles}
    )
    return [
        Case(kind, damage, strength, **more)
        for kind in kinds
        for damage in damages
        for strength in (options.strengths if damage != "none" else (1,))
    ]


def random_cases(count: int, first: int = 0) -> list[Any]:
    """Meshes and damages at random."""
    from rough.case import random_case

    return [random_case(seed) for seed in range(first, first + count)]


def measured(cases: list[Any], options: argparse.Namespace) -> list[dict[str, Any]]:
    """The results of all *cases*, one after the other; those that are known already are not done again."""
    from rough.goals import missed
    from rough.kinds import KINDS

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
        misses = missed(result, KINDS[case.kind])
        print(f"{number + 1}/{len(cases)} {line_of(result)} {'; '.join(misses) or 'reached'}", flush=True)
    return results


def line_of(result: dict[str, Any]) -> str:
    """A case and its main figures in one line."""
    case = result["case"]
    name = f"{case['kind']} {case['damage']} {case['strength']}"
    if "figures" not in result:
        return f"{name}: {result['error'][-300:]}"
    figures = result["figures"]
    color = "-" if figures["color"] is None else f"{figures['color']:.1f}"
    return (
        f"{name}: {result['report']['way']} {result['seconds']:.1f} s {result['peak_bytes'] / 1e9:.2f} GB"
        f" {figures['triangles']} tris, mean {100 * figures['mean']:.3f} p99 {100 * figures['p99']:.2f}"
        f" angle {figures['angle']:.1f} color {color} |"
    )


def alone(case: Any, deadline_s: float, keep: Path | None = None) -> dict[str, Any]:
    """One case in a process of its own. A crash, a deadline passed, too much memory: ``"error"`` says so."""
    with tempfile.TemporaryDirectory(prefix="csm_remesh_", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if keep is not None:
            folder = keep / f"{case.name}-{case.triangles}-{case.seed}"
            folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, "--child", json.dumps(asdict(case)), str(folder)]
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


def child(fields: dict[str, Any], folder: Path) -> int:
    """One case, here. What goes wrong ends this process with its traceback."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    from rough.case import Case, run

    from csm_blender.core.errors import CsmError

    try:
        result = run(Case(**fields), folder)
    except CsmError as refused:
        result = {"case": fields, "refused": str(refused), "error": f"refused: {refused}"}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
