# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers all classes and handlers of the add-on in Blender, and unregisters them in reverse order."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .scene import properties
from .scene.addon import translation
from .scene.blender import change_counter, runtime
from .scene.blender.bpy_typing import current
from .scene.blender.main_timer import main_timer
from .scene.commands import batch
from .scene.jobs import job_updates, preview_loader
from .scene.jobs.state import file_state
from .scene.measure import custom_box
from .scene.placement import assets, preload, preview_objects
from .ui import (
    all_jobs,
    batch_operators,
    box_panel,
    confirm_dialog,
    drag_operators,
    drop_operators,
    file_operators,
    gizmos,
    job_operators,
    library_copy,
    overlay,
    panel,
    planned_request,
    preferences,
    preview_operators,
    refine_operators,
    result_operators,
    scene_defaults,
    session_browser,
    setup_operators,
    show_panel,
    status_bar,
)

CLASSES = (
    *preferences.CLASSES,
    *refine_operators.CLASSES,
    *confirm_dialog.CLASSES,
    *preview_operators.CLASSES,
    *job_operators.CLASSES,
    *library_copy.CLASSES,
    *result_operators.CLASSES,
    *setup_operators.CLASSES,
    *show_panel.CLASSES,
    *batch_operators.CLASSES,
    *file_operators.CLASSES,
    *panel.CLASSES,
    *session_browser.CLASSES,
    *all_jobs.CLASSES,
    *overlay.CLASSES,
    *box_panel.CLASSES,
    *drag_operators.CLASSES,
    *drop_operators.CLASSES,
    *gizmos.CLASSES,
)
_log = logging.getLogger(__name__)


class CommandLine(runtime.Part):
    """``blender --command csm``."""

    def __init__(self) -> None:
        self._command: Any = bpy.utils.register_cli_command("csm", _run_command)  # type: ignore[func-returns-value]  # stubs err

    def stop(self) -> None:
        """Unregister it."""
        bpy.utils.unregister_cli_command(self._command)


def register() -> None:
    """Called by Blender. ``bpy.data`` cannot be used yet, so the jobs of the open file are read a little later."""
    runtime.stop()
    translation.start()
    properties.make_known()
    _unregister([cls for cls in CLASSES if getattr(cls, "is_registered", False)])  # one that ran until now
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    session_browser.start()
    all_jobs.start()
    runtime.part(CommandLine)
    for handlers, function in _handlers():
        handlers.append(function)
    if bpy.app.background:
        return
    change_counter.changes().are_counted = True
    bpy.types.STATUSBAR_HT_header.append(status_bar.draw)
    bpy.types.VIEW3D_MT_object.append(show_panel.draw_menu)
    overlay.overlay().start()
    main_timer().call(_read_first_file)
    show_panel.show_once()


def unregister() -> None:
    """Called by Blender, also when it quits. Jobs stay in the store and in the file, and continue another time."""
    for handlers, function in reversed(_handlers()):
        if function in handlers:
            handlers.remove(function)
    if not bpy.app.background:
        bpy.types.STATUSBAR_HT_header.remove(status_bar.draw)
        bpy.types.VIEW3D_MT_object.remove(show_panel.draw_menu)
    runtime.stop()
    all_jobs.stop()
    session_browser.stop()
    properties.remove_pointers()
    # A running operator ends itself soon, and its class stays until the add-on is registered again: Blender 4.3 crashes
    # when an operator begins to run in the same step in which the class of a running one was unregistered, and its own
    # operator that updates extensions does so.
    running = _running_operators()
    _unregister([cls for cls in (*properties.CLASSES, *CLASSES) if cls not in running])
    translation.stop()


def _unregister(classes: Sequence[type[Any]]) -> None:
    for cls in reversed(classes):
        with contextlib.suppress(RuntimeError):  # not registered, after an error while registering
            bpy.utils.unregister_class(cls)


def _running_operators() -> list[type[Any]]:
    """The classes of this add-on's operators that are running in a window."""
    windows = [] if current.window_manager is None else current.window_manager.windows
    names = {operator.bl_idname for window in windows for operator in window.modal_operators}
    return [cls for cls in CLASSES if cls.__name__ in names]


def _handlers() -> list[tuple[Any, Any]]:
    """Blender's lists of handlers and what is added to them. Without a window no one edits the file or looks at it."""
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


def _guarded(work: Callable[[], None]) -> Callable[..., None]:
    """*work* as a handler: an error in it is logged and does not break the user's file load, save or undo."""

    @functools.wraps(work)
    def handler(*_arguments: object) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("%s failed", work.__name__)

    persistent(handler)
    return handler


@_guarded
def _read_first_file() -> None:
    """Read the file that was open when the add-on was enabled."""
    if file_state().is_stale:
        _read_file()


@_guarded
def _after_load() -> None:
    show_panel.keep_closed()
    scene_defaults.forget()
    _read_file()


@_guarded
def _before_save() -> None:
    preload.discard()
    preview_objects.remove_delivered()


@_guarded
def _after_undo() -> None:
    planned_request.forget()
    preview_loader.wake()
    job_updates.undone()


def _read_file() -> None:
    planned_request.forget()
    scene_defaults.apply()
    custom_box.restore_of_overrides()
    batch.file_opened()
    preview_loader.file_opened()
    job_updates.file_opened()


def _run_command(argv: list[str]) -> int:
    """``blender --command csm …``."""
    from .cli.environment import inside_blender  # noqa: PLC0415 - not needed in a window
    from .cli.main import main  # noqa: PLC0415 - ditto

    return main(argv, "blender --command csm", inside_blender())
