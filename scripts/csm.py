# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line for a background Blender that does not have the add-on installed, or for a Python.

blender --background --online-mode scene.blend --python scripts/csm.py -- refine …
python scripts/csm.py work PLAN_DIR
"""

import importlib.util
import os
import sys
import traceback
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent / "csm_blender"


def _load_package() -> None:
    """Load the package beside this script under its plain name, without touching ``sys.path``."""
    spec = importlib.util.spec_from_file_location(
        "csm_blender", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["csm_blender"] = module
    spec.loader.exec_module(module)


def main() -> int:
    """Run what stands after ``--``: in a Blender the words before are its own, in a Python none need be there."""
    is_blender = "bpy" in sys.modules
    _load_package()
    from csm_blender.cli.environment import Surroundings, inside_blender  # noqa: PLC0415 - as above
    from csm_blender.cli.main import main as run  # noqa: PLC0415 - just loaded

    words = ["--help"] if is_blender else sys.argv[1:]
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else words
    return run(arguments, "csm.py", inside_blender() if is_blender else Surroundings())


if __name__ == "__main__":
    is_python = "bpy" not in sys.modules
    try:
        status = main()
    except Exception:  # noqa: BLE001 - a Blender ends with 0 whatever a script raises, and a farm would believe it
        traceback.print_exc()
        status = 1
    if is_python and "bpy" in sys.modules:  # as in csm_blender/__main__.py
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
