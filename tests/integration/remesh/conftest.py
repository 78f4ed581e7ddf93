# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the local engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def empty_blender() -> Iterator[None]:
    """An empty file, before the test and after it."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)
