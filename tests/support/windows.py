# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows' manners, for tests on other systems: what it says of a file that another program has open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


class Held(PermissionError):
    """``ERROR_SHARING_VIOLATION`` as Python raises it there; ``winerror`` is an attribute on Windows only."""

    winerror = 32

    def __init__(self, path: object) -> None:
        super().__init__(
            13, "The process cannot access the file because it is being used by another process", str(path)
        )


def held_for(monkeypatch: pytest.MonkeyPatch, tries: int, method: str = "replace") -> list[Path]:
    """Let the next *tries* calls of ``Path.replace`` (or of another *method*) fail, as while a scanner reads the file.

    Gives the list that all calls are added to.
    """
    real, seen = getattr(Path, method), []

    def call(self: Path, *arguments: Any, **named: Any) -> Any:
        seen.append(self)
        if len(seen) <= tries:
            raise Held(self)
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, method, call)
    return seen
