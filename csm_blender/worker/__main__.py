# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the worker process; started by ``scene.service`` and never by hand."""

from __future__ import annotations

import logging
import os
import sys
import threading

from ..core.errors import CsmError
from ..core.logs import log_to_file
from .config import WorkerConfig
from .scheduler import attend


def main() -> int:
    """Read the orders from standard input and attend until the pipe closes or there is nothing left to do."""
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    orders = WorkerConfig.from_line(line)
    log_to_file(orders.home, orders.settings.key)
    parent_gone = threading.Event()

    def wait_for_end_of_input() -> None:
        # Not sys.stdin: its lock, held by a daemon thread, makes Python abort when it ends.
        while os.read(0, 4096):
            pass
        parent_gone.set()

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    try:
        attend(orders, parent_gone.is_set)
    except CsmError:
        logging.getLogger(__name__).exception("The worker cannot go on")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
