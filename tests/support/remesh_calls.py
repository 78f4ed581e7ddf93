# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``remesh`` in the process of the tests; only its converter is another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from blender_scenes import Outcome

from csm_blender.cli.environment import Surroundings
from csm_blender.cli.main import main


def call(capfd: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """How ``remesh`` with these arguments ended, and what it printed."""
    status = main(["remesh", *map(str, arguments)], "csm", Surroundings())
    stdout, stderr = capfd.readouterr()
    return Outcome(status, stdout, stderr)


def names(folder: Path) -> list[str]:
    """What lies in *folder*."""
    return sorted(path.name for path in folder.iterdir())
