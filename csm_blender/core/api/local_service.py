# SPDX-License-Identifier: GPL-3.0-or-later
"""What this project's local service has beyond CSM's API: it can be found on this machine, and takes new sessions.

While it runs with its usual data folder, that holds ``running.json``: ``{"url", "key"}``, readable by its user alone.
CSM's cloud knows nothing of either.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import CsmError
from ..file_system import fresh_part, remove_file, replace_file
from ..records import Record
from ..settings import checked_base_url, is_loopback

ADD_PATH = "local/sessions"
"""Where a session is added: a POST with the header ``x-api-key`` whose body is the GLB of its preview."""
GLB_TYPE = "model/gltf-binary"
CAPTION_LIMIT = 100
RUNNING = "running.json"
_CLOUD = "csm.ai"
_MOST_BYTES = 10_000


@dataclass(frozen=True)
class RunningService(Record):
    """A service on this machine. The key is kept out of ``repr``, so that no log or traceback can show it."""

    url: str
    key: str = field(repr=False)


def service_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The local service's data folder, unless it was given another: the platform's place for a user's program data."""
    if sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "csm-local-service"


def announce(folder: Path, service: RunningService) -> None:
    """Write ``running.json`` into *folder*, readable by this user alone from its first byte on. Raises ``OSError``."""
    part = fresh_part(folder / RUNNING)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(service.as_dict(), file)
    replace_file(part, folder / RUNNING)


def withdraw(folder: Path, service: RunningService) -> None:
    """Remove what :func:`announce` wrote, unless another service has written there since."""
    with contextlib.suppress(OSError):
        if _read(folder / RUNNING) == service:
            remove_file(folder / RUNNING)


def running_service(folder: Path) -> RunningService | None:
    """The service that has written into *folder*; ``None`` where there is none that may be trusted.

    That is: at a loopback address, and in a file that only its owner, who is this user, can read or write. It may have
    been killed since.
    """
    with contextlib.suppress(OSError, ValueError, TypeError, CsmError):
        path = folder / RUNNING
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return None
        if sys.platform != "win32" and (found.st_uid != os.getuid() or found.st_mode & 0o077):
            return None  # on Windows the user's folders are closed to others
        service = _read(path)
        if is_loopback(checked_base_url(service.url)) and service.key.isascii():
            return service
    return None


def may_take_sessions(base_url: str) -> bool:
    """Whether the service at *base_url* may be asked to take a new session: any but CSM's cloud."""
    host = (urlsplit(base_url).hostname or "").lower().rstrip(".")
    return bool(host) and host != _CLOUD and not host.endswith(f".{_CLOUD}")


def _read(path: Path) -> RunningService:
    return RunningService.from_dict(json.loads(path.read_text(encoding="utf-8")))
