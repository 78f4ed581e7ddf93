"""Preferences for GUI tests, saved into the user directory of the Blender that runs this in the background."""

import bpy

preferences = bpy.context.preferences
preferences.view.show_splash = False
preferences.view.smooth_view = 0  # a view that still moves when the click comes
preferences.view.use_save_prompt = False
preferences.filepaths.use_auto_save_temporary_files = False
preferences.use_preferences_save = False  # what a scenario sets stays its own
# Two clicks of a test are never meant as one double click, which would mean "select all" in a text field.
preferences.inputs.mouse_double_click_time = 1
for repository in preferences.extensions.repos:
    if repository.use_remote_url:
        repository.use_sync_on_startup = False
if hasattr(preferences, "asset_libraries"):  # 5.x asks the network for its assets as soon as it is allowed to
    preferences.asset_libraries.use_online_essentials = False
if addon := preferences.addons.get("bl_ext.user_default.csm_blender"):
    addon.preferences.confirm_sending = False  # a dialog of its own test
bpy.ops.wm.save_userpref()
