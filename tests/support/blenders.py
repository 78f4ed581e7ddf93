# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Blenders on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from common import IN_CI, load_script

_MAKE_CHAIR = """
import bpy, sys
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=1.0, location=(1.0, 2.0, 0.5), rotation=(0.1, 0.2, 0.7), scale=(0.5, 0.6, -0.9))
bpy.context.object.name = "Chair"
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


def find_blenders(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The Blenders to test: `BLENDER=/a[:/b]`, else what `scripts/get_blender.sh` made."""
    if named := environ.get("BLENDER"):
        return [Path(path).absolute() for path in named.split(os.pathsep)]
    home = environ.get("CSM_BLENDERS") or Path.home() / ".cache" / "csm-blenders"
    return sorted(Path(home).absolute().glob("blender-[0-9]*"))


def blenders_for_tests() -> list[Path]:
    """The Blenders to test. Without any: skips with a reason, fails in CI."""
    found = find_blenders()
    if not found:
        reason = "needs a real Blender: name one in BLENDER, or run scripts/get_blender.sh"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    return found


def program_of_module(version: str, folder: Path) -> Path:
    """A program in *folder* that takes Blender *version*, which is here as a module only, for the program."""
    python, module = (
        load_script("environment.py").python_of(f"bpy-{version}"),
        Path(__file__).parent / "blender_module.py",
    )
    program = folder / f"blender-{version}"
    program.write_text(f'#!/bin/sh\nexec "{python}" "{module}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def make_block_out(call: Callable[..., subprocess.CompletedProcess[str]], path: Path) -> Path:
    """A saved scene with a mirrored, turned box, Chair, made by the Blender that *call* runs."""
    done = call("--background", "--factory-startup", "--python-expr", _MAKE_CHAIR, "--", path)
    assert path.is_file(), done.stdout + done.stderr
    return path
