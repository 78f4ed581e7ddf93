# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare boxes in a .blend with plain bpy and numpy: it shares nothing with the add-on.

``python plain_measure.py FILE.blend TARGET=RESULT …`` prints, as JSON, for each pair: the largest distance of a corner
from its nearest counterpart and the distance of the origins, both relative to the target box's diagonal, the angle in
degrees between the up axes, and the result's materials and the sizes of its images.
"""

from __future__ import annotations

import itertools
import json
import math
import sys

import bpy
import numpy as np


def main(path: str, pairs: list[str]) -> None:
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False)
    for obj in bpy.data.objects:
        obj.hide_viewport = False
    bpy.context.view_layer.update()
    found = {pair: compare(*(bpy.data.objects[name] for name in pair.split("="))) for pair in pairs}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def compare(target: bpy.types.Object, result: bpy.types.Object) -> dict[str, object]:
    wanted, got = box_corners(target), box_corners(result)
    diagonal = max(np.linalg.norm(a - b) for a, b in itertools.combinations(wanted, 2))
    nearest = [min(np.linalg.norm(a - b) for b in got) for a in wanted]
    up_wanted, up_got = (np.array(obj.matrix_world.col[2][:3]) for obj in (target, result))
    cosine = up_wanted @ up_got / np.linalg.norm(up_wanted) / np.linalg.norm(up_got)
    origins = np.array(target.matrix_world.translation) - np.array(result.matrix_world.translation)
    materials = [slot.material for slot in result.material_slots if slot.material]
    nodes = [node for material in materials for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
    return {
        "corner_error": float(max(nearest) / diagonal),
        "origin_error": float(np.linalg.norm(origins) / diagonal),
        "up_degrees": math.degrees(math.acos(max(-1.0, min(1.0, cosine)))),
        "materials": [material.name for material in materials],
        "images": [list(node.image.size) for node in nodes if node.image],
        "vertices": len(result.data.vertices),
    }


def box_corners(obj: bpy.types.Object) -> np.ndarray:
    """The eight corners, in the world, of the box around the evaluated vertices in the object's own axes."""
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    evaluated.to_mesh_clear()
    matrix = np.array(evaluated.matrix_world, dtype=np.float64)
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))))
    return corners @ matrix[:3, :3].T + matrix[:3, 3]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
