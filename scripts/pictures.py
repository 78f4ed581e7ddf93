# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pictures of the docs anew: the demo's before and after, and the panel in a real Blender."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import environment  # noqa: E402

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


def main() -> None:
    """All of them. The panel's need a real Blender, see scripts/get_blender.sh."""
    python = environment.python_of("test")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, ROOT / "scripts" / "demo.py", "--output", folder], check=True)
        pictures = [f"{folder}/before.png", f"{folder}/after.png", IMAGES / "demo.jpg"]
        subprocess.run([python, "-c", _SIDE_BY_SIDE, *pictures], check=True)
    subprocess.run([python, "-m", "pytest", "-q", "tests/gui", "-k", "pictures"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
