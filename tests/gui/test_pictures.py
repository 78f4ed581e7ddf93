"""The pictures of the README are made by this test: CSM_PICTURES=docs/images python -m pytest tests/gui -k pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness import Blender
from PIL import Image


def test_pictures(blender: Blender, slow_service: Any) -> None:
    env = {"CSM_BASE_URL": slow_service.url, "CSM_API_KEY": slow_service.key}
    params = {"session": "SESSION_P_44569824122"}
    made = blender.run("scenarios/pictures.py:one_job", env=env, params=params, timeout=120).value
    folder = os.environ.get("CSM_PICTURES")
    for path in map(Path, made):
        with Image.open(path) as picture:
            assert picture.size == (1280, 800)
            if folder and blender.binary.name == "blender-5.2":
                picture.convert("RGB").quantize(128).save(Path(folder) / path.name, optimize=True)
