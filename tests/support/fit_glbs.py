# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files made byte by byte, in glTF axes (y up, front toward +z); a letter F that shows which way it was turned."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Points = Sequence[Sequence[float]]


@dataclass
class Glb:
    """A document under construction; ``bytes()`` ends it."""

    document: dict[str, Any] = field(default_factory=lambda: {"asset": {"version": "2.0"}, "scene": 0, "nodes": []})
    binary: bytearray = field(default_factory=bytearray)

    def accessor(self, values: Any, kind: str, component: int = 5126) -> int:
        """Add *values* as an accessor and give its index."""
        data = np.ascontiguousarray(values, dtype={5126: "<f4", 5125: "<u4", 5123: "<u2", 5121: "u1"}[component])
        self.binary += b"\0" * (-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": data.nbytes}
        self.binary += data.tobytes()
        views, accessors = self._list("bufferViews"), self._list("accessors")
        views.append(view)
        entry = {"bufferView": len(views) - 1, "componentType": component, "count": len(data), "type": kind}
        if kind == "VEC3":
            entry |= {"min": data.min(axis=0).tolist(), "max": data.max(axis=0).tolist()}
        accessors.append(entry)
        return len(accessors) - 1

    def mesh(self, points: Points, faces: Any, normals: Any = None, **attributes: int) -> int:
        """Add a mesh and give its index."""
        primitive: dict[str, Any] = {
            "attributes": {"POSITION": self.accessor(points, "VEC3"), **attributes},
            "indices": self.accessor(np.asarray(faces).ravel(), "SCALAR", 5125),
        }
        if normals is not None:
            primitive["attributes"]["NORMAL"] = self.accessor(normals, "VEC3")
        meshes = self._list("meshes")
        meshes.append({"primitives": [primitive]})
        return len(meshes) - 1

    def node(self, *, root: bool = True, **properties: Any) -> int:
        """Add a node and give its index."""
        self.document["nodes"].append(properties)
        index = len(self.document["nodes"]) - 1
        if root:
            self._list("scenes") or self.document["scenes"].append({"nodes": []})
            self.document["scenes"][0]["nodes"].append(index)
        return index

    def bytes(self) -> bytes:
        """The file."""
        self.document.setdefault("buffers", [{"byteLength": len(self.binary)}])
        text = json.dumps(self.document).encode()
        text += b" " * (-len(text) % 4)
        binary = bytes(self.binary) + b"\0" * (-len(self.binary) % 4)
        length = 28 + len(text) + len(binary)
        head = struct.pack("<4sIIII", b"glTF", 2, length, len(text), 0x4E4F534A)
        return head + text + struct.pack("<II", len(binary), 0x004E4942) + binary

    def _list(self, name: str) -> list[Any]:
        return self.document.setdefault(name, [])


def block(low: Sequence[float], high: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """A box: eight points, twelve triangles facing out."""
    x0, y0, z0, x1, y1, z1 = *low, *high
    points = np.array(
        [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0), (x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)]
    )
    quads = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (2, 3, 7, 6), (1, 2, 6, 5), (3, 0, 4, 7)]
    return points, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


LETTER = {
    "stem": ((-0.5, -0.5, -0.2), (-0.3, 0.5, 0.2)),
    "top bar": ((-0.3, 0.3, -0.2), (0.5, 0.5, 0.2)),
    "middle bar": ((-0.3, -0.1, -0.2), (0.2, 0.1, 0.2)),
    "back plate": ((-0.5, -0.5, -0.5), (-0.3, -0.3, -0.2)),
    "nose": ((-0.45, -0.05, 0.2), (-0.35, 0.05, 0.5)),
}
"""An F in the unit cube, read from the front: stem at the left, bars to the right, the nose toward the viewer."""


def letter(low: Sequence[float] = (-0.5,) * 3, high: Sequence[float] = (0.5,) * 3) -> tuple[np.ndarray, np.ndarray]:
    """The F stretched to a box."""
    points, faces = [], []
    for part_low, part_high in LETTER.values():
        p, f = block(part_low, part_high)
        faces.append(f + 8 * len(points))
        points.append(p)
    unit = np.concatenate(points) + 0.5
    return unit * (np.array(high) - np.array(low)) + np.array(low), np.concatenate(faces)


def plain(points: Points, faces: Any, **node: Any) -> bytes:
    """A GLB of one mesh in one node."""
    glb = Glb()
    glb.node(mesh=glb.mesh(points, faces), **node)
    return glb.bytes()


def obedient(size: Sequence[float] | None, pivot: Sequence[float] | None) -> bytes:
    """What a service that obeys delivers: the letter at the size and with the pivot asked for, API order."""
    s, p = np.array(size or (1.0, 1.0, 1.0)), np.array(pivot or (0.0, 0.0, 0.0))
    return plain(*letter((-0.5 - p) * s, (0.5 - p) * s))


