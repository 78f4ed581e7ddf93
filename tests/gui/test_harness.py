"""The GUI tests' own tools work: hands reach Blender, and every way to fail is noticed."""

from __future__ import annotations

from pathlib import Path

import harness
import pytest
from blenders import find_blenders
from harness import Blender, ScenarioFailed

SCENARIOS = "scenarios/harness_itself.py"


def test_hands_reach_blender(bare_blender: Blender) -> None:
    seen = bare_blender.run(f"{SCENARIOS}:by_hand").value
    assert Path(seen["picture"]).stat().st_size > 20_000
    assert 0.2 < seen["brightness"] < 0.9


def test_scenario_survives_loading_a_file(bare_blender: Blender, tmp_path: Path) -> None:
    path = str(tmp_path / "saved.blend")
    assert bare_blender.run(f"{SCENARIOS}:load_a_file", params={"path": path}).value == path


def test_two_windows(bare_blender: Blender) -> None:
    assert bare_blender.run(f"{SCENARIOS}:two_windows").value == 1


REASONS = {
    "raises": "ValueError: as intended",
    "prints_a_traceback": "a traceback was printed",
    "leaves_a_process": "still running",
    "kills_blender": "Blender ended with -9",
    "never_ends": "the scenario took over",
}


@pytest.mark.parametrize("scenario", REASONS)
def test_failure_is_noticed(bare_blender: Blender, scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "GRACE_S", 0.5)
    with pytest.raises(ScenarioFailed, match=REASONS[scenario]):
        bare_blender.run(f"{SCENARIOS}:{scenario}", timeout=2.0)


def test_an_expected_crash_is_none(bare_blender: Blender) -> None:
    bare_blender.run(f"{SCENARIOS}:kills_blender", exit_code=-9)


def test_blenders_are_found_by_name_or_by_directory(tmp_path: Path) -> None:
    assert find_blenders({"BLENDER": "/a/blender:/b/blender"}) == [Path("/a/blender"), Path("/b/blender")]
    (tmp_path / "blender-4.3").touch()
    (tmp_path / "Xvfb").touch()
    assert find_blenders({"CSM_BLENDERS": str(tmp_path)}) == [tmp_path / "blender-4.3"]
