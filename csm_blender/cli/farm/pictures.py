# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures of results for the page of ``report``, made when they are first asked for and kept with the job."""

from __future__ import annotations

import time
from collections.abc import Sequence

import bpy

from ...converter.thumbnail import ThumbnailFailed, thumbnail_png
from ...core.errors import CsmError
from ...core.farm.job_folders import JobFolders
from ...core.files.whole_file import write_whole
from ...core.jobs.states import JobState
from ...scene.placement.append import link_mesh
from ..console import say
from .page import PICTURE_NAME

_TELL_S = 5.0


def make_pictures(folders: JobFolders, indices: Sequence[int] | None, most: int) -> int:
    """Make the pictures of up to *most* results that have none; how many were made.

    A result without a picture is no error: only a sentence says so.
    """
    made, told_s = 0, time.monotonic()
    for job_id in folders.plan.ids(indices):
        if made >= most:
            break
        path = folders.folder(job_id) / PICTURE_NAME
        if folders.journal(job_id).record.get("state") != JobState.READY or path.exists():
            continue
        try:
            write_whole(path, _picture_of(folders, job_id))
        except (CsmError, ThumbnailFailed, OSError) as error:
            say(f"[{folders.plan.index_of(job_id)}] There is no picture: {error}")
            continue
        made += 1
        if time.monotonic() - told_s > _TELL_S:
            told_s = time.monotonic()
            say(f"{made} pictures made")
    return made


def _picture_of(folders: JobFolders, job_id: str) -> bytes:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    job = folders.get(job_id)
    assert job is not None
    assert job.result is not None
    mesh = link_mesh(job.result.conversion)
    return thumbnail_png(mesh, job.spec.placement.signed_scale)
