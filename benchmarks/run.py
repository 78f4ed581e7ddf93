# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the add-on costs, against what one would do without it: ``python3 benchmarks/run.py``.

Prints a table and writes it to docs/benchmarks.md. ``--quick`` is for CI: small meshes, one sample each, no file, no
verdict on times; it only proves that the benchmarks run. ``--only NAME …`` runs some of them (and writes no file).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
NAMES = (
    "requests_per_job",
    "ui_memory",
    "pump_tick",
    "drawing",
    "place_code",
    "idle",
    "batch",
    "download",
    "cli_start",
    "conversion",
    "remesh",
    "farm",
    "farm_dask",
    "window_gap",
)
"""One module of ``rows`` for each row of the table; what the machine's other work disturbs most comes last."""


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for. The exit status says whether every benchmark could be run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and once: does it run?")
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--output", type=Path, help="where to write the table (default: docs/benchmarks.md)")
    options = parser.parse_args(argv)
    output = options.output or (None if options.quick or options.only else ROOT / "docs" / "benchmarks.md")
    return _measure(options.only or NAMES, output, quick=options.quick)


def _measure(names: list[str], output: Path | None, *, quick: bool) -> int:
    import machine  # noqa: PLC0415 - siblings are found once the right Python runs
    import writing  # noqa: PLC0415 - as above
    from measuring import Bench, Row  # noqa: PLC0415 - as above
    from workshop import Missing  # noqa: PLC0415 - as above

    head = machine.description()
    rows: list[Row] = []
    broken = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="csm_benchmarks_", ignore_cleanup_errors=True) as folder:
        for name in names:
            started = time.monotonic()
            bench = Bench(ROOT, Path(folder) / name, quick=quick)
            bench.folder.mkdir()
            try:
                found = import_module(f"rows.{name}").measure(bench)
            except Missing as missing:
                found = [Row(name, "not measured", "", "", "", None, f"Needs {missing}.")]
            except Exception as error:  # noqa: BLE001 - the others are to be measured all the same
                traceback.print_exc()
                broken += 1
                found = [Row(name, "broke", "", "", "", None, f"{type(error).__name__}: see the log.")]
            rows += found
            if output is not None:  # what is known so far, in case the rest takes too long
                output.write_text(
                    writing.document([*head, f"NOT COMPLETE: ended after {name}"], rows), encoding="utf-8"
                )
            for row in found:
                print(f"{row.what}: {row.measured} | {row.ratio} | {row.goal} | {row.reached} {row.note}", flush=True)
            print(f"--- {name}: {time.monotonic() - started:.0f} s, load {machine.load():.1f}", flush=True)
    head.append(
        f"load average (1 minute) at the end: {machine.load():.1f}; the run took {time.monotonic() - begun:.0f} s"
    )
    print(writing.table(rows))
    if output is not None:
        output.write_text(writing.document(head, rows), encoding="utf-8")
    return int(broken > 0)


def _in_test_environment() -> int:
    """Run this script again in the Python that has numpy and requests."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import environment  # noqa: PLC0415 - found just now

    python = environment.python_of("test")
    variables = {**os.environ, "CSM_BENCHMARKS": "1"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed add-on is not compiled anew each time, either
    return subprocess.run([python, __file__, *sys.argv[1:]], env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main() if os.environ.get("CSM_BENCHMARKS") else _in_test_environment())
