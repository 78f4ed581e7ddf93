# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed spoiled files to the GLB check, and what passes it to the converter.

    python scripts/fuzz_glb.py check --inputs 200000 --seed 1      plain mutation, no requirement
    python scripts/fuzz_glb.py atheris --inputs 200000 --seed 1    coverage-guided, needs: pip install atheris
    python scripts/fuzz_glb.py convert --inputs 2000 --seed 1      mutated files that pass the check, through the
                                                                   converter, and once more through the local engine

A file may be refused (``BadMesh``) or pass. Any other exception, a check that takes more than a second of the processor
or memory beyond a gigabyte is a finding: it ends the run with status 1 and the file is kept. The converter may refuse a
file. A mistake of our own in it, a Blender that dies, more than two minutes, or anything left over is a finding.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from fuzzing.checking import fuzz_check, fuzz_with_atheris
from fuzzing.converting import fuzz_convert


def main() -> int:
    """Run one of the three and print its figures. Gives the exit status: 1 where there was a finding."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["check", "atheris", "convert"])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    if options.what == "atheris":
        fuzz_with_atheris(options.inputs, options.seed)
        return 0
    figures = (fuzz_check if options.what == "check" else fuzz_convert)(options.inputs, options.seed)
    print(json.dumps({**figures, "seconds": round(time.monotonic() - began, 1)}, indent=2))
    return int(bool(figures.get("findings")))


if __name__ == "__main__":
    sys.exit(main())
