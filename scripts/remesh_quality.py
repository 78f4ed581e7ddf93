# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the local engine makes of rough meshes whose truth is known; write docs/remesh.md.

python scripts/remesh_quality.py [--version 5.2] [--quick] [--kinds NAME …] [--damages NAME …] [--strengths 1 2]
python scripts/remesh_quality.py --random 500
python scripts/remesh_quality.py --pictures

Each mesh is done in a process of its own, with a deadline and a limit to its memory. ``--quick`` is for CI: small
meshes, few of them, no file. ``--results FILE`` keeps the figures as lines of JSON and goes on from there, ``--page``
only writes the page of such a file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import environment

RUNS = Path(__file__).resolve().parent / "remesh_runs.py"


def main() -> int:
    """Go on in a Python that has numpy and that Blender."""
    words = sys.argv[1:]
    version = words[words.index("--version") + 1] if "--version" in words[:-1] else "5.2"
    if version not in environment.BLENDERS:
        sys.exit(f"There is no Blender {version} here, only {', '.join(environment.BLENDERS)}.")
    command = [str(environment.python_of(f"bpy-{version}")), str(RUNS), *words]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
