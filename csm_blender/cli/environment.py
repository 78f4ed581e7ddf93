# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a call of the command line runs, and what that decides: preferences, online access, the job folder."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from ..core.logs import log_to_file
from ..core.processes.launch import Interpreters
from ..core.settings import NO_SERVICE, Settings, base_url_from, checked_base_url, data_home, key_from


def check_bpy() -> None:
    """Check that this Python has ``bpy``; it is not imported here. Raises :class:`UsageError`."""
    if importlib.util.find_spec("bpy") is None:
        raise UsageError(
            "This Python has no bpy, which does the work.",
            "Install it (pip install bpy), or have Blender run the command: write blender --background --python"
            " scripts/csm.py -- before it.",
        )


def this_python() -> Interpreters:
    """This Python, which has to have ``bpy``. Raises :class:`UsageError`."""
    check_bpy()
    return Interpreters(sys.executable)


@dataclass(frozen=True)
class Surroundings:
    """What the command line asks of its surroundings. The defaults are those of ``python -m csm_blender``.

    That is a program of its own: it has no preferences, and to start it is to allow it to use the network.
    """

    preference: Callable[[str], str] = lambda _name: ""
    """Gives a text preference of the add-on, or an empty text."""

    loopback_only: Callable[[str], bool] = lambda _base_url: False
    """Whether only this machine may be contacted. Raises :class:`OnlineAccessOff` where the URL must not be."""

    home: Callable[[], Path] = data_home
    """Gives the folder of the job store."""

    interpreters: Callable[[], Interpreters] = this_python
    """Tells how to start a converter. Raises :class:`UsageError` where nothing has ``bpy``."""


def inside_blender() -> Surroundings:
    """A Blender that was started with this command: its online access and the add-on's preferences count."""
    from ..scene.addon import environment  # noqa: PLC0415 - needs bpy
    from ..scene.addon.preferences import preferences  # noqa: PLC0415 - ditto

    def preference(name: str) -> str:
        return str(getattr(preferences(), name))

    return Surroundings(preference, environment.check_online, environment.jobs_home, environment.interpreters)


def settings_for(options: argparse.Namespace, surroundings: Surroundings, *, needed: bool) -> Settings:
    """The settings for jobs that ask the service for something, if *needed*; others need neither key nor network."""
    if needed:
        return settings_of(options, surroundings)
    log_to_file(surroundings.home(), "")
    return NO_SERVICE


def settings_of(options: argparse.Namespace, surroundings: Surroundings) -> Settings:
    """Options, else environment, else preferences; checked, with the network gate of Blender where it counts."""
    url = base_url_of(options, surroundings)
    settings = Settings(
        base_url=url,
        key=key_from(os.environ, surroundings.preference("api_key")),
        poll_interval_s=getattr(options, "poll_interval", None),
        deadline_s=getattr(options, "timeout", Settings.deadline_s),
        loopback_only=surroundings.loopback_only(url),
    )
    log_to_file(surroundings.home(), settings.key)
    return settings


def base_url_of(options: argparse.Namespace, surroundings: Surroundings) -> str:
    """The service: the option's, else the environment's, else the preferences'. Raises :class:`BadValue`."""
    if options.base_url:
        return checked_base_url(options.base_url)
    return base_url_from(os.environ, surroundings.preference("base_url"))
