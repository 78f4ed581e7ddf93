# SPDX-License-Identifier: GPL-3.0-or-later
"""One of everything that can be a block-out, each with the box it must be measured as, known without the add-on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import fit_kinds_of_data
import fit_kinds_of_place
from fit_kind import KINDS

__all__ = ["KINDS", "NO_SIZE", "fit_kinds_of_data", "fit_kinds_of_place"]

NO_SIZE: dict[str, Callable[[], Any]] = {
    "camera": lambda: bpy.data.cameras.new("Camera"),
    "light": lambda: bpy.data.lights.new("Light", "AREA"),
    "speaker": lambda: bpy.data.speakers.new("Speaker"),
    "armature": lambda: bpy.data.armatures.new("Rig"),
    "light probe": lambda: bpy.data.lightprobes.new("Probe", "SPHERE"),
    "mesh without vertices": lambda: bpy.data.meshes.new("Nothing"),
    "curve without points": lambda: bpy.data.curves.new("Nothing", "CURVE"),
}
"""What has no box."""
