# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of the changes to a document."""

from __future__ import annotations

from csm_blender.core.gltf.edits import Edits


def test_without_a_change_there_is_nothing_to_say_and_no_list_is_shared() -> None:
    first, second = Edits(), Edits()
    assert not first.changed
    first.notes.append("one")
    assert second.notes == []
