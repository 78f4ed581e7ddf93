# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the converted mesh into the file, with its materials and images, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ...core.conversion import ConversionReport
from ...core.errors import PlacementFailed

_TOUCHED = ("objects", "meshes", "materials", "node_groups", "textures", "images", "libraries")


def datablocks() -> Iterator[Any]:
    """The collections of ``bpy.data`` that a converted mesh adds to: users before what they use."""
    for name in _TOUCHED:
        yield getattr(bpy.data, name)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Remove the datablocks that were made inside if it ends with an error."""
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
    """:func:`append_mesh`, with the empty library left behind: removing a datablock has all editors drawn again.

    The mesh is linked and then made local, which leaves no trace in it of where it came from: appending would write the
    path of the job's folder into every datablock (``library_weak_reference``).
    """
    try:
        # The stub says that load() returns None; it is a context manager.
        loading: Any = bpy.data.libraries.load(report.blend, link=True)  # type: ignore[func-returns-value]  # as told
        with loading as (available, wanted):
            wanted.meshes = [report.mesh] if report.mesh in available.meshes else available.meshes[:1]
    except (OSError, RuntimeError) as error:
        raise PlacementFailed("The converted mesh cannot be read: {error}.", error=error) from error
    mesh = next(iter(wanted.meshes), None)
    if not isinstance(mesh, bpy.types.Mesh):
        raise PlacementFailed("There is no mesh in {name}.", name=Path(report.blend).name)
    assert mesh.library is not None
    _make_local(mesh.library)
    mesh.use_fake_user = False
    return mesh


def _make_local(library: bpy.types.Library) -> None:
    """Make all of *library* local: users first, since what a linked datablock uses is copied instead."""
    left: tuple[Any, ...] = tuple(library.users_id)
    while left:
        for block in left:
            block.make_local()
        still = tuple(library.users_id)
        if len(still) == len(left):
            raise PlacementFailed(
                "{name} of the converted mesh cannot be added to this file.", name=repr(still[0].name)
            )
        left = still
