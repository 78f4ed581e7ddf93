# SPDX-License-Identifier: GPL-3.0-or-later
"""Log files that users can send to support: one a day in the job folder, the oldest deleted, without secrets."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from .file_system import remove_file
from .redaction import redacted

DAYS_KEPT = 7
PACKAGE_LOGGER = __name__.removesuffix(".core.logs")


class _RedactingFormatter(logging.Formatter):
    """Removes the key, signed URLs and e-mail addresses from every line, tracebacks included."""

    def __init__(self, key: str) -> None:
        super().__init__("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
        self._key = key

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record), self._key)


def log_to_file(home: Path, key: str = "") -> Path | None:
    """Append this package's log to today's file in *home*; ``None`` where that cannot be written.

    Safe for several processes: each line is one append. A later call takes the place of an earlier one, so that each
    line is written once, and without the *key* that is known by then.
    """
    folder = home / "logs"
    path = folder / f"csm-{time.strftime('%Y-%m-%d')}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("csm-*.log"))[:-DAYS_KEPT]:
            remove_file(old)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(_RedactingFormatter(key))
    logger = logging.getLogger(PACKAGE_LOGGER)
    before = [each for each in logger.handlers if isinstance(each.formatter, _RedactingFormatter)]
    logger.addHandler(handler)
    for each in before:
        logger.removeHandler(each)
        each.close()
    logger.setLevel(logging.INFO)
    return path
