# SPDX-License-Identifier: GPL-3.0-or-later
"""A block-out and its results: which belongs to which, showing one or the other, and going back to versions.

All of it is recorded in custom properties, so it survives saving, loading, renaming and undo, and works in a file that
was refined from the command line. The block-out has only an id; everything else is on the results, because Blender
drops new custom properties of library overrides.

A result is an object of its own (``HIDE``, ``KEEP``) or a mesh that the block-out has now (``REPLACE``). No data is
deleted here: meshes that are not shown are kept in the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from ...core.errors import UsageError
from ...core.messages import Message
from ..blender.custom_properties import read
from . import mesh_swap

ID = "csm_id"
RESULT_OF = "csm_result_of"
BLOCK_OUT = "csm_block_out"
HIDES = "csm_hides"
SHOWN_AT = "csm_shown_at"
SESSION = "csm_session"
REFINED_AT = "csm_refined_at"

_BY_NAME = "n"
"""First letter of the key of an object that cannot have an id. A real id is hexadecimal."""

Result = bpy.types.Object | bpy.types.Mesh


@dataclass(frozen=True)
class Version:
    """One of the things that can be shown in a place: the block-out itself (``result`` is ``None``), or a result."""

    result: Result | None
    shown: bool

    @property
    def refined_at(self) -> str:
        """When the result was placed (ISO 8601, UTC); empty for the block-out."""
        return str(self._read(REFINED_AT, ""))

    @property
    def shown_at(self) -> float:
        """When the result was last switched to, in seconds since the epoch."""
        return float(self._read(SHOWN_AT, 0.0))

    @property
    def label(self) -> str:
        """What it is and since when, for the menu."""
        if self.result is None:
            return Message("Block-out")
        return f"{self._read(SESSION, '')} · {self.refined_at[:16].replace('T', ' ')}"

    def _read(self, name: str, default: Any) -> Any:
        return default if self.result is None else read(self.result, name, default)


def can_toggle(obj: bpy.types.Object | None) -> bool:
    """Whether *obj* seems to be a block-out that has results, or a result. Quick enough for ``poll``."""
    if obj is None:
        return False
    is_marked = read(obj, RESULT_OF) is not None or read(obj, ID) is not None
    return is_marked or (obj.override_library is not None and block_out_of(obj) is not None)


def toggle_original(obj: bpy.types.Object) -> bool:
    """Show the block-out of *obj* if its result is shown, else the result. *obj* may be either.

    Whether the block-out is shown now. Raises :class:`UsageError` where there is nothing to toggle.
    """
    block_out = _require_block_out(obj)
    block, *results = sorted(versions(block_out), key=lambda version: version.result is not None)
    if shown := [version for version in results if version.shown]:
        show_version(block_out, shown[-1].result if block.shown else None)  # after KEEP both are: leave the result
        return not block.shown
    show_version(block_out, max(results, key=lambda version: version.shown_at).result)
    return False


def versions(obj: bpy.types.Object) -> list[Version]:
    """The block-out and all its results, oldest first. *obj* may be any of them; empty if it is none."""
    block_out = block_out_of(obj)
    if block_out is None:
        return []
    key = key_of(block_out)
    held, objects = mesh_swap.held(block_out, key), results_of(block_out)
    # Where only its mesh is exchanged, the block-out's visibility is the user's.
    is_shown = not block_out.hide_viewport or not objects
    found = [
        Version(None, held is None and is_shown),
        *(Version(result, not result.hide_viewport) for result in objects),
        *(Version(mesh, mesh == held and is_shown) for mesh in mesh_swap.meshes_for(key)),
    ]
    return sorted(found, key=lambda version: version.refined_at)


def show_version(obj: bpy.types.Object, result: Result | None) -> None:
    """Show *result*, one of :func:`versions`, and hide the others; ``None`` shows the block-out."""
    block_out = _require_block_out(obj)
    key = key_of(block_out)
    others = [other for other in results_of(block_out) if other != result]
    for other in others:
        other.hide_viewport = other.hide_render = True
    concerned = next((o for o in (result, *others) if isinstance(o, bpy.types.Object)), None)
    if isinstance(result, bpy.types.Mesh):
        mesh_swap.exchange(block_out, key, result)
    else:
        mesh_swap.restore(block_out, key)
    if isinstance(result, bpy.types.Object):
        result.hide_viewport = result.hide_render = False
        for hidden, _entry in _hidden_by(result):  # their children stay as they are
            hidden.hide_viewport = hidden.hide_render = True
    elif concerned is not None:
        _show_again(block_out, concerned)
    if result is not None:
        result[SHOWN_AT] = time.time()


def block_out_of(obj: bpy.types.Object) -> bpy.types.Object | None:
    """The block-out that *obj* is, is a result of, or is a part of; ``None`` where it is none of these."""
    if read(obj, RESULT_OF) is not None:
        return _find(str(read(obj, RESULT_OF)), str(read(obj, BLOCK_OUT, "")))
    key = key_of(obj)
    if not key:
        return None
    if mesh_swap.meshes_for(key) or results_of(obj):
        return obj
    for result in bpy.data.objects:
        if read(result, RESULT_OF) is not None and any(entry["key"] == key for entry in _hides(result)):
            return _find(str(read(result, RESULT_OF)), str(read(result, BLOCK_OUT, "")))
    return None


def results_of(block_out: bpy.types.Object) -> list[bpy.types.Object]:
    """The objects that are results of *block_out*, hidden ones too."""
    key = key_of(block_out)
    if not key:
        return []
    objects: Any = bpy.data.objects
    found = [obj for obj in objects if obj.get(RESULT_OF) == key]  # not read(): for each of thousands of objects
    return [obj for obj in found if _find(key, str(read(obj, BLOCK_OUT, ""))) == block_out]


def key_of(obj: bpy.types.Object) -> str:
    """The key by which results refer to *obj*; empty where none does."""
    if obj.library is not None or obj.override_library is not None:
        return _BY_NAME + hashlib.sha256(obj.name.encode()).hexdigest()[:31]
    return str(read(obj, ID, ""))


def identify(block_out: bpy.types.Object) -> str:
    """:func:`key_of`, made first where there is none, or where *block_out* is a duplicate of what was refined."""
    key = key_of(block_out)
    if key.startswith(_BY_NAME) or len(_with_key(key)) == 1:
        return key
    names = {str(read(obj, BLOCK_OUT, "")) for obj in bpy.data.objects if read(obj, RESULT_OF) == key}
    if key and block_out.name in names:
        return key
    new = uuid.uuid4().hex
    mesh_swap.copy_record(block_out, key, new)
    block_out[ID] = new
    return new


def attach(result: bpy.types.Object, block_out: bpy.types.Object, hides: Sequence[bpy.types.Object]) -> None:
    """Record *result* as one of *block_out*, and that showing it hides *hides* (the block-out among them)."""
    result[RESULT_OF], result[BLOCK_OUT] = identify(block_out), block_out.name
    result[SHOWN_AT] = time.time()
    entries = [
        {"key": identify(obj), "name": obj.name, "viewport": obj.hide_viewport, "render": obj.hide_render}
        for obj in hides
    ]
    result[HIDES] = json.dumps(entries)


def _show_again(block_out: bpy.types.Object, result: bpy.types.Object) -> None:
    """Show the block-out and its other parts, as far as they were shown before *result* was placed."""
    for obj, entry in {block_out: {}, **dict(_hidden_by(result))}.items():
        obj.hide_viewport = False
        obj.hide_render = bool(entry.get("render")) and not entry.get("viewport")
        with contextlib.suppress(RuntimeError):  # in a collection that the view layer leaves out
            obj.hide_set(False)


def _hidden_by(result: bpy.types.Object) -> Iterator[tuple[bpy.types.Object, dict[str, Any]]]:
    for entry in _hides(result):
        obj = _find(entry["key"], entry["name"])
        if obj is not None:
            yield obj, entry


def _hides(result: bpy.types.Object) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(str(read(result, HIDES, "[]")))
    except ValueError:
        return []
    return entries


def _find(key: str, name: str) -> bpy.types.Object | None:
    """The object with this *key*. Duplicates have the same key: then it is the one that is still called *name*."""
    found = _with_key(key)
    return found[0] if len(found) == 1 else next((obj for obj in found if obj.name == name), None)


def _with_key(key: str) -> list[bpy.types.Object]:
    if not key:
        return []
    objects: Any = bpy.data.objects
    if not key.startswith(_BY_NAME):  # the id first: there may be thousands of objects, and few have it
        objects = [obj for obj in objects if obj.get(ID) == key]
    return [obj for obj in objects if key_of(obj) == key]


def _require_block_out(obj: bpy.types.Object) -> bpy.types.Object:
    block_out = block_out_of(obj)
    if block_out is None:
        if read(obj, RESULT_OF) is not None:
            raise UsageError("The block-out of {name} is no longer in this file.", name=repr(obj.name))
        raise UsageError("{name} has no refined result to switch to.", "Refine it first.", name=repr(obj.name))
    return block_out
