# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter's part in making a result an asset: its picture, and its file in an asset library.

For an asset in the artist's own file the picture goes along with the mesh, as a custom property that placing takes off
it. A library gets a file of its own for each job: one object at its size in the world, at the origin.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.conversion import ConversionRequest
from ..core.errors import DiskProblem
from ..core.files.asset_catalog import add_catalog, as_file_name
from ..core.messages import Message
from ..core.models import AssetChoice, AssetPlace, Materials, Placement
from .asset_metadata import Label, label_asset
from .thumbnail import Pixels, ThumbnailFailed, render_thumbnail
from .transform_mesh import reshape

PICTURE = "csm_picture"
"""Custom property of a converted mesh: the pixels of its picture."""
FOLDER = "CSM"
"""Where results lie in a library."""
_JOB = "csm_job_id"


def make_asset(mesh: bpy.types.Mesh, request: ConversionRequest) -> tuple[str | None, list[Message]]:
    """Do what *request* wishes of *mesh* as an asset: the file in the library, if one was made, and notes.

    Nothing here makes a conversion fail: the mesh itself is good.
    """
    wish = request.asset
    if wish.place is AssetPlace.OFF:
        return None, []
    notes: list[Message] = []
    picture: Pixels | None = None
    try:
        picture = render_thumbnail(mesh, request.placement.signed_scale)
    except ThumbnailFailed as reason:
        notes.append(Message("The asset has no picture: this Blender could not render it ({reason}).", reason=reason))
    if wish.place is AssetPlace.FILE:
        if picture is not None:
            mesh[PICTURE] = picture
        return None, notes
    label = Label(request.session, request.job_id, wish.author)
    try:
        with _at_its_size(mesh, request.placement) as obj:
            label_asset(obj, label, picture)
            obj[_JOB] = label.job_id
            path = _put_in_library(obj, label, wish)
    except DiskProblem as problem:
        return None, [*notes, problem.advice]
    if request.materials is Materials.OWN:
        notes.append(Message("The asset in the library has no materials: those of the block-out stay in its own file."))
    where = Message("In the asset library {library}: {path}", library=wish.library, path=f"{FOLDER}/{path.name}")
    return str(path), [*notes, where]


@contextmanager
def _at_its_size(mesh: bpy.types.Mesh, placement: Placement) -> Iterator[bpy.types.Object]:
    """An object at the origin with a copy of *mesh*, as large as it is in the world, in Blender units."""
    for leftover in list(bpy.data.objects):  # what was imported, which may have the name; its mesh stays
        bpy.data.objects.remove(leftover)
    name, copy = mesh.name, mesh.copy()
    reshape(copy, np.diag(placement.signed_scale))
    mesh.name, copy.name = f"{name} as placed", name
    obj = bpy.data.objects.new(name, copy)
    try:
        yield obj
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(copy)
        mesh.name = name


def _put_in_library(obj: bpy.types.Object, label: Label, wish: AssetChoice) -> Path:
    """The file that holds *obj* in the library. Raises :class:`DiskProblem`."""
    root = Path(wish.folder)
    if not wish.folder:
        raise DiskProblem(
            "There is no asset library {library} on this computer, so the result was not added to it.",
            "Blender's preferences list the libraries under File Paths > Asset Libraries.",
            library=repr(wish.library),
        )
    if not root.is_dir():
        raise DiskProblem(
            "The folder {folder} of the asset library {library} does not exist, so the result was not added to it.",
            "Restore the folder, then refine again: a session that is already refined costs nothing.",
            library=wish.library,
            folder=root,
        )
    part = root / FOLDER / f".{label.job_id}.part.blend"
    try:
        part.parent.mkdir(exist_ok=True)
        try:
            bpy.data.libraries.write(str(part), {obj}, fake_user=True, compress=True)
            path = _claimed(part.parent, f"{as_file_name(obj.name)} {label.session_code}", label.job_id)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        add_catalog(root)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DiskProblem(
            "The asset library {library} cannot be written ({reason}), so the result was not added to it.",
            "Make its folder writable, then refine again: a session that is already refined costs nothing.",
            library=wish.library,
            reason=reason,
        ) from error
    return path


def _claimed(folder: Path, stem: str, job_id: str) -> Path:
    """A file name nobody else has, taken by an empty file; or the file an earlier attempt at the same job has made."""
    number = 1
    while True:
        path = folder / (f"{stem}.blend" if number == 1 else f"{stem} {number}.blend")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            if _is_of_job(path, job_id):
                return path
            number += 1
        else:
            return path


def _is_of_job(path: Path, job_id: str) -> bool:
    """Whether the library file at *path* was made for the job."""
    try:
        loading: Any = bpy.data.libraries.load(str(path), link=True)  # type: ignore[func-returns-value]  # stubs err
        with loading as (available, wanted):
            wanted.objects = available.objects[:1]
    except (OSError, RuntimeError):  # empty so far, or none of ours
        return False
    found = wanted.objects[0] if wanted.objects else None
    if found is None:
        return False
    is_it = found.get(_JOB) == job_id
    if found.library is not None:
        bpy.data.libraries.remove(found.library)
    return bool(is_it)
