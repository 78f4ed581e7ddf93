# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample sessions, whose preview meshes are made here: coarse, noisy, textured, some with holes and loose bits.

glTF axes: y up, front toward +z. Every shape is lopsided on purpose, so that a wrong orientation is seen.
"""

from __future__ import annotations

from csm_server import glb, shapes
from csm_server.store import Store

FIRST_SAMPLE = "SESSION_P_44569824122"
"""The session of the documentation's own sample call."""


def add_samples(store: Store) -> None:
    """Add the sample sessions that are not there. The first comes last: that it is there means that all are."""
    for number, (caption, make) in reversed(list(enumerate(shapes.SHAPES.values()))):
        code = FIRST_SAMPLE if number == 0 else f"SESSION_{1700000000 + number}_{number:07d}"
        if store.get(code) is None:
            style, made = ("2024", "2025")[number % 2], 1700000000.0 + number
            mesh = glb.write_parts(make())
            store.add(mesh, code=code, caption=caption, style=style, created_at=made, updated_at=made)
