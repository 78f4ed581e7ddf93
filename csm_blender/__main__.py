# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m csm_blender``: the command line in a Python that has bpy."""

import os
import sys

from .cli.console import open_missing_streams
from .cli.environment import Surroundings
from .cli.main import main

if __name__ == "__main__":
    open_missing_streams()
    status = main(sys.argv[1:], "python -m csm_blender", Surroundings())
    sys.stdout.flush()
    sys.stderr.flush()
    if "bpy" in sys.modules:
        # In the wheels of 4.5, Blender's own way out has been seen to hang for ever in a lock.
        os._exit(status)
    sys.exit(status)
