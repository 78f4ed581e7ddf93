"""The first minutes of someone who has just installed the add-on: no key, no network, nothing read."""

from __future__ import annotations

from pathlib import Path

from fit_glbs import letter, plain
from harness import Blender
from test_many import LIBRARIES


def test_from_the_zip_to_a_placed_mesh(bare_blender: Blender, extension_zip: Path, tmp_path: Path) -> None:
    files = [tmp_path / "chair from a generator.glb", tmp_path / "table.glb"]
    for file in files:
        file.write_bytes(plain(*letter()))
    params = {"archive": str(extension_zip), "libs": LIBRARIES, "files": list(map(str, files))}
    result = bare_blender.run(
        "scenarios/first_use.py:from_the_zip_to_a_placed_mesh", params=params, online=False, timeout=240
    )
    assert result.value["jobs_of_the_error"] == 0
    assert "No file fits an object" in result.output, "a sentence for people; the harness refuses a traceback"
    assert result.value["same_corners"]
