# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the service for one session, to see whether base URL and key are right; answer what came."""

from __future__ import annotations

import sys
from contextlib import closing

from ..core.api.client import CsmClient
from ..core.errors import CsmError
from ..core.messages import Message
from ..core.processes.child_side import Parent
from .config import WorkerConfig


def main() -> int:
    """Read the configuration from standard input, ask, answer."""
    parent = Parent()
    settings = WorkerConfig.from_line(parent.next_line()).settings
    try:
        with closing(CsmClient(settings)) as client:
            page = client.sessions(1, 1)
        words = "{base_url} accepts the key and lists {count} sessions."
        if page.total is None:
            words = "{base_url} accepts the key and lists sessions."
        answer = {"good": True, "message": Message(words, base_url=settings.base_url, count=page.total)}
    except CsmError as error:
        answer = {"good": False, "message": error.advice}
    parent.send_answer(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
