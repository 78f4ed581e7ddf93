# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pictures of the docs anew: the demo's before and after, and the panel in a real Blender.

Which sources they show is recorded, so that a release with old screenshots is refused. ``--still-right`` only records:
for a change of those sources that does not change the pictures, by somebody who has looked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import environment
from releasing import picture_stamp

IMAGES = ROOT / "docs" / "images"
_SIDE_BY_SIDE = """
import sys
from PIL import Image
left, right = (Image.open(path).convert("RGB") for path in sys.argv[1:3])
both = Image.new("RGB", (left.width + 12 + right.width, left.height), "white")
both.paste(left, (0, 0))
both.paste(right, (left.width + 12, 0))
both.save(sys.argv[3], quality=86)
"""

_SMALLER = """
import sys
from PIL import Image
with Image.open(sys.argv[1]) as picture:
    picture.convert("RGB").crop((0, 0, 1050, 720)).quantize(128).save(sys.argv[2], optimize=True)
"""
GUIDE = {
    "guide-browser": "browser",
    "guide-file": "file-ready-to-refine",
    "guide-delivered": "file-delivered",
    "guide-files": "files-dialog",
    "guide-box": "overlay-base",
    "guide-handles": "handles-box",
    "guide-pivot": "handles-pivot",
    "guide-preview": "preview-shown",
    "guide-confirm": "confirm-first",
    "guide-progress": "overlay-progress",
    "guide-drop": "drop-dialog",
    "guide-many": "confirm-many",
    "guide-assets": "asset-browser",
    "guide-language": "language-ja-placed",
}
"""The pictures of docs/guide.md, and the screenshots they are made of."""


def main() -> None:
    """All of them. The panel's need a real Blender, see scripts/get_blender.sh."""
    python = environment.python_of("test")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, ROOT / "scripts" / "demo.py", "--output", folder], check=True)
        pictures = [f"{folder}/before.png", f"{folder}/after.png", IMAGES / "demo.jpg"]
        subprocess.run([python, "-c", _SIDE_BY_SIDE, *pictures], check=True)
        guide(python, Path(folder))
    variables = {**os.environ, "CSM_PICTURES": str(IMAGES)}
    subprocess.run([python, "-m", "pytest", "-q", "tests/gui", "-k", "pictures"], cwd=ROOT, env=variables, check=True)
    picture_stamp.record(ROOT)


def guide(python: Path, folder: Path) -> None:
    """The guide's: screenshots that the tests of those steps take."""
    steps = ("overlay", "handles", "preview", "confirm", "browser", "many", "sources", "assets", "languages")
    tests = [f"tests/gui/test_{name}.py" for name in steps]
    variables = {**os.environ, "CSM_SCREENS": str(folder)}
    subprocess.run([python, "-m", "pytest", "-q", *tests, "-k", "5.2"], cwd=ROOT, env=variables, check=True)
    for name, screen in GUIDE.items():
        shot = folder / "blender-5.2" / f"{screen}.png"
        subprocess.run([python, "-c", _SMALLER, shot, IMAGES / f"{name}.png"], check=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--still-right"]:
        picture_stamp.record(ROOT)
    else:
        main()
