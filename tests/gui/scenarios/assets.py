"""Results that become assets: in the file with one undo for both, and in a library that the asset browser shows."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, area, frames, idle_until, override, region, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, module, wait_for


def asset_tab(library: str, catalog: str) -> Steps[None]:
    """Turn the 3D view into an asset browser of a library."""
    area().ui_type = "ASSETS"
    yield from frames(8)
    space = area("FILE_BROWSER").spaces.active
    space.params.asset_library_reference = library
    yield from frames(8)
    with override("FILE_BROWSER"):
        bpy.ops.asset.library_refresh()
    yield from frames(8)
    space = area("FILE_BROWSER").spaces.active
    space.params.catalog_id = catalog
    space.params.display_size = 128
    yield 2.0  # it lists and loads pictures by jobs of its own
    yield from frames(6)


def in_file(session: str, path: str) -> Steps[dict[str, object]]:
    """Choose it in the panel, refine, undo, redo, save, and look at the asset browser."""
    catalog = module("core.files.asset_catalog").CATALOG_ID
    events = Events()
    yield from events.open_sidebar("CSM")
    state = bpy.context.scene.csm
    state.as_asset = "FILE"
    yield from begin(session)
    record = yield from wait_for("PLACED", timeout=90)
    name = record.result
    yield from frames(4)
    seen: dict[str, object] = {"marked": bpy.data.objects[name].asset_data is not None}
    with override():
        bpy.ops.ed.undo()
    yield from frames(4)
    seen["undone"] = [obj.name for obj in bpy.data.objects if obj.asset_data]
    with override():
        bpy.ops.ed.redo()
    yield from frames(4)
    obj = bpy.data.objects[name]
    seen["redone"] = [obj.asset_data.catalog_id == catalog, tuple(obj.preview.image_size)]
    bpy.ops.wm.save_as_mainfile(filepath=path)
    yield from frames(4)
    yield from asset_tab("LOCAL", catalog)
    yield from screenshot("asset-browser")
    return seen


def in_library(session: str, folder: str) -> Steps[dict[str, object]]:
    """Choose a library in the panel, refine, and look at it in the asset browser."""
    catalog = module("core.files.asset_catalog").CATALOG_ID
    bpy.context.preferences.filepaths.asset_libraries.new(name="Props", directory=folder)
    bpy.context.preferences.addons[module("scene.addon.environment").PACKAGE].preferences.asset_author = "Ada"
    events = Events()
    yield from events.open_sidebar("CSM")
    state = bpy.context.scene.csm
    state.as_asset, state.asset_library = "LIBRARY", "Props"
    x, y = yield from events.find_button(".csm.original")
    yield from events.click(x - 100, y - 26)  # the header of "More" is below
    yield from frames(12)
    yield from screenshot("asset-choices")
    yield from begin(session)
    record = yield from wait_for("PLACED", timeout=90)
    yield from frames(4)
    seen = {"in_file": bpy.data.objects[record.result].asset_data is not None}
    with override():
        bpy.ops.ed.undo()
    yield from frames(6)
    yield from events.find_button("csm.delete_library_copy")
    yield from screenshot("asset-after-undo")
    with override():
        bpy.ops.ed.redo()
    yield from frames(4)
    yield from asset_tab("Props", catalog)
    yield from screenshot("asset-library")
    with bpy.context.temp_override(window=window(), area=area("FILE_BROWSER"), region=region("WINDOW", "FILE_BROWSER")):
        params = bpy.context.space_data.params
        seen["shown"] = [params.asset_library_reference, params.catalog_id == catalog]
    yield from idle_until(lambda: True)
    return seen
