# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/remesh.md of what scripts/remesh_quality.py has measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rough.damage import DAMAGES
from rough.goals import missed
from rough.known.kinds import KINDS

ROOT = Path(__file__).resolve().parent.parent
PAGE, INTRODUCTION = ROOT / "docs" / "remesh.md", ROOT / "docs" / "remesh-introduction.md"
Results = Sequence[dict[str, Any]]


def write(results: Results, version: str) -> None:
    """Write the page."""
    all_cases = sum(2 * len(DAMAGES) + 1 - 2 * (not kind.thickness) for kind in KINDS.values())
    note = [] if len(results) >= all_cases else [f"NOT COMPLETE: {len(results)} of {all_cases} cases were measured."]
    introduction = INTRODUCTION.read_text(encoding="utf-8").rstrip()
    parts = [introduction, pictures(), *note, by_kind(results, version), cells(results), missing(results)]
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{PAGE} is written.")


def by_kind(results: Results, version: str) -> str:
    """One line for each kind of mesh: whole, and the worst of its damages."""
    count = max((result["case"]["triangles"] for result in results), default=0)
    about = (
        f"Measured in Blender {version}, meshes of {count:,} triangles before damage. Of the damaged ones, the worst"
        " figure of each column is shown: of all light ones / of all heavy ones. Reached: in how many cases every goal"
        " was."
    )
    lines = [
        f"## By kind of mesh\n\n{about}\n",
        "| mesh | whole: mean, 99th % | damaged: mean % | 99th % | color | normals ° | seconds | reached |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, kind in KINDS.items():
        mine = [result for result in results if result["case"]["kind"] == name]
        if not mine:
            continue
        whole = next((r["figures"] for r in mine if r["case"]["damage"] == "none" and "figures" in r), None)
        first = f"{_percent(whole['mean'], 3)}, {_percent(whole['p99'], 3)}" if whole else "-"
        reached = sum(not missed(result, kind) for result in mine)
        columns = [_worst(mine, "mean", 3), _worst(mine, "p99", 2), _worst(mine, "color"), _worst(mine, "angle")]
        seconds = max(result.get("seconds", 0.0) for result in mine)
        lines.append(
            f"| {name}: {kind.family} | {first} | {' | '.join(columns)} | {seconds:.0f} | {reached} of {len(mine)} |"
        )
    return "\n".join(lines)


def _percent(value: float, digits: int) -> str:
    return f"{100.0 * value:.{digits}f}"


def _worst(mine: Results, figure: str, percent_digits: int = 0) -> str:
    shown = []
    for strength in (1, 2):
        values = [
            r["figures"][figure]
            for r in mine
            if "figures" in r and r["case"]["damage"] != "none" and r["case"]["strength"] == strength
            and r["figures"][figure] is not None
        ]  # fmt: skip
        worst = max(values, default=None)
        if worst is None:
            shown.append("-")
        else:
            shown.append(_percent(worst, percent_digits) if percent_digits else f"{worst:.1f}")
    return " / ".join(shown)


def cells(results: Results) -> str:
    """Kind by damage: the way taken and whether all goals were reached."""
    about = (
        "Each cell: light, heavy. `kept`, `mended` or `rebuilt` where every goal was reached; with `*` where one was"
        " missed, listed below."
    )
    lines = [
        f"## By damage\n\n{about}\n",
        "| mesh | whole | " + " | ".join(DAMAGES) + " |",
        "|---" * (len(DAMAGES) + 2) + "|",
    ]
    for name, kind in KINDS.items():
        mine = {(r["case"]["damage"], r["case"]["strength"]): r for r in results if r["case"]["kind"] == name}
        if not mine:
            continue
        row = [_cell(mine.get(("none", 1)), kind)]
        row += [f"{_cell(mine.get((one, 1)), kind)}, {_cell(mine.get((one, 2)), kind)}" for one in DAMAGES]
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def _cell(result: dict[str, Any] | None, kind: Any) -> str:
    if result is None:
        return "-"
    if "report" not in result:
        return "failed*"
    return result["report"]["way"].lower() + ("*" if missed(result, kind) else "")


def missing(results: Results) -> str:
    """What was not reached, case by case."""
    lines = ["## What was not reached\n", "| mesh | damage | way | missed |", "|---|---|---|---|"]
    for result in results:
        case, kind = result["case"], KINDS[result["case"]["kind"]]
        if misses := missed(result, kind):
            way = result["report"]["way"].lower() if "report" in result else "-"
            damage = case["damage"] if case["damage"] == "none" else f"{case['damage']} {case['strength']}"
            said = "; ".join(misses).replace("\n", " ").replace("|", "/")[:200]
            lines.append(f"| {case['kind']} | {damage} | {way} | {said} |")
    if not lines[3:]:
        return "## What was not reached\n\nNothing: every goal was reached in every case."
    return "\n".join(lines)


def pictures() -> str:
    """Those that are there."""
    names = [path.stem.removeprefix("remesh-") for path in sorted((ROOT / "docs" / "images").glob("remesh-*.jpg"))]
    shown = [f"![{KINDS[name].family}](images/remesh-{name}.jpg)" for name in names if name in KINDS]
    text = (
        "From left to right: what came, damaged lightly in all ways at once; what was made of it, 20,000 triangles; the"
        " wires of both. The same camera."
    )
    return "\n\n".join(["## Pictures", text, *shown])
