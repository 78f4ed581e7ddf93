# SPDX-License-Identifier: GPL-3.0-or-later
"""``Scene.csm`` and ``Object.csm``: the choices of the panel, and records of the jobs, which are saved in the .blend.

The store is the truth about a job; a record is a copy for the panel, which undo rolls back and which may be older than
the store. It holds what is needed to continue the job on another machine, and never a key or a link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import bpy

from ..core.remesh import MAX_FACES, MIN_FACES, TEXTURE_SIZES
from .addon.translation import OURS
from .blender.change_counter import chosen
from .blender.runtime import Part, part
from .blender.typed_properties import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
    with_properties,
)
from .measure import custom_box_callbacks
from .measure.custom_box import IS_KEPT_APART, OVERRIDE_BOX

FIT_ITEMS = (
    ("EXACT", "Exact", "Scale each axis so that the mesh fills the box"),
    ("INSIDE", "Inside", "Scale all axes equally, as large as fits into the box"),
    ("NONE", "None", "Keep the size as the service delivers it"),
)
PIVOT_ITEMS = (
    ("ORIGIN", "Object Origin", "The result's origin is the block-out's"),
    ("CENTER", "Center", "The result's origin is the center of the box"),
    ("BASE", "Base", "The result's origin is the center of the bottom of the box"),
    ("CUSTOM", "Custom", "A point of the box given by numbers"),
)
ORIGINAL_ITEMS = (
    ("HIDE", "Hide", "Hide the block-out when the refined mesh is placed"),
    ("KEEP", "Keep", "Leave the block-out visible"),
    ("REPLACE", "Replace", "Replace the mesh of the block-out itself; its earlier mesh stays in the file"),
)
_Override = set[Literal["LIBRARY_OVERRIDABLE"]]
_OF_OVERRIDES: _Override = {"LIBRARY_OVERRIDABLE"}  # without it a library override cannot change the custom box
_OF_GROUPS: _Override = set() if IS_KEPT_APART else _OF_OVERRIDES
COPIES_ITEMS = (
    ("REPLACING", "When Replacing", "Objects that share the block-out's mesh get the result if its mesh is replaced"),
    ("ALWAYS", "Always", "Each object that shares the block-out's mesh gets the result, in its own place"),
    ("NEVER", "Never", "Only the block-out itself gets the result"),
)
MATERIALS_ITEMS = (
    ("REFINED", "Refined", "The materials that come with the refined mesh"),
    ("OWN", "Block-out's", "The materials the block-out has"),
)
ASSET_ITEMS = (
    ("OFF", "Off", "Results do not become assets"),
    ("FILE", "In This File", "A result is marked as an asset, with a picture, in the current file"),
    ("LIBRARY", "In a Library", "A copy of a result, with a picture, is saved as a file in an asset library"),
)
SOURCE_ITEMS = (
    ("SESSION", "Session", "A session of the CSM service"),
    ("FILE", "File", "A mesh file of any generator: no account is needed"),
    ("OBJECT", "Object", "A mesh object of the scene: no account is needed"),
)
ENGINE_ITEMS = (
    (
        "SERVICE",
        "Service",
        "The service refines the session; this may spend credits. Files and objects are refined here",
    ),
    ("LOCAL", "This Computer", "The mesh is made clean and textured on this computer; nothing is paid"),
    ("NONE", "As It Is", "The mesh is fitted and not changed otherwise; nothing is paid"),
)
FACING_ITEMS = (
    ("AUTO", "Automatic", "The turn that fits the block-out's shape best; what the service refined stays as it is"),
    ("AS_DELIVERED", "As Delivered", "The mesh is not turned"),
    ("0", "0°", "The mesh is not turned"),
    ("90", "90°", "A quarter turn, counterclockwise seen from above"),
    ("180", "180°", "A half turn"),
    ("270", "270°", "A quarter turn, clockwise seen from above"),
)
DETAIL_ITEMS = (
    ("LOW", "Low", "5,000 faces"),
    ("MEDIUM", "Medium", "20,000 faces"),
    ("HIGH", "High", "100,000 faces"),
    ("CUSTOM", "Custom", "A number of your own"),
)
DETAILS = {"LOW": 5_000, "MEDIUM": 20_000, "HIGH": 100_000}
TEXTURE_ITEMS = tuple(
    (str(size), f"{size} px" if size else "None", "Side of the textures in pixels" if size else "No textures")
    for size in TEXTURE_SIZES
)
_choice = partial(EnumProperty, translation_context=OURS)
_CORNER = {"subtype": "XYZ", "update": custom_box_callbacks.changed, "override": _OF_OVERRIDES}


def _is_mesh(_state: bpy.types.PropertyGroup, obj: bpy.types.Object) -> bool:
    return obj.type == "MESH"


def _source_chosen(state: CSM_PG_scene, _context: object) -> None:
    """Files and objects cannot have the service; a session has it again where it had it before."""
    if state.source != "SESSION" and state.engine == "SERVICE":
        state.engine, state.had_service = "LOCAL", True
    elif state.source == "SESSION" and state.had_service:
        state.engine, state.had_service = ("SERVICE" if state.engine == "LOCAL" else state.engine), False
    chosen()


def _detail_chosen(state: CSM_PG_scene, _context: object) -> None:
    faces = DETAILS.get(state.detail, state.triangles)
    if state.triangles != faces:
        state.triangles = faces


def _faces_chosen(state: CSM_PG_scene, _context: object) -> None:
    """A number that is not the detail's is a number of one's own."""
    if DETAILS.get(state.detail, state.triangles) != state.triangles:
        state.detail = "CUSTOM"


@with_properties
class CSM_PG_job(bpy.types.PropertyGroup):
    """The record of one job."""

    job_id = StringProperty(name="Job")
    session_code = StringProperty(name="Session")
    source = StringProperty(name="Source", description="Where the mesh comes from: a session, a file or an object")
    status = StringProperty(name="State")
    progress = FloatProperty(name="Progress", min=0.0, max=1.0, subtype="FACTOR")
    message = StringProperty(name="Message")
    error = StringProperty(name="Error")
    error_code = StringProperty(name="Error Code")
    hint = StringProperty(name="Hint")
    target = StringProperty(name="Target", description="Name of the block-out")
    result = StringProperty(name="Result", description="Name of the object that holds the refined mesh")
    has_box = BoolProperty(name="Box Was Sent")
    scaled_bbox = FloatVectorProperty(name="Box", description="Width, height, depth as sent, in meters")
    pivot_point = FloatVectorProperty(name="Pivot", description="As sent: x, y up, z to the front")
    fit_error = FloatProperty(name="Fit Error", description="Of the placed mesh, relative to the box's diagonal")
    # A pointer follows a renamed object and is not copied by Shift-D. It is cleared when the job ends, because
    # it keeps a deleted object in the file.
    target_object: bpy.types.Object | None = PointerProperty(type=bpy.types.Object, options={"HIDDEN"})
    spec_json = StringProperty(options={"HIDDEN"})
    was_posted = BoolProperty(options={"HIDDEN"})
    was_accepted = BoolProperty(options={"HIDDEN"})


@with_properties
class CSM_PG_scene(bpy.types.PropertyGroup):
    """``Scene.csm``."""

    session_code = StringProperty(
        name="Session", description="Code of the CSM session to refine, such as SESSION_1689257215_1674078"
    )
    source = _choice(name="Source", description="Where the mesh comes from", items=SOURCE_ITEMS, update=_source_chosen)
    filepath = StringProperty(
        name="File", description="Mesh file to refine into the box", subtype="FILE_PATH", update=chosen
    )
    source_object: bpy.types.Object | None = PointerProperty(
        type=bpy.types.Object,
        name="Object",
        description="Mesh object to refine into the box",
        poll=_is_mesh,
        update=chosen,
    )
    engine = _choice(name="Engine", description="What refines the mesh", items=ENGINE_ITEMS, update=chosen)
    had_service = BoolProperty(options={"HIDDEN"})
    detail = _choice(
        name="Detail",
        description="How many faces the result has at most",
        items=DETAIL_ITEMS,
        default="MEDIUM",
        update=_detail_chosen,
    )
    facing = _choice(
        name="Facing",
        description="Which way the mesh faces in the box",
        items=FACING_ITEMS,
        default="AUTO",
        update=chosen,
    )
    triangles = IntProperty(
        name="Faces",
        description="Most triangles of the result, or about so many quads",
        default=20_000,
        min=MIN_FACES,
        max=MAX_FACES,
        soft_max=200_000,
        update=_faces_chosen,
    )
    use_quads = BoolProperty(name="Quads", description="Make quads instead of triangles")
    texture_size = _choice(
        name="Texture", description="Side of the result's textures in pixels", items=TEXTURE_ITEMS, default="2048"
    )
    fit = _choice(name="Fit", description="How the refined mesh is fitted to the box", items=FIT_ITEMS)
    pivot = _choice(name="Pivot", description="Where the result's origin is", items=PIVOT_ITEMS, update=chosen)
    custom_pivot = FloatVectorProperty(
        name="Custom Pivot",
        description="Point of the box, from -0.5 to 0.5 along the object's own axes",
        min=-0.5,
        max=0.5,
        subtype="XYZ",
        update=chosen,
    )
    original = _choice(name="Original", description="What happens to the block-out", items=ORIGINAL_ITEMS)
    copies = _choice(name="Linked Copies", description="Which other objects get the result", items=COPIES_ITEMS)
    materials = EnumProperty(name="Materials", description="Which materials the result gets", items=MATERIALS_ITEMS)
    as_asset = _choice(name="Mark as Asset", description="Keep results for reuse", items=ASSET_ITEMS)
    asset_library = StringProperty(name="Library", description="One of the asset libraries in Blender's preferences")
    jobs = CollectionProperty(type=CSM_PG_job)
    active_job_index = IntProperty(name="Active Job")


@with_properties
class CSM_PG_object(bpy.types.PropertyGroup):
    """``Object.csm``."""

    session_code = StringProperty(name="Session", description="Code of the CSM session this object is refined with")
    job_id = StringProperty(name="Job", description="The last job of this block-out, or the job that made this result")
    use_custom_box = BoolProperty(
        name="Custom Box",
        description="Refine to a custom box instead of the measured one; the object itself is not changed",
        update=custom_box_callbacks.switched,
        override=_OF_OVERRIDES,
    )
    custom_box_min = FloatVectorProperty(
        name="Box Minimum", description="Low corner, along the object's own axes, before its scale", **_CORNER
    )
    custom_box_max = FloatVectorProperty(
        name="Box Maximum", description="High corner, along the object's own axes, before its scale", **_CORNER
    )
    custom_box_size = FloatVectorProperty(
        name="Box Size",
        description="Width, depth and height in world space; the box grows from the center of its base",
        subtype="XYZ_LENGTH",
        precision=3,
        min=0.0,
        get=custom_box_callbacks.size_in_world,
        set=custom_box_callbacks.set_size_in_world,
    )


CLASSES = (CSM_PG_job, CSM_PG_scene, CSM_PG_object)


def make_known() -> None:
    """Register the classes above, ``Scene.csm`` and ``Object.csm``, unless the add-on is enabled already."""
    if "bl_rna" in vars(CSM_PG_object):  # only registered classes have it
        return
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.csm = PointerProperty(type=CSM_PG_scene)  # type: ignore[attr-defined]  # made here
    bpy.types.Object.csm = PointerProperty(type=CSM_PG_object, override=_OF_GROUPS)  # type: ignore[attr-defined]  # ditto
    if IS_KEPT_APART:
        kept = FloatVectorProperty(name="Custom Box", size=7, options={"HIDDEN"}, override=_OF_OVERRIDES)
        setattr(bpy.types.Object, OVERRIDE_BOX, kept)


def remove_pointers() -> None:
    """Remove them; what is saved in files stays there."""
    for owner, name in ((bpy.types.Object, "csm"), (bpy.types.Scene, "csm"), (bpy.types.Object, OVERRIDE_BOX)):
        if hasattr(owner, name):
            delattr(owner, name)


def state_of(scene: bpy.types.Scene) -> CSM_PG_scene:
    """``scene.csm``, typed."""
    return scene.csm  # type: ignore[attr-defined,no-any-return]  # see make_known


def tag_of(obj: bpy.types.Object) -> CSM_PG_object:
    """``obj.csm``, typed."""
    return obj.csm  # type: ignore[attr-defined,no-any-return]  # see make_known


def active_record(scene: bpy.types.Scene) -> CSM_PG_job | None:
    """The record that is active in the list."""
    jobs, index = state_of(scene).jobs, state_of(scene).active_job_index
    record: CSM_PG_job | None = jobs[index] if 0 <= index < len(jobs) else None
    return record


@dataclass
class RecordIndexes(Part):
    """Last known index of each job's record: a search among hundreds would take most of an update."""

    by_job: dict[str, int] = field(default_factory=dict)


def find_record(scene: bpy.types.Scene, job_id: str) -> CSM_PG_job | None:
    """The scene's record of a job."""
    jobs, known = state_of(scene).jobs, part(RecordIndexes).by_job
    index = known.get(job_id)
    if index is None or index >= len(jobs) or jobs[index].job_id != job_id:
        found = {record.job_id: index for index, record in enumerate(jobs)}
        known.update(found)
        index = found.get(job_id)
    record: CSM_PG_job | None = jobs[index] if index is not None else None
    return record
