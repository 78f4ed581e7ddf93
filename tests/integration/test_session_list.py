# SPDX-License-Identifier: GPL-3.0-or-later
"""What the session browser says after a list was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from csm_blender.scene.background.session_list import SessionList


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"good": True, "message": ""}, ""),
        ({"good": False, "message": "The service refuses the key (401)."}, "The service refuses the key (401)."),
        ({}, "The sessions could not be listed."),
    ],
)
def test_a_list_that_arrives_needs_no_words(
    answer: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = SessionList()
    monkeypatch.setattr(sessions, "_read", lambda: None)  # pictures need a window
    sessions.answered(answer)
    assert sessions.message == message
