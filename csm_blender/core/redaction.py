# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep secrets out of what is shown, logged or stored.

Mesh URLs carry a signature in the query and the account's e-mail address in the path, so a URL in a message
is cut down to its origin and the name of the file, and only hashes of URLs are kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from urllib.parse import quote, urlsplit

SHORTEST_KEY = 4
"""A shorter "key" would blank out ordinary words."""

_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_PATH = re.compile(r"(?<=with url: )/[^\s\"'<>\\]*")
"""The part of a URL after the origin, as urllib3 writes it in errors."""
# Starts only where a run of such letters starts: otherwise a long run without an @ would take quadratic time.
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def redacted(text: str, key: str = "") -> str:
    """*text* without the *key*, without the inner path and query of URLs, without e-mail addresses."""
    if len(key) >= SHORTEST_KEY:
        # As it is, and as JSON, Python and URLs write odd characters; the longest form first.
        as_json, as_text = json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]
        for form in sorted({key, as_json, as_text, repr(key)[1:-1], quote(key, safe="")}, key=len, reverse=True):
            text = text.replace(form, "[key]")
    return _EMAIL.sub("[e-mail]", _PATH.sub("/…", _URL.sub(lambda match: _bare(match[0]), text)))


def sanitize(text: str, key: str = "", limit: int = 300) -> str:
    """A foreign *text* for one line of a message: redacted, control characters folded to spaces, cut to *limit*.

    Redacted before it is cut: half a key is a secret too.
    """
    line = _CONTROL.sub(" ", redacted(text, key)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def hashed(text: str, digits: int) -> str:
    """The first *digits* hexadecimal digits of the SHA-256 of *text*."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def _bare(url: str) -> str:
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "[url]"
    segments = parts.path.rsplit("/", 1)
    inner = "/…" if segments[0] else ""
    return f"{origin}{inner}/{segments[-1]}".rstrip("/") + ("?…" if parts.query else "")
