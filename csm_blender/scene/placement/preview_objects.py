# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews in the file: objects that show, in a block-out's place, what its session looks like before it is refined.

They lie in a collection of their own, cannot be clicked at, are seen through and never rendered. A preview belongs to
the block-out its one constraint names: that survives renaming, saving and undo, does not keep a deleted block-out in
the file, and makes the preview no part of it. With the last preview all that came along is gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import bpy

from ...core.conversion import ConversionReport
from ...core.errors import UsageError
from ...core.models import JobSpec
from ..blender.bpy_typing import current
from ..blender.custom_properties import read
from ..blender.evaluation import depsgraph_of, world_matrix
from .align import AlignmentGoal, align_following, goal_of, offset_of
from .append import all_or_nothing, append_mesh

COLLECTION = "CSM Previews"
MATERIAL = "CSM Preview"
MARK = "csm_preview"
"""Custom property of all that belongs to previews; on the objects it is the session's code."""

REMARK = "csm_preview_remark"
"""What is to be said of a preview: that it is the refined mesh already, or an earlier one."""

_TINT = (0.1, 0.42, 0.95)
_SEEN_THROUGH = 0.7


class Remark(StrEnum):
    """What a person should know of a preview."""

    NONE = ""
    REFINED = "REFINED"
    EARLIER = "EARLIER"


def is_preview(obj: bpy.types.Object) -> bool:
    """Whether *obj* is a preview of this file."""
    return obj.library is None and read(obj, MARK) is not None


def check_no_previews(objects: Iterable[bpy.types.Object]) -> None:
    """Raise :class:`UsageError` where one of *objects* is a preview, which is no block-out."""
    for obj in objects:
        if is_preview(obj):
            raise UsageError(
                "{name} is a preview, which cannot be refined.",
                "Select the block-out that it belongs to.",
                name=repr(obj.name),
            )


def all_previews() -> list[bpy.types.Object]:
    """All previews of the file, wherever they were moved to."""
    if not any(map(_is_ours, (*bpy.data.collections, *bpy.data.materials))):
        return []  # so that files without any need no look at all their objects
    return [obj for obj in bpy.data.objects if is_preview(obj)]


def preview_at_hand(block_out: bpy.types.Object | None) -> bpy.types.Object | None:
    """The preview of *block_out*, or itself if it is one. Quick enough for a panel: it looks only where they lie."""
    if block_out is None:
        return None
    if is_preview(block_out):
        return block_out
    return next((preview for preview in _at_hand() if block_out_of(preview) == block_out), None)


def block_out_of(preview: bpy.types.Object) -> bpy.types.Object | None:
    """The block-out that *preview* belongs to; ``None`` when that was deleted."""
    constraints: Any = preview.constraints
    return next((constraint.target for constraint in constraints if constraint.type == "COPY_TRANSFORMS"), None)


def remark_of(preview: bpy.types.Object) -> Remark:
    """What is to be said of *preview*."""
    text = str(read(preview, REMARK, ""))
    return Remark(text) if text in {str(remark) for remark in Remark} else Remark.NONE


def strays() -> list[bpy.types.Object]:
    """The previews whose block-outs are not in their scenes any more. Quick, as it is asked for again and again."""
    return [preview for preview in _at_hand() if not _has_block_out(preview)]


def has_any() -> bool:
    """Whether there are previews where they lie. Quick."""
    return next(_at_hand(), None) is not None


def show(
    spec: JobSpec, report: ConversionReport, remark: Remark, scene: bpy.types.Scene, target: bpy.types.Object
) -> bpy.types.Object:
    """Stand what the converter made of the session's mesh where *target* stands now, in place of an earlier preview.

    *report* is the converter's. Raises :class:`PlacementFailed` with the scene as it was. An undo step is the caller's.
    """
    collection = _collection_in(scene)
    try:
        with all_or_nothing():
            mesh = append_mesh(report)
            obj = bpy.data.objects.new(_name(target), mesh)
            obj[MARK], obj[REMARK] = spec.session_code, str(remark)
            _make_ghostly(obj, mesh)
            collection.objects.link(obj)
            now = world_matrix(target, depsgraph_of(scene))
            goal = AlignmentGoal(goal_of(spec, now), report.fitted.box, target, now, scene)
            align_following(obj, goal, offset_of(spec))
            _follow_into_local_views(obj, target, depsgraph_of(scene))
    except BaseException:
        _drop_empty([collection])
        raise
    remove(preview for preview in all_previews() if preview != obj and block_out_of(preview) == target)
    obj.name = mesh.name = _name(target)
    return obj


