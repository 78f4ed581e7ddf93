# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on needs to know of this Blender: interpreters for child processes, online access, the job folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import OnlineAccessOff
from ...core.processes.launch import Interpreters
from ...core.settings import HOME_VARIABLE, data_home, is_loopback

_app: Any = bpy.app
PACKAGE = __package__.rsplit(".", 2)[0]


def interpreters() -> Interpreters:
    """Python for the worker, and this very Blender (or, in the wheel, this Python) for the converter."""
    return Interpreters(sys.executable, tuple(_app.python_args), bpy.app.binary_path)


def jobs_home() -> Path:
    """The folder of the job store: ``$CSM_HOME``, else the extension's own, else the platform's data directory."""
    if PACKAGE.startswith("bl_ext.") and not os.environ.get(HOME_VARIABLE):
        return Path(bpy.utils.extension_path_user(PACKAGE, path="jobs", create=True))
    return data_home()


def check_online(base_url: str) -> bool:
    """Whether only the loopback interface may be used. Raises :class:`OnlineAccessOff` where *base_url* may not be."""
    if bpy.app.online_access:
        return False
    if is_loopback(base_url):
        return True
    if bpy.app.online_access_override:
        raise OnlineAccessOff(
            "Blender was started with --offline-mode.", "Start it without that option, or with --online-mode."
        )
    raise OnlineAccessOff("Blender is not allowed to use the network.")
