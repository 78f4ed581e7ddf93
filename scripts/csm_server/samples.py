# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample sessions' preview meshes, made by this script: coarse, noisy, textured, some with holes and loose bits.

glTF axes: y up, front toward +z. Every shape is lopsided on purpose, so that a wrong orientation is seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_samples(folder: str) -> dict[str, Any]:
    """Write all samples as GLB into ``folder``; returns ``samples``: file, code, caption and style of each."""
    from csm_server import shapes

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    samples = []
    for number, (name, (caption, make)) in enumerate(shapes.SHAPES.items()):
        file = target / f"{name}.glb"
        file.write_bytes(make().export(file_type="glb"))
        code = "SESSION_P_44569824122" if number == 0 else f"SESSION_{1700000000 + number}_{number:07d}"
        samples.append({
            "file": str(file), "code": code, "caption": caption, "style": ("2024", "2025")[number % 2],
            "created_at": 1700000000.0 + number, "updated_at": 1700000000.0 + number,
        })  # fmt: skip
    return {"samples": samples}
