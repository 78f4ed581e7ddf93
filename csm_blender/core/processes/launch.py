# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a part of this package as a child process.

The package may live anywhere and under any name (``bl_ext.user_default.csm_blender``), so the child loads it from its
file as plain ``csm_blender``; ``sys.path`` stays as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..records import Record
from ..settings import KEY_VARIABLE

_PACKAGE = Path(__file__).resolve().parents[2]
_BOOT = (
    "import sys,runpy,importlib.util as u;"
    "a=sys.argv[sys.argv.index('--')+1:];"
    "s=u.spec_from_file_location('csm_blender',a[0]+'/__init__.py',submodule_search_locations=[a[0]]);"
    "m=u.module_from_spec(s);sys.modules['csm_blender']=m;s.loader.exec_module(m);"
    "runpy.run_module('csm_blender.'+a[1],run_name='__main__')"
)


@dataclass(frozen=True)
class Interpreters(Record):
    """How to start children: plain Python for the worker, a Python that has ``bpy`` for the converter.

    ``blender`` is the path of a Blender binary, or empty where ``python`` itself has ``bpy`` (the wheel).
    """

    python: str
    python_arguments: tuple[str, ...] = ()
    blender: str = ""

    def plain(self, module: str, *arguments: str) -> list[str]:
        """Command line that runs ``csm_blender.<module>`` in plain Python."""
        return [self.python, *self.python_arguments, "-c", _BOOT, "--", str(_PACKAGE), module, *arguments]

    def with_bpy(self, module: str, *arguments: str) -> list[str]:
        """Command line that runs ``csm_blender.<module>`` where ``bpy`` is: a factory-startup background Blender."""
        if not self.blender:
            return self.plain(module, *arguments)
        flags = ["--background", "--factory-startup", "--disable-autoexec", "--offline-mode", "-noaudio"]
        tail = ["--python-exit-code", "1", "--python-expr", _BOOT, "--", str(_PACKAGE), module, *arguments]
        return [self.blender, *flags, *tail]


def start(command: Sequence[str], **arguments: Any) -> subprocess.Popen[bytes]:
    """Start *command* in a group of its own, so that a Ctrl-C meant for the parent does not reach it.

    The API key is not passed on in the environment: the worker gets it through its pipe, a converter needs none.
    """
    arguments.setdefault("env", {name: value for name, value in os.environ.items() if name != KEY_VARIABLE})
    if sys.platform == "win32":
        arguments["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    else:
        arguments["start_new_session"] = True
    return subprocess.Popen(command, **arguments)


def arguments_of_child(argv: Sequence[str]) -> list[str]:
    """The arguments given to :meth:`Interpreters.plain` or :meth:`~Interpreters.with_bpy`, in the child."""
    return list(argv[argv.index("--") + 3 :])
