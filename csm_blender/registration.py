# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything Blender is told about, in order; unregistering goes back the same way and leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .core.models import JobState
from .scene.placement import preload, assets
from .scene.blender import change_counter
from .scene.addon import translation
from .scene.jobs import preview_loader, timer
from .scene import properties
from .scene.background.connection_test import connection_test
from .scene.jobs.state import desk
from .scene.addon.disk_usage import usage
from .ui import box_row, browser, confirm, defaults, dragging, handles, job_operators, many, overlay, panel, preferences, preview, preview_operators, refine, setup_operators, status_bar, versions

CLASSES = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *refine.CLASSES,
    *confirm.CLASSES,
    *preview_operators.CLASSES,
    *job_operators.CLASSES,
    *setup_operators.CLASSES,
    *many.CLASSES,
    *versions.CLASSES,
    *panel.CLASSES,
    *browser.CLASSES,
    *overlay.CLASSES,
    *box_row.CLASSES,
    *dragging.CLASSES,
    *handles.CLASSES,
)
_commands: list[Any] = []
_log = logging.getLogger(__name__)


def register() -> None:
    """Called by Blender; ``bpy.data`` may not be touched yet, so the open file's jobs are taken in a little later."""
    translation.start()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.add_pointers()
    browser.start()
    assets.start()
    _commands.append(bpy.utils.register_cli_command("csm", _run_command))  # type: ignore[func-returns-value]  # stubs err
    if bpy.app.background:
        return
    for handlers, function in _handlers():
        handlers.append(function)
    bpy.types.STATUSBAR_HT_header.append(status_bar.draw)
    change_counter.start()
    overlay.start()
    desk.is_stale = True
    bpy.app.timers.register(_take_in_file, first_interval=0.0, persistent=True)


def unregister() -> None:
    """Called by Blender, also when it quits. Jobs stay in the store and in the file, and go on another time."""
    if not bpy.app.background:
        _stop_everything()
        overlay.stop()
        change_counter.stop()
        bpy.types.STATUSBAR_HT_header.remove(status_bar.draw)
        for handlers, function in reversed(_handlers()):
            if function in handlers:
                handlers.remove(function)
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    desk.forget_file()
    desk.close_store()
    preview.forget()
    defaults.forget()
    assets.stop()
    browser.stop()
    properties.remove_pointers()
    for cls in reversed(CLASSES):
        with contextlib.suppress(RuntimeError):  # registered by half, after an error while registering
            bpy.utils.unregister_class(cls)
    translation.stop()


def _stop_everything() -> None:
    if bpy.app.timers.is_registered(_take_in_file):
        bpy.app.timers.unregister(_take_in_file)
    timer.sleep()
    usage.stop()
    connection_test.stop()
    preview_loader.stop()
    desk.worker.stop(in_mid_request=any(job.state is JobState.SUBMITTING for job in desk.jobs.values()))


def _handlers() -> tuple[tuple[Any, Any], ...]:
    handlers = bpy.app.handlers
    return (
        (handlers.load_post, _after_load),
        (handlers.save_pre, _before_save),
        (handlers.undo_post, _after_undo),
        (handlers.redo_post, _after_undo),
    )


def _take_in_file() -> None:
    """The first look at the file that was open when the add-on was enabled."""
    if desk.is_stale:
        _guarded(_opened)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _after_load(*_arguments: object) -> None:
    defaults.forget()
    _guarded(_opened)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _before_save(*_arguments: object) -> None:
    _guarded(preload.turn_away)


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _after_undo(*_arguments: object) -> None:
    preview.forget()
    preview_loader.wake()
    _guarded(timer.undone)


def _opened() -> None:
    preview.forget()
    defaults.apply()
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
    from .cli.main import main  # noqa: PLC0415 - of no use in a window
    from .cli.surroundings import InsideBlender  # noqa: PLC0415 - as above

    return main(argv, "blender --command csm", InsideBlender())
