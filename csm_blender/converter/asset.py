# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter's part in making a result an asset: its label, its picture, and its file in an asset library.

For an asset in the user's own file the picture goes along with the mesh, as a custom property that placing removes
again. A library gets a file of its own for each job: one object at its size in the world, at the origin.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.conversion import ConversionRequest
from ..core.errors import DiskProblem
from ..core.file_system import remove_file, replace_file
from ..core.files.asset_catalog import CATALOG_ID, add_catalog, as_file_name
from ..core.messages import Message
from ..core.models import AssetChoice, AssetPlace, Materials
from .export_glb import at_world_size
from .thumbnail import SIZE_PX, Pixels, ThumbnailFailed, render_thumbnail

PICTURE = "csm_picture"
"""Custom property of a converted mesh: the pixels of its picture."""

FOLDER = "CSM"
"""The folder of a library that results are in."""

_JOB = "csm_job_id"
_NO_CATALOG = "00000000-0000-0000-0000-000000000000"
_OURS = "Refined by CSM"


@dataclass(frozen=True)
class Label:
    """What is written on an asset: where it comes from, and who made it (empty where no author is named)."""

    session_code: str
    job_id: str
    author: str = ""


def label_asset(obj: bpy.types.Object, label: Label, picture: Pixels | None) -> bool:
    """Make *obj* an asset with this label and picture; ``False`` where Blender does not let it be one.

    What a user has written on an object that was an asset before stays.
    """
    obj.asset_mark()
    data: Any = obj.asset_data
    if data is None:
        return False
    if data.catalog_id == _NO_CATALOG:
        data.catalog_id = CATALOG_ID
    if not data.description or data.description.startswith(_OURS):
        data.description = f"{_OURS} from {label.session_code} (job {label.job_id})"
    if label.author and not data.author:
        data.author = label.author
    for tag in ("CSM", label.session_code):
        data.tags.new(tag, skip_if_exists=True)
    if picture is not None:
        preview: Any = obj.preview_ensure()
        preview.image_size = (SIZE_PX, SIZE_PX)
        preview.image_pixels.foreach_set(picture)
    return True


def make_asset(mesh: bpy.types.Mesh, request: ConversionRequest) -> tuple[str | None, list[Message]]:
    """Make *mesh* the asset that *request* asks for: the file in the library, if one was made, and notes.

    No problem here makes a conversion fail: the mesh itself is good.
    """
    choice = request.asset
    notes: list[Message] = []
    picture: Pixels | None = None
    try:
        picture = render_thumbnail(mesh, request.placement.signed_scale)
    except ThumbnailFailed as reason:
        notes.append(Message("The asset has no picture: this Blender could not render it ({reason}).", reason=reason))
    if choice.place is AssetPlace.FILE:
        if picture is not None:
            mesh[PICTURE] = picture
        return None, notes
    label = Label(request.session, request.job_id, choice.author)
    try:
        with at_world_size(mesh, request.placement) as obj:
            label_asset(obj, label, picture)
            obj[_JOB] = label.job_id
            path = _put_in_library(obj, label, choice)
    except DiskProblem as problem:
        return None, [*notes, problem.advice]
    if request.materials is Materials.OWN:
        notes.append(Message("The asset in the library has no materials: those of the block-out stay in its own file."))
    where = Message("In the asset library {library}: {path}", library=choice.library, path=f"{FOLDER}/{path.name}")
    return str(path), [*notes, where]


def _put_in_library(obj: bpy.types.Object, label: Label, choice: AssetChoice) -> Path:
    """The file that holds *obj* in the library. Raises :class:`DiskProblem`."""
    root = Path(choice.folder)
    if not choice.folder:
        raise DiskProblem(
            "There is no asset library {library} on this computer, so the result was not added to it.",
            "Blender's preferences list the libraries under File Paths > Asset Libraries.",
            library=repr(choice.library),
        )
    if not root.is_dir():
        raise DiskProblem(
            "The folder {folder} of the asset library {library} does not exist, so the result was not added to it.",
            "Restore the folder, then refine again: a session that is already refined costs nothing.",
            library=choice.library,
            folder=root,
        )
    part = root / FOLDER / f".{label.job_id}.part.blend"
    try:
        part.parent.mkdir(exist_ok=True)
        try:
            bpy.data.libraries.write(str(part), {obj}, fake_user=True, compress=True)
            path = _reserved(part.parent, f"{as_file_name(obj.name)} {label.session_code}", label.job_id)
            replace_file(part, path)
        finally:
            remove_file(part)
        add_catalog(root)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DiskProblem(
            "The asset library {library} cannot be written ({reason}), so the result was not added to it.",
            "Make its folder writable, then refine again: a session that is already refined costs nothing.",
            library=choice.library,
            reason=reason,
        ) from error
    return path


def _reserved(folder: Path, stem: str, job_id: str) -> Path:
    """A file name that is not in use, as an empty file; or the file an earlier attempt at the same job has made."""
    for number in itertools.count(1):
        path = folder / (f"{stem}.blend" if number == 1 else f"{stem} {number}.blend")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            if not _is_of_job(path, job_id):
                continue
        return path
    raise AssertionError


def _is_of_job(path: Path, job_id: str) -> bool:
    """Whether the library file at *path* was made for the job."""
    try:
        loading: Any = bpy.data.libraries.load(str(path), link=True)  # type: ignore[func-returns-value]  # stubs err
        with loading as (available, wanted):
            wanted.objects = available.objects[:1]
    except (OSError, RuntimeError):  # empty so far, or none of ours
        return False
    found = wanted.objects[0] if wanted.objects else None
    is_it = found is not None and found.get(_JOB) == job_id
    if found is not None and found.library is not None:
        bpy.data.libraries.remove(found.library)
    return bool(is_it)
