# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a call of the command line runs, and what that decides: preferences, online access, the job folder."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..core.settings import data_home


class Surroundings(Protocol):
    """What the command line asks of its surroundings."""

    def preference(self, name: str) -> str:
        """A text preference of the add-on, or empty."""

    def loopback_only(self, base_url: str) -> bool:
        """Whether only this machine may be contacted. Raises :class:`OnlineAccessOff` where *base_url* must not be."""

    def home(self) -> Path:
        """The folder of the job store."""


class OwnProgram:
    """``python -m csm_blender``: a program of its own. To start it is to allow it to use the network."""

    def preference(self, name: str) -> str:  # noqa: ARG002 - there are no preferences here
        """Always empty."""
        return ""

    def loopback_only(self, base_url: str) -> bool:  # noqa: ARG002 - see the class
        """Never."""
        return False

    def home(self) -> Path:
        """``$CSM_HOME`` or the platform's place for data."""
        return data_home()


class InsideBlender:
    """A Blender that was started with this command: its online access and the add-on's preferences count."""

    def preference(self, name: str) -> str:
        """As in the add-on's preferences."""
        from ..scene.addon.preferences import preferences  # noqa: PLC0415 - needs bpy

        return str(getattr(preferences(), name))

    def loopback_only(self, base_url: str) -> bool:
        """As Blender's own setting says."""
        from ..scene.addon.environment import check_online  # noqa: PLC0415 - needs bpy

        return check_online(base_url)

    def home(self) -> Path:
        """The folder the panel uses, too."""
        from ..scene.addon.environment import jobs_home  # noqa: PLC0415 - needs bpy

        return jobs_home()
