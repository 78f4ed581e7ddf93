# SPDX-License-Identifier: GPL-3.0-or-later
"""Real workers on one plan, killed with signal 9: every job is done in the end, every session paid for once.

Real processes, service, sockets, kills and conversions. ``scripts/farm_soak.py`` does the same a hundred times.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
from farm_rounds import PLACES, Farm, blender_in, kill_at_each_place, kill_at_random
from tiny_glb import glb

if sys.platform == "win32":
    pytest.skip("signal 9 is POSIX", allow_module_level=True)


@pytest.fixture
def farm(tmp_path: Path, service: Any) -> Farm:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    return Farm(tmp_path, service, mesh, blender_in(tmp_path))


def test_killed_before_and_after_everything_that_is_written_or_sent(farm: Farm) -> None:
    farm.make_plan(services=len(PLACES), files=0)
    assert kill_at_each_place(farm, PLACES) == [], farm.log()
    farm.finish(workers=2)
    farm.check()


def test_killed_at_random_with_clocks_that_differ_by_an_hour(farm: Farm) -> None:
    farm.make_plan(services=6, files=4, shared=2)
    kill_at_random(farm, random.Random(1), workers=2, kills=5)
    other = farm.start(clock_s=-3600.0)
    farm.finish(workers=1, clock_s=3600.0)
    assert other.wait(60) in (0, 1), farm.log()  # 1 where a request was killed before it went out, see _decide
    farm.check()
