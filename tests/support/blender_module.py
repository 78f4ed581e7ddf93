# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a Python with bpy: Blender called as the program is, where a version is at hand as a module only.

``blender_module.py [--background] [--factory-startup] [--online-mode|--offline-mode] [FILE.blend]
[--command NAME … | --python-expr TEXT -- …]``. Add-ons, extensions and their commands are Blender's own. What is done
here is what the program does with its arguments, and keeping two kinds of preferences between two calls: which
repositories there are, and which add-ons are on. A module begins with factory settings (``read_userpref`` crashes it).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import bpy

Command = Callable[[list[str]], int]

KEPT = Path(os.environ["BLENDER_USER_RESOURCES"]) / "kept_by_module.json"


def restore() -> dict[str, Command]:
    """The repositories and add-ons as the last call left them; the commands that the add-ons register."""
    import addon_utils  # it can be imported once bpy was

    heard: dict[str, Command] = {}
    register = bpy.utils.register_cli_command

    def listen(name: str, function: Command) -> object:
        heard[name] = function
        return register(name, function)

    bpy.utils.register_cli_command = listen
    preferences = bpy.context.preferences
    addons = [addon.module for addon in preferences.addons]
    if KEPT.is_file():
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
        repositories = preferences.extensions.repos
        for known in list(repositories):
            if known.module not in kept["repositories"]:
                repositories.remove(known)
        for module, address in kept["repositories"].items():
            if module not in {known.module for known in repositories}:
                new = repositories.new(name=module, module=module, remote_url=address)
                new.use_remote_url = bool(address)
        addons = kept["addons"]
    for addon in addons:
        if addon in sys.modules:  # it was enabled by the import, when nobody listened
            addon_utils.disable(addon)
        addon_utils.enable(addon, default_set=True)
    bpy.utils.register_cli_command = register
    return heard


def keep() -> None:
    """What :func:`restore` needs."""
    preferences = bpy.context.preferences
    repositories = {each.module: each.remote_url for each in preferences.extensions.repos}
    kept = {"repositories": repositories, "addons": [addon.module for addon in preferences.addons]}
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept), encoding="utf-8")


def main(words: list[str]) -> int:
    """Do what *words* say; the exit status."""
    commands = {} if "--factory-startup" in words else restore()
    while words:
        word = words.pop(0)
        if word in {"--online-mode", "--offline-mode"}:
            bpy.context.preferences.system.use_online_access = word == "--online-mode"
        elif word == "--command":
            status = commands[words[0]](words[1:])
            keep()
            return status
        elif word == "--python-expr":
            exec(words[0], {"__name__": "__main__"})
            return 0
        elif word.endswith(".blend"):
            bpy.ops.wm.open_mainfile(filepath=word)
        elif word not in {"--background", "--factory-startup"}:
            sys.exit(f"blender_module.py does not know {word}")
    return 0


def quit_with(status: int) -> None:
    """End as the program does, which first disables its add-ons.

    Without what a module does at the end of its process: 4.2 frees its editors when Python is gone, and crashes there
    (SpaceType::~SpaceType, PyGILState_Ensure) once an add-on was exchanged for another version.
    """
    import addon_utils

    addon_utils.disable_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    quit_with(main(sys.argv[1:]))
