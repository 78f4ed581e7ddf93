"""The extension is updated from its repository while one of its jobs is under way."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import jobs, over_view


def begun_and_saved(session: str, repository: str, path: str) -> Steps[None]:
    """A job is under way, and the file is saved."""
    yield from begin(session, repository)
    assert bpy.ops.wm.save_as_mainfile(filepath=path) == {"FINISHED"}


def opened_and_updated(repository: str, version: str) -> Steps[dict[str, object]]:
    """That file, some time later: the extension is updated, and the job is placed by the new version."""
    yield from wait_for_state("REFINING", "DOWNLOADING", "CONVERTING", "READY")
    return (yield from updated(repository, version))


def updated_while_running(session: str, repository: str, version: str) -> Steps[dict[str, object]]:
    """The same while the operator that a click on Refine has started still runs."""
    yield from begin(session, repository)
    running = [operator.bl_idname for operator in bpy.context.window_manager.windows[0].modal_operators]
    return {"running": running, **(yield from updated(repository, version))}


def begin(session: str, repository: str) -> Steps[None]:
    """Begin a job for the cube."""
    yield from Events().open_sidebar("CSM")
    preferences(repository).confirm_sending = False  # a dialog of its own test
    with override():
        assert bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target="Cube") == {"RUNNING_MODAL"}
    yield from wait_for_state("REFINING")


def updated(repository: str, version: str) -> Steps[dict[str, object]]:
    """ "Refresh Remote" and "Install Available Updates"; the job goes on and is placed."""
    events = Events()
    seen: dict[str, object] = {"before": installed(repository)}
    yield from over_view(events)
    yield from press_for(events, "F7", "extensions.repo_sync_all")
    yield from idle_until(lambda: version in offered(repository), 60, "the list of the repository")
    yield from no_modal("EXTENSIONS_OT_repo_sync_all")
    yield from press_for(events, "F8", "extensions.package_upgrade_all")
    yield from idle_until(lambda: installed(repository) == version, 60, "the new version")
    yield from no_modal("EXTENSIONS_OT_package_upgrade_all")
    yield from idle_until(lambda: hasattr(bpy.types.Scene, "csm"), 30, "the new version enabled")
    seen["after"] = sys.modules[f"bl_ext.{repository}.csm_blender.core.version"].VERSION
    yield from frames(3)
    yield from screenshot("update-after")
    yield from wait_for_state("PLACED")
    yield from frames(3)
    yield from screenshot("update-placed")
    return {**seen, "fit_error": jobs()[0].fit_error, "preferences_kept": not preferences(repository).confirm_sending}


def press_for(events: Events, key: str, operator: str) -> Steps[None]:
    """Have the event loop call an operator of Blender's, as a click on its button does."""
    keymap = bpy.context.window_manager.keyconfigs.addon.keymaps.new("Window")
    keymap.keymap_items.new(operator, key, "PRESS")
    yield from frames(2)
    yield from events.press(key)


def preferences(repository: str) -> Any:
    """Those of the extension."""
    return bpy.context.preferences.addons[f"bl_ext.{repository}.csm_blender"].preferences


def installed(repository: str) -> str:
    """The version on the disk; empty while it is being replaced."""
    folder = extensions() / repository / "csm_blender"
    try:
        return str(tomllib.loads((folder / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError):
        return ""


def offered(repository: str) -> str:
    """What Blender has last read of the repository."""
    try:
        return (extensions() / repository / ".blender_ext" / "index.json").read_text(encoding="utf-8")
    except OSError:
        return ""


def extensions() -> Path:
    """The folder of all extensions."""
    return Path(bpy.utils.user_resource("EXTENSIONS"))


def wait_for_state(*states: str) -> Steps[None]:
    """Wait until the first job is in one of *states*; what it says otherwise."""

    def told() -> str:
        return str([(job.status, job.message, job.error) for job in jobs()])

    try:
        yield from idle_until(lambda: len(jobs()) and jobs()[0].status in states, 60, str(states))
    except TimeoutError as error:
        raise TimeoutError(f"{error}; there are {told()}") from None


def no_modal(name: str) -> Steps[None]:
    """Wait until Blender's own operator has ended."""

    def running() -> list[str]:
        return [op.bl_idname for op in bpy.context.window_manager.windows[0].modal_operators]

    yield from idle_until(lambda: name not in running(), 60, f"the end of {name}")
