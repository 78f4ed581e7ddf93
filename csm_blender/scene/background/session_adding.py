# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the local service take a file or an object as a new session: a child process makes a GLB of it and sends it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy

from ...core.api.local_service import may_take_sessions
from ...core.messages import NOTHING, Message
from ..addon.preferences import base_url_now, obstacle
from ..blender.redraw import redraw
from ..properties import state_of
from .one_shot import OneShotProcess


class SessionAdding(OneShotProcess):
    """One mesh at a time, and how the last one went."""

    module = "worker.session_adding"
    deadline_s = 1800.0
    message: Message = NOTHING
    is_good = False
    _folder: Path | None = None
    _scene_uid = 0

    def begin(self, folder: Path, scene: bpy.types.Scene) -> None:
        """Start to send what ``spec.json`` in *folder* names, for *scene*. The folder is deleted when that is done.

        Raises a :class:`CsmError` where nothing may be sent.
        """
        self.stop()
        self._folder, self._scene_uid = folder, scene.session_uid
        self.run(str(folder))
        self.message, self.is_good = Message("Sending the mesh…"), True

    def answered(self, answer: dict[str, Any]) -> None:
        """Choose the new session in the panel of the scene that the mesh was sent from, or say what went wrong."""
        self._clear()
        self.is_good = answer.get("good") is True
        if self.is_good:
            self.message = NOTHING
            for scene in bpy.data.scenes:
                if scene.session_uid == self._scene_uid:
                    state_of(scene).session_code, state_of(scene).source = answer["code"], "SESSION"
        else:
            text = answer.get("message") or Message("The mesh could not be sent: there was no answer.")
            self.message = Message.of(text)
        redraw()

    def stop(self) -> None:
        """End the child, and delete its files."""
        self.cancel()
        self._clear()

    def _clear(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


session_adding = SessionAdding.current
"""The one of the current runtime."""


def is_offered() -> bool:
    """Whether a mesh can be sent: a service other than CSM's cloud is set, and there is a key for it."""
    return obstacle() is None and may_take_sessions(base_url_now())
