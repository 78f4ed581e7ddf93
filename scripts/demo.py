# SPDX-License-Identifier: GPL-3.0-or-later
"""See what CSM Refine does, on this machine alone: a block-out scene in, refined meshes in their places out.

Needs nothing but Python 3.11 or 3.13; sets up the rest in .venvs. The service is the local one of this project, which
does mesh processing in Blender: neither CSM's cloud nor its generative model is involved.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))  # this folder is no package; its modules are siblings

import environment
from csm_server.launch import LocalService


def main() -> int:
    """Set up, refine, render, tell. Gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "demo", metavar="DIR", help="default: demo")
    parser.add_argument("--no-render", action="store_true", help="leave out the two pictures")
    parser.add_argument("--width", type=int, default=960, help="width of the pictures in pixels (default: 960)")
    options = parser.parse_args()
    folder = options.output.absolute()
    shutil.rmtree(folder / "jobs", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    blender = blender_python()
    service_python = environment.python_of("service")
    started = time.monotonic()

    run(blender, SCRIPTS / "demo_scene.py", folder / "blockout.blend", folder / "jobs.csv")
    print("Block-out scene made. Refining it with one call of the command line:", flush=True)
    with LocalService(
        python=service_python, blender=blender, options=["--refine-seconds", "0", "--texture", "1024"]
    ) as service:
        report, status = refine(blender, folder, service)
    (folder / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    if not options.no_render:
        for scene, picture in (("blockout", "before"), ("refined", "after")):
            print(f"Rendering {picture}.png …", flush=True)
            run(
                blender, SCRIPTS / "demo_render.py", folder / f"{scene}.blend", folder / f"{picture}.png", options.width
            )
    print_table(report)
    look_at = "refined.blend" if options.no_render else "before.png, after.png and refined.blend"
    print(f"\n{time.monotonic() - started:.0f} s without set-up. Look at {look_at} in {folder}.")
    return status


def blender_python() -> Path:
    """Blender as a module: the newest whose Python this machine has."""
    problems = []
    for version in reversed(environment.BLENDERS):
        try:
            return environment.python_of(f"bpy-{version}")
        except environment.MissingPython as missing:
            problems.append(str(missing))
    sys.exit("\n".join(problems))


def refine(blender: Path, folder: Path, service: LocalService) -> tuple[dict, int]:
    """The one call this demo is about. Its report and its exit status."""
    scene, jobs, output = (folder / name for name in ("blockout.blend", "jobs.csv", "refined.blend"))
    arguments = ["--blend", scene, "--jobs", jobs, "--output", output]
    surroundings = {
        **os.environ,
        "CSM_API_KEY": service.key,
        "CSM_BASE_URL": service.url,
        "CSM_HOME": str(folder / "jobs"),
    }
    call = [blender, "-m", "csm_blender", "refine", *arguments, "--json"]
    done = subprocess.run(list(map(str, call)), cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        sys.exit("The refine gave no report; see above.")
    return json.loads(done.stdout), done.returncode


def run(python: Path, script: Path, *arguments: object) -> None:
    """Run a script quietly; what it printed is shown if it fails."""
    call = [str(python), str(script), *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{script.name} failed:\n{done.stdout}\n{done.stderr}")


def print_table(report: dict) -> None:
    """Sizes, pivots, fit errors and seconds of all objects."""
    header = ["object", "size w x h x d in m", "pivot x, y, z", "fit error", "triangles", "seconds"]
    rows = [header, *map(table_row, report["jobs"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("\nfit error: how far a corner of the result is from the block-out's, as a share of the box's diagonal")
    for job in report["jobs"]:
        if job["error"]:
            print(f"{job['object']}: {job['error']['message']} {job['error']['hint']}")


def table_row(job: dict) -> list[str]:
    """One line of the table."""
    size = " x ".join(f"{value:.3f}" for value in job["scaled_bbox"] or [])
    pivot = ", ".join(f"{value:+.2f}" for value in job["pivot_point"] or [])
    if job["status"] != "PLACED":
        return [job["object"], size, pivot, job["status"], "-", f"{job['seconds']:.1f}"]
    error, triangles = f"{job['fit']['placed_error']:.1e}", f"{job['result']['triangles']:,}"
    return [job["object"], size, pivot, error, triangles, f"{job['seconds']:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
