# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a call of the command line runs, and what that decides: preferences, online access, the job folder."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from ..core.processes.launch import Interpreters
from ..core.settings import data_home


def this_python() -> Interpreters:
    """This Python, which has to have ``bpy``; it is not imported here. Raises :class:`UsageError`."""
    if importlib.util.find_spec("bpy") is None:
        raise UsageError(
            "This Python has no bpy, which does the work.",
            "Install it (pip install bpy), or let Blender run the command: blender --background --python scripts/csm.py"
            " -- remesh IN OUT",
        )
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
