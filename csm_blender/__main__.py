# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m csm_blender``: the command line in a Python that has bpy."""

import sys

from .cli.main import main
from .cli.surroundings import OwnProgram

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "python -m csm_blender", OwnProgram()))
