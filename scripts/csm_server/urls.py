# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh URLs: signed and short-lived, needing no API key, as the cloud's storage hands them out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

PREFIX = "/inference-outputs/local"
LIFETIME = 3600.0
"""Seconds for which a URL is good."""


class Signer:
    """Signs and checks URLs of the form ``PREFIX/CODE/FOLDER/FILE?se=…&sp=r&sr=b&sig=…``."""

    def __init__(self, secret: bytes) -> None:
        """``secret`` is the signing key."""
        self._secret = secret
        self._epochs: dict[str, int] = {}
        self._expired: set[str] = set()

    def url(self, origin: str, code: str, folder: str, file: str) -> str:
        """A URL for one file, good for LIFETIME seconds. ``origin`` is scheme, host and port."""
        if code in self._expired:
            self._expired.discard(code)
            self._epochs[code] = self._epochs.get(code, 0) + 1
        path = f"{PREFIX}/{code}/{folder}/{file}"
        end = datetime.fromtimestamp(time.time() + LIFETIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = urlencode(
            {"se": end, "sp": "r", "sv": "2023-11-03", "sr": "b", "sig": self._signature(path, code, end)}
        )
        return f"{origin}{quote(path)}?{query}"

    def allows(self, path: str, code: str, end: str, signature: str) -> bool:
        """Whether ``signature`` is ours for that path and end (``se``), and the end has not come."""
        own = self._signature(path, code, end)
        # As bytes: a signature from outside may hold any character, and compare_digest takes ASCII text only.
        if code in self._expired or not hmac.compare_digest(own.encode(), signature.encode(errors="replace")):
            return False
        return datetime.fromisoformat(end).timestamp() > time.time()

    def expire(self, code: str) -> None:
        """Refuse all URLs of this session that were given out so far."""
        self._expired.add(code)

    def _signature(self, path: str, code: str, end: str) -> str:
        text = f"{path}\n{end}\n{self._epochs.get(code, 0)}".encode()
        return base64.b64encode(hmac.new(self._secret, text, hashlib.sha256).digest()).decode()
