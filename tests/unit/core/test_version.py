# SPDX-License-Identifier: GPL-3.0-or-later
"""The version is one of semver's, and requests say who sends them.

That the manifest agrees: tests/unit/test_versions.py.
"""

from __future__ import annotations

import re

from csm_blender.core.version import USER_AGENT, VERSION


def test_it_is_three_numbers_and_part_of_the_user_agent() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert f"csm_blender/{VERSION}" == USER_AGENT