def remove_of(block_outs: Sequence[bpy.types.Object]) -> bool:
    """Remove the previews of *block_outs*. Whether there were any."""
    found = [preview for preview in all_previews() if block_out_of(preview) in block_outs]
    remove(found)
    return bool(found)


def remove(previews: Iterable[bpy.types.Object]) -> None:
    """Remove *previews*, their meshes, and with the last one the collection and the material of all."""
    meshes: list[Any] = []
    for preview in list(previews):
        meshes.append(preview.data)
        bpy.data.objects.remove(preview)
    for mesh in meshes:
        if isinstance(mesh, bpy.types.Mesh) and not mesh.users:
            bpy.data.meshes.remove(mesh)
    _drop_empty(list(_collections()))
    for material in [material for material in bpy.data.materials if _is_ours(material) and not material.users]:
        bpy.data.materials.remove(material)


def _at_hand() -> Iterator[bpy.types.Object]:
    return (obj for collection in _collections() for obj in collection.objects if is_preview(obj))


def _has_block_out(preview: bpy.types.Object) -> bool:
    target = block_out_of(preview)
    return target is not None and any(_is_in(scene, preview) and _is_in(scene, target) for scene in bpy.data.scenes)


def _is_in(scene: bpy.types.Scene, obj: bpy.types.Object) -> bool:
    # A linked object and its override have the same name: then the first look finds another one.
    return scene.objects.get(obj.name) == obj or any(other == obj for other in scene.objects)


def _name(target: bpy.types.Object) -> str:
    return f"{target.name} preview"


# --- how they look ----------------------------------------------------------------------------------------------------
def _make_ghostly(obj: bpy.types.Object, mesh: bpy.types.Mesh) -> None:
    """Tinted and seen through in every shading, before the block-out it stands in; never rendered, never clicked at."""
    mesh.materials.clear()
    mesh.materials.append(_material())
    obj.color = (*_TINT, _SEEN_THROUGH)
    obj.show_in_front = obj.show_transparent = True
    obj.hide_render = obj.hide_select = True


def _material() -> bpy.types.Material:
    """The one material of all previews."""
    found = next((material for material in bpy.data.materials if _is_ours(material)), None)
    if found is not None:
        return found
    material = bpy.data.materials.new(MATERIAL)
    _mark(material)
    material.diffuse_color = (*_TINT, _SEEN_THROUGH)  # for solid shading
    material.surface_render_method = "BLENDED"
    if material.node_tree is None:
        material.use_nodes = True
    assert material.node_tree is not None
    nodes: Any = material.node_tree.nodes
    for inputs in [node.inputs for node in nodes if node.type == "BSDF_PRINCIPLED"]:  # for material preview
        inputs["Base Color"].default_value = (*_TINT, 1.0)
        inputs["Alpha"].default_value = _SEEN_THROUGH
    return material


def _follow_into_local_views(obj: bpy.types.Object, target: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> None:
    """Show *obj* in the local views that show *target*. In 4.3 only evaluated objects know that (seen)."""
    evaluated = target.evaluated_get(depsgraph)
    for window in current.window_manager.windows:
        for area in window.screen.areas:
            space = area.spaces.active
            if area.type == "VIEW_3D" and space.local_view is not None and evaluated.local_view_get(space):
                with contextlib.suppress(RuntimeError):  # of another view layer than the one at hand
                    obj.local_view_set(space, True)


# --- where they lie ---------------------------------------------------------------------------------------------------
def _is_ours(block: bpy.types.ID) -> bool:
    return block.library is None and read(block, MARK) is not None


def _mark(block: Any) -> None:
    block[MARK] = True


def _collections() -> Iterator[bpy.types.Collection]:
    return (collection for collection in bpy.data.collections if _is_ours(collection))


def _collection_in(scene: bpy.types.Scene) -> bpy.types.Collection:
    """The collection of the previews in *scene*, made if need be."""
    children: Sequence[bpy.types.Collection] = scene.collection.children_recursive
    found = next((child for child in children if _is_ours(child)), None)
    if found is not None:
        return found
    collection = bpy.data.collections.new(COLLECTION)
    _mark(collection)
    collection.hide_render = True
    collection.color_tag = "COLOR_05"
    scene.collection.children.link(collection)
    return collection


def _drop_empty(collections: Iterable[bpy.types.Collection]) -> None:
    for collection in collections:
        if not len(collection.objects) and not len(collection.children):
            bpy.data.collections.remove(collection)
