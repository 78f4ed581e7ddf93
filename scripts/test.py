# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all tests: ``python3 scripts/test.py``. Sets up what they need in .venvs first.

Steps: lint (ruff, mypy, actionlint), core (all tests without Blender), blender-4.2, blender-4.5, blender-5.2 (Blender
as a module), farm (Dask and OpenJD), package (zip, release, update), gui (real windows). Name some to run only those:
``python3 scripts/test.py core gui``.

Farm runs beside package, where both are asked for.

Outside CI a step that lacks something (Python 3.13, a Blender with a window) is skipped and says how to get it; where
the environment variable CI is set, it fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import environment

IN_CI = bool(os.environ.get("CI"))
CORES = os.cpu_count() or 1
COMPILED = ("csm_blender", "scripts/csm_server", "tests/support")
"""What processes that tests start are made of."""
BESIDE = {"farm": "package"}
"""Steps that run beside a later one, as both mostly wait for one process after another."""


def workers(for_each_core: float, *how: str) -> list[str]:
    """pytest-xdist's options. More workers than cores, as tests wait for processes and clocks."""
    return ["-n", str(round(for_each_core * CORES)), "--dist", *(how or ("worksteal",))]


def lint() -> bool:
    """Style, types, and the workflow files of the forge."""
    tools = environment.python_of("lint").parent
    checks = [
        [tools / "mypy", "--platform", platform, "--cache-dir", ROOT / ".mypy_cache" / platform]
        for platform in ("linux", "win32", "darwin")
    ]
    checks += [[tools / "ruff", "check", "."], [tools / "ruff", "format", "--check", "."]]
    checks += [[environment.python_of("workflows").parent / "actionlint"]]
    with ThreadPoolExecutor(CORES) as beside:
        return all(list(beside.map(lambda check: run(*check), checks)))  # all, to see all complaints at once


def core() -> bool:
    """Everything that needs no Blender: units, the local service, reliability."""
    return pytest("test", "tests/unit", "tests/server", "tests/reliability", *workers(2))


def blender(version: str) -> Callable[[], bool]:
    """The step that runs the tests with Blender *version* as a module."""

    def step() -> bool:
        return pytest(f"bpy-{version}", "tests/integration", *workers(2.5))

    step.__doc__ = f"The whole job with Blender {version} as a module."
    return step


def farm() -> bool:
    """Many machines: a real Dask cluster, OpenJD, the commands of docs/farm.md."""
    return pytest("farm", "tests/farm")


def package() -> bool:
    """The zip and the release: made twice, validated, installed, updated, refined with."""
    return pytest("test", "tests/package", *workers(1, "loadfile"))


def gui() -> bool:
    """Real windows under Xvfb, one for each core, as they draw in software; see tests/gui/README.md."""
    return pytest("test", "tests/gui", *workers(1))


STEPS: dict[str, Callable[[], bool]] = {
    "lint": lint,
    "core": core,
    **{f"blender-{version}": blender(version) for version in environment.BLENDERS},
    "farm": farm,
    "package": package,
    "gui": gui,
}


def pytest(name: str, *arguments: str) -> bool:
    """Run pytest in environment *name*."""
    python = environment.python_of(name)
    around = {"CSM_SERVICE_PYTHON": str(environment.python_of("test")), "PYTHONDONTWRITEBYTECODE": ""}
    # Once here, or each of some thousand processes compiles for itself what it imports, where that variable is set.
    run(python, "-m", "compileall", "-q", *COMPILED)
    return run(python, "-m", "pytest", "-q", "--durations=5", *arguments, **around)


def run(*command: object, **variables: str) -> bool:
    """Run a command in the project's folder; whether it went well."""
    call = [str(word) for word in command]
    return subprocess.run(call, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode == 0


def run_step(name: str) -> str:
    """Run one step here, and how it ended."""
    print(f"\n=== {name}: {STEPS[name].__doc__}", flush=True)
    started = time.monotonic()
    try:
        verdict = "passed" if STEPS[name]() else "FAILED"
    except environment.MissingPython as missing:
        print(missing)
        verdict = "FAILED (missing Python)" if IN_CI else "skipped"
    return f"{verdict} in {time.monotonic() - started:.0f} s"


def run_beside(name: str, output: IO[str]) -> subprocess.Popen[bytes]:
    """Start one step in a process of its own, which writes to *output*."""
    return subprocess.Popen([sys.executable, __file__, name], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)


def outcome_of(process: subprocess.Popen[bytes], output: IO[str]) -> str:
    """How the step of :func:`run_beside` ended, after showing what it wrote. Its last line says it."""
    status = process.wait()
    output.seek(0)
    text = output.read().rstrip()
    print(text, flush=True)
    outcome = text.rpartition("\n")[2].partition(" ")[2].strip()
    told = outcome.startswith("FAILED") or (status == 0 and outcome.startswith(("passed", "skipped")))
    return outcome if told else f"FAILED (exit status {status})"


def main(names: list[str]) -> int:
    """Run the steps and tell how each ended. Gives the exit status."""
    if unknown := [name for name in names if name not in STEPS]:
        sys.exit(f"There is no step {unknown[0]!r}. Steps: {', '.join(STEPS)}")
    chosen = names or list(STEPS)
    beside = {later: name for name, later in BESIDE.items() if {name, later} <= set(chosen)}
    outcomes: dict[str, str] = {}
    for name in chosen:
        if name in beside.values():
            continue
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            other = run_beside(beside[name], said) if name in beside else None
            outcomes[name] = run_step(name)
            if other:
                outcomes[beside[name]] = outcome_of(other, said)
    print("\n" + "\n".join(f"{name:12} {outcome}" for name, outcome in outcomes.items()), flush=True)
    return int(any("FAILED" in outcome for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
