# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences of the add-on. The key lives here or in the environment, and nowhere else."""

from __future__ import annotations

import bpy

from ..core.errors import CsmError
from ..core.messages import Message
from ..core.settings import BASE_URL_VARIABLE, DEFAULT_BASE_URL, KEY_VARIABLE
from ..scene.addon.disk_usage import disk_usage
from ..scene.addon.environment import PACKAGE
from ..scene.addon.preferences import base_url_is_from_environment, base_url_now, key_is_from_environment, obstacle
from ..scene.addon.translation import OURS
from ..scene.background.connection_test import connection_test
from ..scene.blender.bpy_typing import Context, Layout, current
from ..scene.blender.typed_properties import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
    with_properties,
)
from ..scene.jobs import job_updates
from ..scene.properties import FIT_ITEMS, ORIGINAL_ITEMS
from . import scene_defaults
from .formatting import right_label
from .text_wrap import draw_lines, wrapped


def _changed(_self: bpy.types.AddonPreferences, _context: Context) -> None:
    """Continue the jobs that waited for this."""
    job_updates.wake()


@with_properties
class CSM_AP_preferences(bpy.types.AddonPreferences):
    """The add-on's preferences, described in :mod:`csm_blender.scene.addon.preferences`."""

    bl_idname = PACKAGE

    api_key = StringProperty(
        name="API Key",
        description="Shown under Developer Settings in your CSM profile. Stored in Blender's preferences only",
        subtype="PASSWORD",
        update=_changed,
    )
    base_url = StringProperty(
        name="Base URL", description="Address of the service; the address of CSM if empty", update=_changed
    )
    place_automatically = BoolProperty(
        name="Place Results Automatically",
        description="Place a refined mesh in the scene as soon as it is ready; otherwise it waits for a click",
        default=True,
        update=_changed,
    )
    default_fit = EnumProperty(
        name="Fit",
        description="Default of new files",
        items=FIT_ITEMS,
        update=lambda _preferences, _context: scene_defaults.apply(),
        translation_context=OURS,
    )
    default_original = EnumProperty(
        name="Original",
        description="Default of new files",
        items=ORIGINAL_ITEMS,
        update=lambda _preferences, _context: scene_defaults.apply(),
        translation_context=OURS,
    )
    poll_interval = FloatProperty(
        name="Check Every",
        description="Seconds between two checks of a running refine; 0 starts with short intervals and gets slower",
        default=0.0,
        min=0.0,
        soft_max=300.0,
        precision=1,
    )
    deadline_hours = FloatProperty(
        name="Give Up After",
        description="Hours a refine is watched before its job fails; Retry continues to watch it",
        default=3.0,
        min=0.1,
        soft_max=48.0,
        precision=1,
    )
    timeout = IntProperty(
        name="Timeout",
        description="Seconds to wait for a connection; 0 uses Blender's own network setting",
        default=0,
        min=0,
        soft_max=120,
    )
    confirm_sending = BoolProperty(
        name="Confirm Paid Requests",
        description="Show what will be sent before the first refine of a Blender session, and before many at once",
        default=True,
    )
    confirm_count = IntProperty(
        name="Confirm Above",
        description="Number of refines that can be sent at once without confirmation",
        default=3,
        min=1,
        soft_max=50,
    )
    asset_author = StringProperty(name="Author", description="Author of results that become assets; no author if empty")

    def draw(self, _context: Context) -> None:
        layout: Layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _beside_names(layout).operator("csm.show_panel", text="Show Panel", icon="MOD_REMESH")
        self._draw_service(layout)
        column = layout.column(heading="Results")
        column.prop(self, "place_automatically", text="Place Automatically")
        layout.prop(self, "asset_author", text="Author of Assets")
        column = layout.column()
        column.row().prop(self, "default_fit", expand=True)
        column.row().prop(self, "default_original", expand=True)
        column = layout.column(heading="Sending")
        column.prop(self, "confirm_sending")
        row = column.row()
        row.active = self.confirm_sending
        row.prop(self, "confirm_count")
        column = layout.column(align=True)
        column.prop(self, "poll_interval", text="Check Every (s)")
        column.prop(self, "deadline_hours", text="Give Up After (h)")
        column.prop(self, "timeout", text="Timeout (s)")
        self._draw_disk(layout)

    def _draw_service(self, layout: Layout) -> None:
        column = layout.column()
        row = column.row()
        row.active = not key_is_from_environment()
        row.prop(self, "api_key")
        if key_is_from_environment():
            _note(column, Message("The environment variable {name} is used instead.", name=KEY_VARIABLE), "INFO")
        elif not self.api_key:
            _note(column, Message("Optional: only sessions need a key, files and objects do not."), "INFO")
        row = column.row()
        row.active = not base_url_is_from_environment()
        row.prop(self, "base_url", placeholder=DEFAULT_BASE_URL)
        if base_url_is_from_environment():
            _note(column, Message("The environment variable {name} is used instead.", name=BASE_URL_VARIABLE), "INFO")
        try:
            base_url_now()
        except CsmError as error:
            _note(column, error.advice, "ERROR")
        buttons = _beside_names(column).column()
        buttons.operator("csm.find_service", text="Find on This Computer", icon="VIEWZOOM")
        row = buttons.row()
        row.operator("csm.test_connection", icon="URL")
        row.operator("wm.url_open", text="Documentation", icon="HELP").url = "https://docs.csm.ai"
        test = connection_test()
        if test.message:
            _note(column, test.message, "CHECKMARK" if test.is_good else "ERROR")
        elif (reason := obstacle()) is not None and self.api_key:
            _note(column, reason.advice, "ERROR")

    def _draw_disk(self, layout: Layout) -> None:
        split = layout.split(factor=0.4)
        right_label(split, text="Job Folder")
        row = split.row()
        row.label(text=disk_usage().text or "…")
        row.operator("csm.clean_folder", icon="TRASH")
        row.operator("csm.copy_report", icon="COPYDOWN")


def _note(layout: Layout, text: str, icon: str) -> None:
    """Draw a remark below a property, in line with its field."""
    width = current.region.width * 0.5 if current.region else 400
    draw_lines(_beside_names(layout), wrapped(text, int(width), current.preferences.system.ui_scale), icon)


def _beside_names(layout: Layout) -> Layout:
    """The right part of a row, below the fields of the properties above."""
    split = layout.split(factor=0.4)
    split.label(text="")
    return split


CLASSES = (CSM_AP_preferences,)
