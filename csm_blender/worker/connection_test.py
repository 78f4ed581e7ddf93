# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the service for one session, to see whether base URL and key are right; print what came as one line of JSON."""

from __future__ import annotations

import json
import sys

from ..core.api.client import CsmClient
from ..core.errors import CsmError
from .config import WorkerConfig


def main() -> int:
    """Read the orders from standard input, ask, answer."""
    settings = WorkerConfig.from_line(sys.stdin.buffer.readline()).settings
    client = CsmClient(settings)
    try:
        page = client.sessions(1, 1)
        known = f"{page.total} sessions" if page.total is not None else "sessions"
        answer = {"good": True, "message": f"{settings.base_url} accepts the key and lists {known}."}
    except CsmError as error:
        answer = {"good": False, "message": f"{error} {error.hint}".strip()}
    finally:
        client.close()
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
