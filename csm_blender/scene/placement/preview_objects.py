# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews in the file: objects that show, in a block-out's place, what its session looks like before it is refined.

They are in a collection of their own, cannot be selected by a click, are transparent and never rendered. A preview
belongs to the block-out its one constraint names: that survives renaming, saving and undo, does not keep a deleted
block-out in the file, and makes the preview no part of it. With the last preview all that came along is removed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import bpy
from mathutils import Matrix

from ...core.conversion import ConversionReport, Fitted
from ...core.errors import UsageError
from ...core.messages import Message
from ...core.models import JobSpec
from ..blender.bpy_typing import current
from ..blender.custom_properties import read
from ..blender.evaluation import depsgraph_of, world_matrix
from ..measure.custom_box import custom_box
from .align import AlignmentGoal, align_following, goal_of, offset_of
from .append import all_or_nothing, append_mesh
from .preview_shape import follow, remember_shape
from .refit import move_like

COLLECTION = "CSM Previews"
MATERIAL = "CSM Preview"
MARK = "csm_preview"
"""Custom property of all that belongs to previews; on the objects it is the session's code."""

REMARK = "csm_preview_remark"
"""Custom property with the :class:`Remark` on a preview."""

_TINT = (0.1, 0.42, 0.95)
_OPACITY = 0.7


class Remark(StrEnum):
    """What a user should know of a preview: that it is the refined mesh already, or that of an earlier refine.

    ``DELIVERED`` is no preview of what comes: it is the mesh as it was delivered, shown over a result.
    """

    NONE = ""
    DELIVERED = "DELIVERED"
    REFINED = "REFINED"
    EARLIER = "EARLIER"


def is_preview(block: bpy.types.ID) -> bool:
    """Whether *block* is a preview of this file, or the collection or the material of previews."""
    return block.library is None and read(block, MARK) is not None


def check_no_previews(objects: Iterable[bpy.types.Object]) -> None:
    """Raise :class:`UsageError` where one of *objects* is a preview, which is no block-out."""
    for obj in filter(is_preview, objects):
        words = "{name} is a preview, which cannot be refined."
        raise UsageError(words, "Select the block-out that it belongs to.", name=repr(obj.name))


def all_previews() -> list[bpy.types.Object]:
    """All previews of the file, wherever they were moved to."""
    if not any(map(is_preview, (*bpy.data.collections, *bpy.data.materials))):
        return []  # so that files without previews need not check all their objects
    return [obj for obj in bpy.data.objects if is_preview(obj)]


def preview_of(block_out: bpy.types.Object | None) -> bpy.types.Object | None:
    """The preview of *block_out*, or itself if it is one. Quick enough for a panel: it checks only the collections."""
    if block_out is None or is_preview(block_out):
        return block_out
    return next((preview for preview in collected() if block_out_of(preview) == block_out), None)


def block_out_of(preview: bpy.types.Object) -> bpy.types.Object | None:
    """The block-out that *preview* belongs to; ``None`` when that was deleted."""
    constraints: Any = preview.constraints
    return next((constraint.target for constraint in constraints if constraint.type == "COPY_TRANSFORMS"), None)


def remark_of(preview: bpy.types.Object) -> Remark:
    """The remark on *preview*."""
    return next((remark for remark in Remark if remark == read(preview, REMARK)), Remark.NONE)


def collected() -> Iterator[bpy.types.Object]:
    """The previews in the collections made for them. Quick: other objects are not checked."""
    return (obj for collection in _collections() for obj in collection.objects if is_preview(obj))


def orphans() -> list[bpy.types.Object]:
    """The collected previews whose block-outs are not in their scenes any more, or whose results are hidden."""
    pairs = [(preview, block_out_of(preview)) for preview in collected()]
    return [
        preview
        for preview, target in pairs
        if target is None
        or not any(_is_in(scene, preview) and _is_in(scene, target) for scene in bpy.data.scenes)
        or (target.hide_viewport and remark_of(preview) is Remark.DELIVERED)
    ]


def drawn_boxes() -> bool:
    """Whether any block-out of a preview has a custom box: cheap to measure, and no change of one is counted."""
    return any(target is not None and custom_box(target) is not None for target in map(block_out_of, collected()))


def follow_block_outs(reason_to_wait: Callable[[bpy.types.Scene], Message]) -> bool:
    """Fit all previews to the boxes that their block-outs have now. Whether one of them waits: for *reason_to_wait*."""
    waits = False
    for preview in list(collected()):
        target, scenes = block_out_of(preview), preview.users_scene
        if target is None or not scenes:
            continue
        if reason_to_wait(scenes[0]):
            waits = True
        else:
            follow(preview, target, scenes[0])
    return waits


