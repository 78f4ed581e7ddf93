# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender allows to be done with a block-out, asked before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...core.errors import TargetUnchangeable
from ...core.models import Original


def check_changeable(targets: Sequence[bpy.types.Object], original: Original) -> None:
    """Raise :class:`TargetUnchangeable` unless *original* can be done to *targets* (several for a common box)."""
    if original is Original.KEEP:
        return
    for target in targets:
        if target.library is not None:
            raise TargetUnchangeable(
                "{name} is linked from another file and cannot be changed.",
                "Keep the original, or make a library override of the object first.",
                name=repr(target.name),
            )
        if target.override_library is not None and target.override_library.is_system_override:
            raise TargetUnchangeable(
                "{name} is a library override that is not editable.",
                "Make it editable (Library Override > Make), or keep the original.",
                name=repr(target.name),
            )
    if original is not Original.REPLACE:
        return
    instead = "Use Hide or Keep instead of Replace."
    if len(targets) > 1:
        words = "One result cannot replace the meshes of {count} objects."
        raise TargetUnchangeable(words, instead, count=len(targets))
    if targets[0].type != "MESH":
        words = "{name} is of type {type}, which cannot hold a mesh."
        kind = targets[0].type.lower().replace("_", " ")
        raise TargetUnchangeable(words, instead, name=repr(targets[0].name), type=kind)
