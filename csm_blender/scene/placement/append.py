# SPDX-License-Identifier: GPL-3.0-or-later
"""Append the converted mesh to the file, with its materials and images, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ...core.conversion import ConversionReport
from ...core.errors import PlacementFailed


def datablocks() -> list[Any]:
    """The collections of ``bpy.data`` that a converted mesh adds to: users before what they use."""
    data = bpy.data
    return [data.objects, data.meshes, data.materials, data.node_groups, data.textures, data.images, data.libraries]


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Remove the datablocks that were made inside the block if it ends with an error."""
    before = [set(blocks) for blocks in datablocks()]
    try:
        yield
    except BaseException:
        for blocks, known in zip(datablocks(), before, strict=True):
            bpy.data.batch_remove([block for block in blocks if block not in known])
        raise


def append_mesh(report: ConversionReport) -> bpy.types.Mesh:
    """The mesh a converter made, now in this file. Raises :class:`PlacementFailed`."""
    earlier = set(bpy.data.libraries)
    mesh = bring_mesh(report)
    bpy.data.batch_remove([library for library in bpy.data.libraries if library not in earlier])
    return mesh


def bring_mesh(report: ConversionReport) -> bpy.types.Mesh:
    """:func:`append_mesh`, with the empty library left behind: removing a datablock redraws all editors.

    The mesh is linked and then made local: appending would write the path of the job's folder into every datablock
    (``library_weak_reference``).
    """
    mesh = link_mesh(report)
    assert mesh.library is not None
    mesh.use_fake_user = True  # Blender 5.3 makes nothing local that has no user
    _make_local(mesh.library)
    mesh.use_fake_user = False
    return mesh


def link_mesh(report: ConversionReport, *, relative: bool = False) -> bpy.types.Mesh:
    """The mesh a converter made, linked to its file. Raises :class:`PlacementFailed`.

    The path is *relative* to this file where that is wanted, it has one, and both are on the same disk.
    """
    relative = relative and bool(bpy.data.filepath) and _have_common_root(report.blend, bpy.data.filepath)
    try:
        loading: Any = bpy.data.libraries.load(report.blend, link=True, relative=relative)  # type: ignore[func-returns-value]  # stubs err
        with loading as (available, wanted):
            wanted.meshes = [report.mesh] if report.mesh in available.meshes else available.meshes[:1]
    except (OSError, RuntimeError) as error:
        raise PlacementFailed("The converted mesh cannot be read: {error}.", error=error) from error
    mesh = next(iter(wanted.meshes), None)
    if not isinstance(mesh, bpy.types.Mesh):
        raise PlacementFailed("There is no mesh in {name}.", name=Path(report.blend).name)
    return mesh


def _have_common_root(one: str, other: str) -> bool:
    return Path(one).anchor == Path(other).anchor


def _make_local(library: bpy.types.Library) -> None:
    """Make all of *library* local: users first, since what a linked datablock uses is copied instead."""
    left: tuple[Any, ...] = tuple(library.users_id)
    while left:
        for block in left:
            block.make_local()
        before, left = left, tuple(library.users_id)
        if len(left) == len(before):
            words = "{name} of the converted mesh cannot be added to this file."
            raise PlacementFailed(words, name=repr(left[0].name))
