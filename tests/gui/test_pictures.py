"""These make the pictures of the documents: CSM_PICTURES=docs/images python -m pytest tests/gui -k pictures."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from common import ROOT, load_script
from harness import SCREEN_SIZE, Blender
from PIL import Image


def test_pictures(blender: Blender, slow_service: Any) -> None:
    env = {"CSM_BASE_URL": slow_service.url, "CSM_API_KEY": slow_service.key}
    params = {"session": "SESSION_P_44569824122"}
    keep(blender, blender.run("scenarios/pictures.py:one_job", env=env, params=params, timeout=120).value)


@pytest.mark.skipif("CSM_PICTURES" not in os.environ, reason="only makes pictures; test_sources.py tests these steps")
def test_pictures_of_a_file(blender: Blender) -> None:
    """The demo's scene, and one mesh file refined into it on this computer."""
    python = load_script("environment.py").python_of("bpy-4.2")
    program = (
        "import sys; from csm_server import glb, shapes; open(sys.argv[1], 'wb').write(glb.write_parts(shapes.chair()))"
    )
    with tempfile.TemporaryDirectory(prefix="") as folder:  # a short path, as it is seen in the pictures
        scene, mesh = Path(folder) / "studio.blend", Path(folder) / "chair.glb"
        make = [python, ROOT / "scripts" / "demo_scene.py", scene, Path(folder) / "jobs.csv"]
        subprocess.run(list(map(str, make)), check=True, capture_output=True)
        subprocess.run([sys.executable, "-c", program, str(mesh)], check=True, cwd=ROOT / "scripts")
        params = {"path": str(mesh), "large": SCREEN_SIZE[0] > 1600}
        run = blender.run("scenarios/pictures.py:one_file", params=params, args=[scene], online=False, timeout=240)
    keep(blender, run.value)


def keep(blender: Blender, made: list[str]) -> None:
    """Those of the newest Blender become the documents' own."""
    folder = os.environ.get("CSM_PICTURES")
    for path in map(Path, made):
        with Image.open(path) as picture:
            assert picture.size == SCREEN_SIZE
            if folder and blender.binary.name == "blender-5.2":
                picture.convert("RGB").quantize(128).save(Path(folder) / path.name, optimize=True)
