# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as assets: what the user chose, the mark on a result in the scene, and the catalog of its file.

A result is marked while it is placed, so that one undo step covers both. The catalog of a file can only be written
beside it, so it is written when the file is saved.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ...converter.asset import FOLDER, PICTURE, Label, label_asset
from ...converter.thumbnail import SIZE_PX, Pixels
from ...core.errors import DiskProblem, UsageError
from ...core.files.asset_catalog import CATALOG_ID, add_catalog
from ...core.jobs.job import Job
from ...core.messages import Message
from ...core.models import AssetChoice, AssetPlace
from ..addon.preferences import preferences
from ..blender.bpy_typing import current
from ..blender.custom_properties import read
from ..properties import state_of

CLOCK_S = 10.0
"""How far the clock of the library's disk may be off."""

_log = logging.getLogger(__name__)


def wish_of(scene: bpy.types.Scene) -> AssetChoice:
    """What is chosen in the panel."""
    state = state_of(scene)
    place = AssetPlace(state.as_asset)
    if place is AssetPlace.OFF:
        return AssetChoice()
    return with_library_folder(AssetChoice(place, state.asset_library, author=preferences().asset_author))


def with_library_folder(choice: AssetChoice) -> AssetChoice:
    """*choice* with the folder that its library has on this machine, from the preferences."""
    if choice.place is not AssetPlace.LIBRARY:
        return replace(choice, library="", folder="")
    library = current.preferences.filepaths.asset_libraries.get(choice.library)
    return replace(choice, folder=bpy.path.abspath(library.path) if library is not None else "")


def mark(obj: bpy.types.Object, mesh: bpy.types.Mesh, job: Job) -> tuple[Message, ...]:
    """Make the result *obj* an asset of this file, if that was chosen. Gives notes about what could not be done.

    The picture that came along with *mesh* is removed from it in any case.
    """
    kept: Any = read(mesh, PICTURE)
    picture: Pixels | None = None
    if kept is not None:
        picture = np.frombuffer(kept, dtype=np.int32).copy()
        del mesh[PICTURE]
    choice = job.spec.choices.asset
    if choice.place is not AssetPlace.FILE:
        return ()
    if picture is not None and picture.size != SIZE_PX * SIZE_PX:
        picture = None
    if label_asset(obj, Label(job.session_code or job.spec.source.stem, job.job_id, choice.author), picture):
        return ()
    return (Message("{name} cannot be made an asset: it is linked from another file.", name=repr(obj.name)),)


def delete_library_copy(path: Path, made_at: datetime) -> None:
    """Delete the file *path* that a job has put into an asset library at *made_at*; one that is gone already is fine.

    Raises :class:`UsageError` where it is no such file or was changed since then, and :class:`DiskProblem`.
    """
    if path.parent.name != FOLDER or path.suffix != ".blend":
        raise UsageError("{path} is not a file that CSM Refine has made.", path=path)
    try:
        if path.stat().st_mtime > made_at.timestamp() + CLOCK_S:
            raise UsageError(
                "{path} was changed after it was made.", "Delete it by hand if it is not needed.", path=path
            )
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise DiskProblem("{path} cannot be deleted: {reason}.", path=path, reason=error.strerror or error) from error


def add_catalog_beside(blend: Path) -> str:
    """Write the catalog of our assets where the saved file *blend* is. Gives what went wrong, or an empty text."""
    assets: list[Any] = [obj.asset_data for obj in bpy.data.objects if obj.library is None]
    if any(data is not None and data.catalog_id == CATALOG_ID for data in assets):
        try:
            add_catalog(_root_of(blend))
        except DiskProblem as problem:
            return f"{problem} The assets are in the file all the same, without a catalog."
    return ""


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def file_saved(path: str, *_more: object) -> None:
    """Write the catalog whenever a file is saved: a handler of ``save_post``."""
    if problem := add_catalog_beside(Path(path or bpy.data.filepath)):
        _log.warning(problem)


def _root_of(blend: Path) -> Path:
    """Where Blender looks for the catalogs of a file: in the library that holds it, else beside it."""
    folder = blend.absolute().parent
    roots = [Path(bpy.path.abspath(library.path)) for library in current.preferences.filepaths.asset_libraries]
    return next((root for root in roots if root.name and root in (folder, *folder.parents)), folder)
