# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything Blender is told about, in order; unregistering goes back the same way and leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .scene import properties
from .scene.addon import translation
from .scene.blender import change_counter, runtime
from .scene.blender.main_timer import main_timer
from .scene.jobs import preview_loader, timer
from .scene.jobs.state import file_state
from .scene.placement import assets, preload
from .ui import (
    batch_operators,
    box_panel,
    confirm_dialog,
    drag_operators,
    gizmos,
    job_operators,
    overlay,
    panel,
    planned_request,
    preferences,
    preview_operators,
    refine_operators,
    scene_defaults,
    session_browser,
    setup_operators,
    status_bar,
)

CLASSES = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *refine_operators.CLASSES,
    *confirm_dialog.CLASSES,
    *preview_operators.CLASSES,
    *job_operators.CLASSES,
    *setup_operators.CLASSES,
    *batch_operators.CLASSES,
    *panel.CLASSES,
    *session_browser.CLASSES,
    *overlay.CLASSES,
    *box_panel.CLASSES,
    *drag_operators.CLASSES,
    *gizmos.CLASSES,
)
_log = logging.getLogger(__name__)


class CommandLine(runtime.Part):
    """``blender --command csm``, which Blender knows from now on."""

    def __init__(self) -> None:
        self._command: Any = bpy.utils.register_cli_command("csm", _run_command)  # type: ignore[func-returns-value]  # stubs err

    def stop(self) -> None:
        """Take it back."""
        bpy.utils.unregister_cli_command(self._command)


def register() -> None:
    """Called by Blender; ``bpy.data`` may not be touched yet, so the open file's jobs are taken in a little later."""
    runtime.start()
    translation.start()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.add_pointers()
    session_browser.start()
    runtime.part(CommandLine)
    for handlers, function in _handlers():
        handlers.append(function)
    if bpy.app.background:
        return
    change_counter.changes().are_counted = True
    bpy.types.STATUSBAR_HT_header.append(status_bar.draw)
    overlay.overlay().start()
    main_timer().call(_take_in_file)


def unregister() -> None:
    """Called by Blender, also when it quits. Jobs stay in the store and in the file, and go on another time."""
    for handlers, function in reversed(_handlers()):
        if function in handlers:
            handlers.remove(function)
    if not bpy.app.background:
        bpy.types.STATUSBAR_HT_header.remove(status_bar.draw)
    runtime.stop()
    session_browser.stop()
    properties.remove_pointers()
    for cls in reversed(CLASSES):
        with contextlib.suppress(RuntimeError):  # registered by half, after an error while registering
            bpy.utils.unregister_class(cls)
    translation.stop()


def _handlers() -> list[tuple[Any, Any]]:
    """Blender's lists of handlers and what stands in them. Without a window nobody works in the file or looks at it."""
    lists = bpy.app.handlers
    always = [(lists.save_post, assets.file_saved)]
    if bpy.app.background:
        return always
    return [
        *always,
        (lists.load_post, _after_load),
        (lists.save_pre, _before_save),
        (lists.undo_post, _after_undo),
        (lists.redo_post, _after_undo),
        (lists.depsgraph_update_post, change_counter.evaluated),
        (lists.frame_change_post, change_counter.frame_changed),
    ]


def _take_in_file() -> None:
    """The first look at the file that was open when the add-on was enabled."""
    if file_state().is_stale:
        _guarded(_opened)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _after_load(*_arguments: object) -> None:
    scene_defaults.forget()
    _guarded(_opened)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _before_save(*_arguments: object) -> None:
    _guarded(preload.turn_away)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _after_undo(*_arguments: object) -> None:
    planned_request.forget()
    preview_loader.wake()
    _guarded(timer.undone)


def _opened() -> None:
    planned_request.forget()
    scene_defaults.apply()
    preview_loader.file_opened()
    timer.file_opened()


def _guarded(work: Any) -> None:
    """Do *work*, and keep what goes wrong in it away from the artist's file load or undo."""
    try:
        work()
    except Exception:  # noqa: BLE001 - as told above
        _log.exception("The jobs of the file could not be looked at")


def _run_command(argv: list[str]) -> int:
    """``blender --command csm …``."""
    from .cli.environment import InsideBlender  # noqa: PLC0415 - as above
    from .cli.main import main  # noqa: PLC0415 - of no use in a window

    return main(argv, "blender --command csm", InsideBlender())
