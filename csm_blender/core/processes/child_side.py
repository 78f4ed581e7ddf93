# SPDX-License-Identifier: GPL-3.0-or-later
"""The child's side of :mod:`.child_process`: hear the parent, end with it, report progress, answer."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import sys
import threading
from collections.abc import Mapping
from typing import Any

from ..messages import to_json

PARENT_GONE_STATUS = 3


class Parent:
    """The parent of this process. Make one at the start, before anything is printed.

    When the pipe closes, a child that has nothing to clean up ends at once, with status 3. One that does has to look at
    :meth:`is_gone` (*exit_with_parent* is false).

    ``folder`` is one to remove in that case, until an answer is sent: a parent that was killed cannot do it.
    """

    def __init__(self, *, exit_with_parent: bool = True) -> None:
        sys.stdout.flush()
        self._messages = os.fdopen(os.dup(1), "wb")
        self._messages.write(b"\n")  # Blender may have printed half a line there before
        self._messages.flush()
        os.dup2(2, 1)  # what is printed from now on is no message
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._gone = threading.Event()
        self._exit_with_parent = exit_with_parent
        self.folder: str | None = None
        # A thread is safe in Blender, too: it touches nothing of Blender's.
        threading.Thread(target=self._listen, daemon=True).start()

    def next_line(self) -> bytes:
        """The next line the parent sends, waited for; empty if the pipe is closed."""
        return self._lines.get()

    def is_gone(self) -> bool:
        """Whether the parent has ended, or has cancelled."""
        return self._gone.is_set()

    def report_progress(self, share: float, text: str) -> None:
        """Tell how far the request is (*share* from 0 to 1) and what is being done."""
        with contextlib.suppress(OSError):  # a full disk: the answer will say so
            self._send({"progress": share, "text": text})

    def send_answer(self, answer: Mapping[str, Any]) -> None:
        """Answer the request. Raises ``OSError``."""
        self.folder = None
        self._send({"answer": answer})

    def _send(self, message: Mapping[str, Any]) -> None:
        self._messages.write(to_json(message).encode() + b"\n")
        self._messages.flush()

    def _listen(self) -> None:
        heard = b""
        try:
            # Not sys.stdin: its lock, held by a daemon thread, makes Python abort when it ends.
            while more := os.read(0, 65536):
                *lines, heard = (heard + more).split(b"\n")
                for line in lines:
                    self._lines.put(line)
        except OSError:  # started by hand, without a standard input
            self._exit_with_parent = False
        if self._exit_with_parent:
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
            os._exit(PARENT_GONE_STATUS)
        self._gone.set()
        self._lines.put(b"")


def log_to(path: str) -> None:
    """Have all that this process prints from now on go to the file *path*."""
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
