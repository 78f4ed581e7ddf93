"""The extension is updated from its repository while one of its jobs is under way."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import jobs


def updated(session: str, repository: str, new: str, version: str) -> Steps[dict[str, object]]:
    """Begin a job with 1.0.0; "Refresh Remote" and "Install Available Updates"; the job goes on and is placed."""
    events = Events()
    yield from events.open_sidebar("CSM")
    seen: dict[str, object] = {"versions": [installed(repository)], "states": []}
    preferences(repository).confirm_sending = False  # a dialog of its own test
    with override():
        assert bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target="Cube") == {"RUNNING_MODAL"}
    yield from wait_for_state("REFINING")
    seen["states"].append(jobs()[0].status)
    yield from screenshot("update-before")
    with override():
        assert bpy.ops.extensions.repo_sync_all("INVOKE_DEFAULT") == {"RUNNING_MODAL"}
    yield from no_modal("EXTENSIONS_OT_repo_sync_all")
    with override():
        assert bpy.ops.extensions.package_upgrade_all("INVOKE_DEFAULT") == {"RUNNING_MODAL"}
    yield from idle_until(lambda: installed(repository) == version, 60, "the new version")
    yield from no_modal("EXTENSIONS_OT_package_upgrade_all")
    yield from idle_until(lambda: hasattr(bpy.types.Scene, "csm"), 30, "the new version is enabled")
    seen["versions"].append(installed(repository))
    assert version == sys.modules[f"bl_ext.{repository}.csm_blender.core.version"].VERSION
    yield from frames(3)
    yield from screenshot("update-after")
    yield from wait_for_state("PLACED")
    yield from frames(3)
    seen["states"].append(jobs()[0].status)
    seen["preferences_kept"] = not preferences(repository).confirm_sending
    seen["fit_error"] = jobs()[0].fit_error
    yield from screenshot("update-placed")
    return seen


def preferences(repository: str) -> Any:
    """Those of the extension."""
    return bpy.context.preferences.addons[f"bl_ext.{repository}.csm_blender"].preferences


def installed(repository: str) -> str:
    """The version on the disk; empty while it is being replaced."""
    folder = Path(bpy.utils.user_resource("EXTENSIONS")) / repository / "csm_blender"
    try:
        return str(tomllib.loads((folder / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError):
        return ""


def wait_for_state(state: str) -> Steps[None]:
    """Wait until the first job is in *state*; its words otherwise."""

    def told() -> str:
        return str([(job.status, job.message, job.error) for job in jobs()])

    try:
        yield from idle_until(lambda: len(jobs()) and jobs()[0].status == state, 60, state)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; there are {told()}") from None


def no_modal(name: str) -> Steps[None]:
    """Wait until Blender's own operator has ended."""

    def running() -> list[str]:
        return [op.bl_idname for op in bpy.context.window_manager.windows[0].modal_operators]

    yield from idle_until(lambda: name not in running(), 60, f"the end of {name}")
