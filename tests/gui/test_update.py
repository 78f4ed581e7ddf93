# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates in a window while a job is under way. By Blender's commands: tests/package/test_update.py."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_of_1_0_0 import RELEASED_ZIP
from extension_repository import REPOSITORY, FreshBlender, publish, served
from harness import Blender

from csm_blender.core.version import VERSION

SESSION = "SESSION_P_44569824122"
SCENARIO = "scenarios/update.py"


def with_patch_version(archive: Path, folder: Path) -> tuple[Path, str]:
    """The same extension as the version after this one."""
    major, minor, patch = VERSION.split(".")
    version = f"{major}.{minor}.{int(patch) + 1}"
    unpacked = folder / "next"
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(unpacked)
    for name in ("blender_manifest.toml", "core/version.py"):
        path = unpacked / name
        path.write_text(path.read_text(encoding="utf-8").replace(f'"{VERSION}"', f'"{version}"'), encoding="utf-8")
    made = shutil.make_archive(str(folder / f"csm_blender-{version}"), "zip", unpacked)
    return Path(made), version


@contextmanager
def under_way_until(updated: Callable[[], bool], service: Any) -> Iterator[None]:
    """From the refine request on the service has no time to answer, until the extension was *updated*."""
    ended = threading.Event()

    def attend() -> None:
        while not service.counts()["post"] and not ended.wait(0.1):
            pass
        busy = {"status": 503, "headers": {"Retry-After": "1"}}
        service.add_fault(busy, method="GET", path=f".*{SESSION}", times=None)
        while not updated() and not ended.wait(0.1):
            pass
        service.clear_faults()

    attendant = threading.Thread(target=attend)
    attendant.start()
    try:
        yield
    finally:
        ended.set()
        attendant.join()


def is_updated(blender: Blender, version: str) -> Callable[[], bool]:
    """Whether *version* is on the disk."""
    manifest = blender.directory / "user" / "extensions" / REPOSITORY / "csm_blender" / "blender_manifest.toml"
    return lambda: manifest.is_file() and f'\nversion = "{version}"' in manifest.read_text(encoding="utf-8")


def test_a_job_of_1_0_0_goes_on_after_an_update_in_the_window(
    bare_blender: Blender, tmp_path: Path, extension_zip: Path, slow_service: Any
) -> None:
    """The file is opened again before the update: what runs of 1.0.0 would crash Blender 4.3 while it updates."""
    folder, scene = tmp_path / "repository", tmp_path / "scene.blend"
    publish(folder, RELEASED_ZIP)
    env = {"CSM_BASE_URL": slow_service.url, "CSM_API_KEY": slow_service.key, "CSM_HOME": ""}
    with served(folder) as address, under_way_until(is_updated(bare_blender, VERSION), slow_service):
        FreshBlender(bare_blender.binary, bare_blender.directory).take_from(address)
        params = {"session": SESSION, "repository": REPOSITORY}
        bare_blender.run(f"{SCENARIO}:begun_and_saved", env=env, params={**params, "path": str(scene)}, timeout=150)
        publish(folder, extension_zip)
        params = {"repository": REPOSITORY, "version": VERSION}
        seen = bare_blender.run(
            f"{SCENARIO}:opened_and_updated", env=env, params=params, args=[scene], timeout=150
        ).value
    assert seen["before"] == "1.0.0"
    assert seen["after"] == VERSION
    assert seen["fit_error"] <= 1e-5
    assert slow_service.counts()["post"] == {SESSION: 1}


def test_the_next_update_may_come_while_the_refine_of_a_click_still_runs(
    bare_blender: Blender, tmp_path: Path, extension_zip: Path, slow_service: Any
) -> None:
    following, version = with_patch_version(extension_zip, tmp_path)
    folder = tmp_path / "repository"
    publish(folder, extension_zip)
    env = {"CSM_BASE_URL": slow_service.url, "CSM_API_KEY": slow_service.key, "CSM_HOME": ""}
    with served(folder) as address, under_way_until(is_updated(bare_blender, version), slow_service):
        FreshBlender(bare_blender.binary, bare_blender.directory).take_from(address)
        publish(folder, following)
        params = {"session": SESSION, "repository": REPOSITORY, "version": version}
        seen = bare_blender.run(f"{SCENARIO}:updated_while_running", env=env, params=params, timeout=150).value
    assert seen["running"] == ["CSM_OT_refine"]
    assert (seen["before"], seen["after"]) == (VERSION, version)
    assert seen["preferences_kept"]
    assert seen["fit_error"] <= 1e-5
    assert slow_service.counts()["post"] == {SESSION: 1}
