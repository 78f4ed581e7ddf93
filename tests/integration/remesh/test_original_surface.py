# SPDX-License-Identifier: GPL-3.0-or-later
"""Where points lie on the mesh they were made from."""

from __future__ import annotations

import numpy as np
import pytest
from fit_glbs import block

pytest.importorskip("bpy")

from csm_blender.remesh.texture.original_surface import OriginalSurface


def test_of_triangles_that_lie_on_each_other_the_first_is_looked_up() -> None:
    """A thousand equals took a thousand times as long, and any of them was found; found by the fuzzer."""
    points, faces = block((0.0,) * 3, (1.0,) * 3)
    box = np.asarray(points, dtype=np.float32)[np.asarray(faces)]
    middles = box.mean(axis=1)
    normals = np.cross(box[:, 1] - box[:, 0], box[:, 2] - box[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    with OriginalSurface(np.concatenate([box, *[np.where(box == 0.0, np.float32(-0.0), box)] * 1000])) as surface:
        hits = surface.hits(middles, normals.astype(np.float32))
    assert hits.triangle.tolist() == list(range(12))
    assert hits.weights == pytest.approx(np.full((12, 3), 1 / 3), abs=1e-4)
