# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of ``python scripts/csm_server``: sets the path and hands over to the command line."""

import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    # Started as a directory, Python puts that directory first on the path, where our modules would shadow others.
    sys.path[:] = [
        str(here.parent),
        str(here.parent.parent),
        *(entry for entry in sys.path if Path(entry or ".").resolve() != here),
    ]
    from csm_server.cli import main

    sys.exit(main())
