# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``farm_scene.py OUT.json SCENE.blend COUNT``: a scene with so many block-outs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from blender_scenes import add_box, save_scene

ROW = 40

if __name__ == "__main__":
    count = int(sys.argv[3])

    def build() -> None:
        """Boxes in rows, each turned another way."""
        for number in range(count):
            place = (number % ROW * 2.0, number // ROW * 2.0, 0.0)
            add_box(
                f"B{number:05d}", (0.5 + number % 3 * 0.1, 0.6, 0.9), location=place, rotation=(0.0, 0.0, 0.1 * number)
            )

    save_scene(Path(sys.argv[2]), build)
    Path(sys.argv[1]).write_text(json.dumps({"count": count}), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)
