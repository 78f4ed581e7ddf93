# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences and environment variables, and whether requests may be sent. No I/O: panels call this."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import bpy

from ...core.errors import CsmError
from ...core.settings import BASE_URL_VARIABLE, KEY_VARIABLE, Settings, base_url_from, key_from
from ..blender.bpy_typing import current
from ..blender.runtime import Part, part
from .environment import PACKAGE, check_online


@dataclass
class Preferences:
    """The preferences of the add-on with their defaults, which apply where it is not enabled."""

    api_key: str = ""
    base_url: str = ""
    place_automatically: bool = True
    default_fit: str = "EXACT"
    default_original: str = "HIDE"
    poll_interval: float = 0.0
    deadline_hours: float = 3.0
    timeout: int = 0
    confirm_sending: bool = True
    confirm_count: int = 3
    asset_author: str = ""


def preferences() -> Preferences:
    """The add-on's preferences, or their defaults."""
    addon = current.preferences.addons.get(PACKAGE)
    found: Any = addon.preferences if addon else None
    return found or Preferences()


def settings_now() -> Settings:
    """The settings of requests. Raises :class:`MissingKey`, :class:`OnlineAccessOff` or :class:`BadValue`."""
    chosen = preferences()
    url = base_url_now()
    loopback_only = check_online(url)
    timeout = float(chosen.timeout or current.preferences.system.network_timeout or 10)
    settings = Settings(
        base_url=url,
        key=key_from(os.environ, chosen.api_key),
        connect_timeout_s=timeout,
        read_timeout_s=2.0 * timeout,
        poll_interval_s=chosen.poll_interval or None,
        deadline_s=chosen.deadline_hours * 3600.0,
        loopback_only=loopback_only,
    )
    settings.require_key()
    return settings


def base_url_now() -> str:
    """The address of the service. Raises :class:`BadValue`."""
    return part(Addresses).checked(os.environ.get(BASE_URL_VARIABLE, ""), preferences().base_url)


class Addresses(Part):
    """The last few addresses that were checked: panels ask at every redraw."""

    def __init__(self) -> None:
        self.checked = lru_cache(4)(_checked_address)


def _checked_address(environment: str, preference: str) -> str:
    return base_url_from({BASE_URL_VARIABLE: environment}, preference)


def obstacle() -> CsmError | None:
    """Why nothing may be sent; ``None`` if it may. Found out again only where something it depends on has changed."""
    last, chosen, app = part(LastObstacle), preferences(), bpy.app
    environment = os.environ.get(KEY_VARIABLE), os.environ.get(BASE_URL_VARIABLE)
    now = (*environment, chosen.api_key, chosen.base_url, app.online_access, app.online_access_override)
    if last.looked_at != now:
        last.looked_at, last.error = now, None
        try:
            settings_now()
        except CsmError as error:
            last.error = error
    return last.error.with_traceback(None) if last.error is not None else None  # it is raised again and again


@dataclass
class LastObstacle(Part):
    """What stood in the way of sending, and what that was found out from: panels ask at every redraw."""

    looked_at: tuple[Any, ...] = ()
    error: CsmError | None = None


def key_is_from_environment() -> bool:
    """Whether the environment overrides the key of the preferences."""
    return bool(os.environ.get(KEY_VARIABLE, "").strip())


def base_url_is_from_environment() -> bool:
    """Whether the environment overrides the base URL of the preferences."""
    return bool(os.environ.get(BASE_URL_VARIABLE, "").strip())
