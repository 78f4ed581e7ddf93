# SPDX-License-Identifier: GPL-3.0-or-later
"""On the path of a child process: every look for another machine ends it at once, with a status that tests know."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

STATUS = 97


def _refuse(*arguments: Any, **_options: Any) -> Any:
    sys.stderr.write(f"the network was used: {arguments}\n")
    sys.stderr.flush()
    os._exit(STATUS)


socket.getaddrinfo = _refuse
socket.socket.connect = _refuse  # type: ignore[method-assign]  # to replace it is what this module is for
socket.socket.connect_ex = _refuse  # type: ignore[method-assign]  # as above
