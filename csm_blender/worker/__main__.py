# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the worker process; started by ``scene.background.worker_process`` and never by hand."""

from __future__ import annotations

import logging
import sys

from ..core.errors import CsmError
from ..core.logs import log_to_file
from ..core.processes.child_side import Parent
from .config import WorkerConfig
from .thread_pool import run_worker


def main() -> int:
    """Read the configuration from standard input and work until the pipe closes or there is nothing left to do."""
    parent = Parent(exit_with_parent=False)
    line = parent.next_line()
    if not line:
        return 0
    config = WorkerConfig.from_line(line)
    log_to_file(config.home, config.settings.key)
    try:
        run_worker(config, parent.is_gone)
    except CsmError:
        logging.getLogger(__name__).exception("The worker cannot go on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