def show(
    spec: JobSpec, report: ConversionReport, remark: Remark | Fitted, scene: bpy.types.Scene, target: bpy.types.Object
) -> bpy.types.Object:
    """Place what the converter made of the session's mesh where *target* is now, instead of an earlier preview.

    *report* is the converter's. In place of a remark it may be said how *target* fits, a result made of the same mesh:
    then it is placed over that, and the remark is ``DELIVERED``. Raises :class:`PlacementFailed` with the scene as it
    was. An undo step is the caller's.
    """
    over = remark if isinstance(remark, Fitted) else None
    collection, name = _collection_in(scene), f"{target.name} {'preview' if over is None else 'as delivered'}"
    try:
        with all_or_nothing():
            mesh = append_mesh(report)
            if over is not None:
                move_like(mesh, spec, report.fitted, over)
            obj = bpy.data.objects.new(name, mesh)
            obj[MARK], obj[REMARK] = (
                spec.session_code or spec.source.label,
                str(remark if over is None else Remark.DELIVERED),
            )
            _set_look(obj, mesh)
            if over is not None:
                obj.display_type = "WIRE"  # so that both are seen
            collection.objects.link(obj)
            now = world_matrix(target, depsgraph_of(scene))
            world = goal_of(spec, now) if over is None else now
            goal = AlignmentGoal(world, report.fitted.box, target, now, scene)
            align_following(obj, goal, offset_of(spec) if over is None else Matrix())
            if over is None:
                remember_shape(obj, spec)
            _show_in_local_views(obj, target, depsgraph_of(scene))
    except BaseException:
        _drop_empty([collection])
        raise
    remove(preview for preview in all_previews() if preview != obj and block_out_of(preview) == target)
    obj.name = mesh.name = name
    return obj


def remove_of(block_outs: Sequence[bpy.types.Object]) -> bool:
    """Remove the previews of *block_outs*. Whether there were any."""
    found = [preview for preview in all_previews() if block_out_of(preview) in block_outs]
    remove(found)
    return bool(found)


def remove_delivered() -> None:
    """Remove what shows meshes as delivered over results: it is for a look, and not for saved files."""
    remove(preview for preview in collected() if remark_of(preview) is Remark.DELIVERED)


def remove(previews: Iterable[bpy.types.Object]) -> None:
    """Remove *previews*, their meshes, and with the last one the collections and the material of all."""
    found = list(previews)
    meshes = {preview.data for preview in found}
    _remove(found)
    _remove([mesh for mesh in meshes if isinstance(mesh, bpy.types.Mesh) and not mesh.users])
    _drop_empty(list(_collections()))
    _remove([material for material in bpy.data.materials if is_preview(material) and not material.users])


def _remove(blocks: Sequence[bpy.types.ID]) -> None:
    """Remove *blocks*. Blender looks through the whole file for that, even where there is nothing to remove."""
    if blocks:
        bpy.data.batch_remove(blocks)


def _is_in(scene: bpy.types.Scene, obj: bpy.types.Object) -> bool:
    # A linked object and its override have the same name: then the first look-up finds another one.
    return scene.objects.get(obj.name) == obj or any(other == obj for other in scene.objects)


def _set_look(obj: bpy.types.Object, mesh: bpy.types.Mesh) -> None:
    """Tinted and transparent in every shading, in front of the block-out; not rendered, not selectable."""
    mesh.materials.clear()
    mesh.materials.append(_material())
    obj.color = (*_TINT, _OPACITY)
    obj.show_in_front = obj.show_transparent = True
    obj.hide_render = obj.hide_select = True


def _material() -> bpy.types.Material:
    """The one material of all previews."""
    for found in filter(is_preview, bpy.data.materials):
        return found
    material = bpy.data.materials.new(MATERIAL)
    material[MARK] = True
    material.diffuse_color = (*_TINT, _OPACITY)  # for solid shading
    material.surface_render_method = "BLENDED"
    if material.node_tree is None:
        material.use_nodes = True
    assert material.node_tree is not None
    nodes: Any = material.node_tree.nodes
    for inputs in [node.inputs for node in nodes if node.type == "BSDF_PRINCIPLED"]:  # for material preview
        inputs["Base Color"].default_value = (*_TINT, 1.0)
        inputs["Alpha"].default_value = _OPACITY
    return material


def _show_in_local_views(obj: bpy.types.Object, target: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> None:
    """Show *obj* in the local views that show *target*. In 4.3 only evaluated objects know that (seen)."""
    evaluated = target.evaluated_get(depsgraph)
    for window in current.window_manager.windows:
        for area in window.screen.areas:
            space = area.spaces.active
            if area.type == "VIEW_3D" and space.local_view is not None and evaluated.local_view_get(space):
                with contextlib.suppress(RuntimeError):  # of another view layer than the current one
                    obj.local_view_set(space, True)


def _collections() -> Iterator[bpy.types.Collection]:
    return filter(is_preview, bpy.data.collections)


def _collection_in(scene: bpy.types.Scene) -> bpy.types.Collection:
    """The collection of the previews in *scene*, made if there is none."""
    children: Sequence[bpy.types.Collection] = scene.collection.children_recursive
    for found in filter(is_preview, children):
        return found
    collection = bpy.data.collections.new(COLLECTION)
    collection[MARK] = True
    collection.hide_render = True
    collection.color_tag = "COLOR_05"
    scene.collection.children.link(collection)
    return collection


def _drop_empty(collections: Iterable[bpy.types.Collection]) -> None:
    for collection in collections:
        if not len(collection.objects) and not len(collection.children):
            bpy.data.collections.remove(collection)
