# SPDX-License-Identifier: GPL-3.0-or-later
"""The table as Markdown, and the document around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from measuring import Row

_REMARKS = Path(__file__).with_name("remarks.md")
_HEAD = (
    "Made by `python3 benchmarks/run.py`; do not edit. Ratios are between things measured in the same run, in turns."
    " Figures are medians, with the smallest and largest and the number of samples."
)
_COLUMNS = ("what", "measured", "against", "ratio", "goal", "reached")


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, with their notes below."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    notes: list[str] = []
    for row in rows:
        mark = ""
        if row.note:
            notes.append(row.note)
            mark = f" [{len(notes)}]"
        verdict = {True: "yes", False: "**no**", None: "-"}[row.reached]
        cells = (row.what + mark, row.measured, row.against, row.ratio, row.goal, verdict)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1))]
    return "\n".join(lines)


def document(head: Sequence[str], rows: Sequence[Row]) -> str:
    """The whole of docs/benchmarks.md; what a person found out while profiling is kept in ``remarks.md``."""
    missed = [f"- {row.what}: {row.ratio or row.measured}, goal {row.goal}" for row in rows if row.reached is False]
    parts = [
        "# Benchmarks",
        _HEAD,
        "\n".join(f"- {line}" for line in head),
        table(rows),
        "## Missed goals\n\n" + ("\n".join(missed) if missed else "None."),
        _REMARKS.read_text(encoding="utf-8").strip() if _REMARKS.exists() else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
