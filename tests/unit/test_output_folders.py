# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that make a folder anew remove no folder that is not theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from common import ROOT


@pytest.mark.parametrize("script", ["release.py", "site.py"])
def test_a_folder_with_something_else_in_it_is_left_alone(script: str, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-ada.txt").write_text("Dear Ada", encoding="utf-8")
    call = [sys.executable, str(ROOT / "scripts" / script), "--output", str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert (tmp_path / "letters" / "to-ada.txt").read_text(encoding="utf-8") == "Dear Ada"
