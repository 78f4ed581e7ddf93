# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the service is, how long to wait for it, and where this machine keeps its jobs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from .errors import BadValue, MissingKey
from .records import Record

DEFAULT_BASE_URL = "https://api.csm.ai"
KEY_VARIABLE = "CSM_API_KEY"
BASE_URL_VARIABLE = "CSM_BASE_URL"
HOME_VARIABLE = "CSM_HOME"
LONGEST_LEASE_S = 300.0
"""A lease that seems to end later was written before the clock was set back."""


@dataclass(frozen=True)
class Settings(Record):
    """All that steers a refine. The key is kept out of ``repr``, so that no log or traceback can show it.

    ``read_timeout_s`` is how long a connection may stay silent; a whole answer of the API may take ``answer_limit_s``.
    Without a ``poll_interval_s`` the intervals of ``core.api.backoff`` hold. ``loopback_only`` is set where network
    access is off and the service runs on this machine: then no other machine is contacted, not even for files.
    """

    base_url: str = DEFAULT_BASE_URL
    key: str = field(default="", repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 20.0
    poll_interval_s: float | None = None
    deadline_s: float = 3 * 3600.0
    give_up_unpaid_s: float = 30.0
    max_download_bytes: int = 4 * 1024**3
    loopback_only: bool = False

    def require_key(self) -> str:
        """The key. Raises :class:`MissingKey` where there is none, :class:`BadValue` where no header can hold it."""
        if not self.key:
            raise MissingKey("There is no API key.")
        if not (self.key.isascii() and self.key.isprintable()):
            raise BadValue("The API key contains characters that cannot be sent.", "Copy the key again.")
        return self.key

    @property
    def answer_limit_s(self) -> float:
        """Longest time for one answer of the API, so that one that arrives byte by byte does not block a job."""
        return 1.5 * self.read_timeout_s

    @property
    def lease_s(self) -> float:
        """How long a job belongs to a worker that does not respond: longer than any single request may take."""
        return min(LONGEST_LEASE_S, self.connect_timeout_s + self.answer_limit_s + 10.0)


NO_SERVICE = Settings(base_url="", loopback_only=True)
"""The settings of jobs that ask nothing of a service: no key, and no address to ask."""


def key_from(environment: Mapping[str, str], preference: str = "") -> str:
    """The API key: the environment's, else the preference's, else empty."""
    return (environment.get(KEY_VARIABLE) or preference).strip()


def base_url_from(environment: Mapping[str, str], preference: str = "") -> str:
    """The base URL, checked: the environment's, else the preference's, else CSM's own. Raises :class:`BadValue`."""
    return checked_base_url(environment.get(BASE_URL_VARIABLE) or preference or DEFAULT_BASE_URL)


def checked_base_url(text: str) -> str:
    """*text* as a base URL, no slash at its end. Raises :class:`BadValue` unless it is https, or http to loopback."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise BadValue("The base URL {text} is not a URL.", text=repr(text)) from error
    if parts.scheme not in ("http", "https") or not host:
        raise BadValue("The base URL {text} is not a URL.", "It looks like https://api.csm.ai", text=repr(text))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadValue("The base URL must not contain a user name, password, query or fragment.")
    if parts.scheme == "http" and not is_loopback(url):
        raise BadValue(
            "The base URL uses plain http, over which the key could be read.",
            "Use https. Plain http is allowed for this computer only (127.0.0.1, localhost).",
        )
    return url


def is_loopback(url: str) -> bool:
    """Whether *url* points at this machine, by name or address."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def data_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds the job store where there is no extension to ask: ``$CSM_HOME`` or the platform's place."""
    if chosen := environment.get(HOME_VARIABLE):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "csm_blender"
