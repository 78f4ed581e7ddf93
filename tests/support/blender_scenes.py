# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests in a Python with bpy: the command line as a child process, scenes, and a neutral measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAIN_MEASURE = ROOT / "tests" / "support" / "plain_measure.py"


@dataclass
class Outcome:
    """How a call of the command line ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON on stdout: all of stdout, or there was something on it that does not belong there."""
        return json.loads(self.stdout)

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return self.report["jobs"]


@dataclass
class Csm:
    """The command line with an empty home and a job folder of its own."""

    folder: Path
    service: Any = None
    more: dict[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    """What stands before the command, such as one that runs it in a namespace."""

    def environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
        mine = {"HOME": str(home), "CSM_HOME": str(self.folder / "jobs"), "PYTHONDONTWRITEBYTECODE": "1"}
        if self.service is not None:
            mine |= {"CSM_API_KEY": self.service.key, "CSM_BASE_URL": self.service.url}
        return {**kept, **mine, **self.more}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        call = [*self.before, sys.executable, "-m", "csm_blender", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(call, cwd=ROOT, env=self.environment(), **pipes)

    def __call__(self, *arguments: object, timeout: float = 120.0) -> Outcome:
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=timeout)
        return Outcome(process.returncode, stdout, stderr)


@contextmanager
def enabled(
    monkeypatch: pytest.MonkeyPatch, home: Path, service: Any = None, *, use_empty: bool = False
) -> Iterator[bpy.types.Scene]:
    """The start-up scene, or an empty one, in a Blender with the add-on, whose job folder is *home*.

    Without a *service* there is no key, and no address of one.
    """
    import csm_blender

    monkeypatch.setitem(os.environ, "CSM_HOME", str(home))
    for name, value in {"CSM_BASE_URL": "url", "CSM_API_KEY": "key"}.items():
        monkeypatch.delenv(name, raising=False)
        if service is not None:
            monkeypatch.setitem(os.environ, name, getattr(service, value))
    bpy.ops.wm.read_factory_settings(use_empty=use_empty)
    csm_blender.register()
    yield bpy.context.scene
    csm_blender.unregister()


def save_scene(path: Path, build: Callable[[], None], scale_length: float = 1.0) -> Path:
    """Make a scene with *build* and save it. The Blender of this process is empty afterwards."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.unit_settings.scale_length = scale_length
    build()
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def add_box(
    name: str,
    size: Sequence[float],
    *,
    pivot: Sequence[float] = (0.0, 0.0, 0.0),
    location: Sequence[float] = (0.0, 0.0, 0.0),
    rotation: Sequence[float] = (0.0, 0.0, 0.0),
    scale: Sequence[float] = (1.0, 1.0, 1.0),
    parent: Any = None,
) -> Any:
    """A box of *size* with its origin at the normalised point *pivot*."""
    low = [(-0.5 - pivot[i]) * size[i] for i in range(3)]
    corners = [
        (low[0] + a * size[0], low[1] + b * size[1], low[2] + c * size[2])
        for c in (0, 1)
        for b in (0, 1)
        for a in (0, 1)
    ]
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], faces)
    obj = bpy.data.objects.new(name, mesh)
    obj.location, obj.rotation_euler, obj.scale, obj.parent = location, rotation, scale, parent
    bpy.context.scene.collection.objects.link(obj)
    return obj


def plain_measure(blend: Path, *pairs: str) -> dict[str, dict[str, Any]]:
    """What ``support/plain_measure.py`` finds, in a process that knows nothing of the add-on."""
    done = subprocess.run(
        [sys.executable, str(PLAIN_MEASURE), str(blend), *pairs], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])
