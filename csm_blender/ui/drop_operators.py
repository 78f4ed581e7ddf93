# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh files dropped onto the 3D view: one over a block-out is refined into that one, elsewhere the panel shows it.

Several are paired with the objects of their names, wherever they are dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ..core.files.source_text import check_file
from ..core.sources import MESH_SUFFIXES
from ..scene.addon.translation import reports
from ..scene.blender.bpy_typing import Context
from ..scene.blender.typed_properties import CollectionProperty, StringProperty
from ..scene.placement import preview_objects
from ..scene.properties import state_of
from .operator_base import CsmOperator, Returned, go_on_with
from .viewport import as_vec3, utils


class CSM_OT_drop_file(CsmOperator):
    """Refine this mesh file into the object under the mouse, or choose it in the panel"""

    bl_idname = "csm.drop_file"
    bl_label = "Refine into Block-out"

    filepath = StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory = StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files = CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        """Take what is under the mouse as the block-out, and refine the file into it."""
        if len(self.files) > 1:
            names = [{"name": item.name} for item in self.files]
            go_on_with("refine_files", directory=self.directory, files=names)
            return {"FINISHED"}
        self.run(context)
        obj = _under_mouse(context, event) if context.mode == "OBJECT" else None
        if obj is None:
            self.report({"INFO"}, reports.say("Select the block-out, then press Refine in the sidebar (tab CSM)."))
            return {"FINISHED"}
        for other in context.selected_objects:
            other.select_set(False)
        obj.select_set(True)
        context.view_layer.objects.active = obj
        go_on_with("refine", target=obj.name)
        return {"FINISHED"}

    def run(self, context: Context) -> None:
        """Choose the file in the panel."""
        check_file(Path(self.filepath))
        state = state_of(context.scene)
        state.source, state.filepath = "FILE", self.filepath


class CSM_FH_mesh(bpy.types.FileHandler):
    """Mesh files that are dropped onto the 3D view."""

    bl_idname = "CSM_FH_mesh"
    bl_label = "CSM Refine into Block-out"
    bl_import_operator = "csm.drop_file"
    bl_file_extensions = ";".join(MESH_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def _under_mouse(context: Context, event: bpy.types.Event) -> bpy.types.Object | None:
    """The mesh object that is seen where the mouse is; of a preview, the block-out it belongs to."""
    area: Any = context.area
    if area is None or area.type != "VIEW_3D":
        return None
    region = next(region for region in area.regions if region.type == "WINDOW")
    view = area.spaces.active.region_3d
    pixel = Vector((event.mouse_x - region.x, event.mouse_y - region.y))
    start = utils.region_2d_to_origin_3d(region, view, pixel)
    toward = utils.region_2d_to_vector_3d(region, view, pixel)
    depsgraph = context.evaluated_depsgraph_get()
    found: Any = context.scene.ray_cast(depsgraph, as_vec3(start), as_vec3(toward))
    obj: bpy.types.Object | None = found[4].original if found[0] else None
    if obj is not None and preview_objects.is_preview(obj):
        obj = preview_objects.block_out_of(obj)
    return obj if obj is not None and obj.name in context.view_layer.objects else None


CLASSES = (CSM_OT_drop_file, CSM_FH_mesh)
