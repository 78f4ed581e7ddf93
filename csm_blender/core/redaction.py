# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep secrets out of what is shown, logged or stored.

Mesh URLs carry a signature in the query and the account's e-mail address in the path (reference/csm-api.md §9), so a
URL in a message is cut down to its origin and the name of the file.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_EMAIL = re.compile(r"[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def redacted(text: str, key: str = "") -> str:
    """*text* without the *key*, without the inner path and query of URLs, without e-mail addresses."""
    if len(key) >= 4:  # noqa: PLR2004 - a shorter "key" would blank out ordinary words
        text = text.replace(key, "[key]")
    return _EMAIL.sub("[e-mail]", _URL.sub(lambda match: _bare(match[0]), text))


def presentable(text: str, key: str = "", limit: int = 300) -> str:
    """A foreign *text* for one line of a message: redacted, control characters folded to spaces, cut to *limit*."""
    line = _CONTROL.sub(" ", redacted(text[: limit * 4], key)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _bare(url: str) -> str:
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "[url]"
    segments = parts.path.rsplit("/", 1)
    inner = "/…" if segments[0] else ""
    return f"{origin}{inner}/{segments[-1]}".rstrip("/") + ("?…" if parts.query else "")