def disobedient(how: str, size: Any, pivot: Any) -> bytes:  # noqa: C901, PLR0911 - a list of cases
    """The same letter from a service that does as it likes; see :data:`DISOBEDIENCE`."""
    s, p = np.array(size or (1.0, 1.0, 1.0)), np.array(pivot or (0.0, 0.0, 0.0))
    low, high = (-0.5 - p) * s, (0.5 - p) * s
    middle = (low + high) / 2.0
    match how:
        case "ignores the box":
            return plain(*letter((-0.3 - p) * 0.7, (0.9 - p) * 0.7))
        case "ignores the pivot":
            return plain(*letter(low - middle + (3.0, 1.0, -2.0), high - middle + (3.0, 1.0, -2.0)))
        case "swaps the sizes":
            return plain(*letter(low[[2, 0, 1]], high[[2, 0, 1]]))
        case "unit cubes":
            return plain(*letter())
        case "0.01 scale with 100x data":
            return plain(*letter(low * 100.0, high * 100.0), scale=[0.01, 0.01, 0.01])
        case "turned root":
            # Data turned by -90 degrees about x, and a node that turns it back, scales and moves it.
            points, faces = letter(low, high)
            turned = np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1) / 4.0
            half = 2.0**-0.5
            return plain(turned, faces, rotation=[half, 0.0, 0.0, half], scale=[4.0] * 3, translation=[5.0, 6.0, 7.0])
        case "mirrored root":
            points, faces = letter(low, high)
            return plain(points * (-1.0, 1.0, 1.0), faces[:, ::-1], scale=[-1.0, 1.0, 1.0])
        case "several meshes":
            glb = Glb()
            parent = glb.node(translation=[1.0, 0.0, 0.0], children=[])
            unit = high - low
            for part_low, part_high in LETTER.values():
                a, b = (np.array(part_low) + 0.5) * unit + low, (np.array(part_high) + 0.5) * unit + low
                child = glb.node(root=False, mesh=glb.mesh(*block(a - (1.0, 0.0, 0.0), b - (1.0, 0.0, 0.0))))
                glb.document["nodes"][parent]["children"].append(child)
            return glb.bytes()
        case "animated":
            return _animated(low, high)
        case "skinned":
            return _skinned(low, high)
        case "morphing":
            glb = Glb()
            points, faces = letter(low, high)
            index = glb.mesh(points, faces)
            target = {"POSITION": glb.accessor(np.full_like(points, 0.5), "VEC3")}
            glb.document["meshes"][index]["primitives"][0]["targets"] = [target]
            glb.document["meshes"][index]["weights"] = [0.0]
            glb.node(mesh=index)
            return glb.bytes()
    raise AssertionError(how)


DISOBEDIENCE = (
    "ignores the box",
    "ignores the pivot",
    "swaps the sizes",
    "unit cubes",
    "0.01 scale with 100x data",
    "turned root",
    "mirrored root",
    "several meshes",
    "animated",
    "skinned",
    "morphing",
)
NOTED = {"animated": "animated", "skinned": "rigged", "several meshes": "joined"}
"""Of these, which a note of the converter has to speak of, and a word of it."""


def _animated(low: np.ndarray, high: np.ndarray) -> bytes:
    """A node that is turned upside down by an animation from its first frame on."""
    glb = Glb()
    node = glb.node(mesh=glb.mesh(*letter(low, high)))
    times = glb.accessor(np.array([0.0, 1.0]), "SCALAR")
    turns = glb.accessor(np.array([(0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 0.0)]), "VEC4")
    glb.document["animations"] = [
        {
            "channels": [{"sampler": 0, "target": {"node": node, "path": "rotation"}}],
            "samplers": [{"input": times, "output": turns}],
        }
    ]
    return glb.bytes()


def _skinned(low: np.ndarray, high: np.ndarray) -> bytes:
    """Two bones, the upper one turned by an animation; both at rest where they were bound."""
    glb = Glb()
    points, faces = letter(low, high)
    upper = (points[:, 1] > (low[1] + high[1]) / 2.0).astype(int)
    joints = np.stack([upper, np.zeros_like(upper), np.zeros_like(upper), np.zeros_like(upper)], axis=1)
    weights = np.tile([1.0, 0.0, 0.0, 0.0], (len(points), 1))
    mesh = glb.mesh(points, faces, JOINTS_0=glb.accessor(joints, "VEC4", 5121), WEIGHTS_0=glb.accessor(weights, "VEC4"))
    height = float(high[1] - low[1])
    tip = glb.node(root=False, name="tip", translation=[0.0, height / 2.0, 0.0])
    root = glb.node(name="root", children=[tip])
    unit = np.eye(4)
    moved = np.eye(4)
    moved[1, 3] = -height / 2.0
    inverse = glb.accessor(np.stack([unit.T.ravel(), moved.T.ravel()]), "MAT4")
    glb.document["skins"] = [{"joints": [root, tip], "inverseBindMatrices": inverse, "skeleton": root}]
    glb.node(mesh=mesh, skin=0)
    times = glb.accessor(np.array([0.0, 1.0]), "SCALAR")
    turns = glb.accessor(np.array([(0.0, 0.0, 0.7071068, 0.7071068), (0.0, 0.0, 0.0, 1.0)]), "VEC4")
    glb.document["animations"] = [
        {
            "channels": [{"sampler": 0, "target": {"node": tip, "path": "rotation"}}],
            "samplers": [{"input": times, "output": turns}],
        }
    ]
    return glb.bytes()
