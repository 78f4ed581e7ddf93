# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by test_zip.py in a Python with bpy and a fresh profile: enable the installed extension, refine, tell."""

import json
import sys

import bpy

MODULE = "bl_ext.user_default.csm_blender"

bpy.ops.wm.read_factory_settings(use_empty=False)
import addon_utils

assert addon_utils.enable(MODULE, default_set=True) is not None
cube = bpy.data.objects["Cube"]
cube.scale = (0.5, 0.3, 0.9)
bpy.context.view_layer.objects.active = cube
assert bpy.ops.csm.refine(session_code=sys.argv[1], target="Cube") == {"FINISHED"}
job = bpy.context.scene.csm.jobs[0]
addon = sys.modules[f"{MODULE}.scene.addon.environment"]
facts = {"status": job.status, "fit_error": job.fit_error, "package": addon.PACKAGE, "home": str(addon.jobs_home())}
sys.stdout.write("\n" + json.dumps(facts) + "\n")
