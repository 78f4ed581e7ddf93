# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces, lists of numbers and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
from fit_glbs import Glb, block, letter

from .delivery import Delivery
from .making import Change, changed, in_view, letter_glb, part, put, uvs, with_vertex

_LOOSE = "Points and lines beside the faces were left out."
_FAR = ((9.0, 9.0, 9.0), (10.0, 9.0, 9.0))
_NAN = float("nan")


def _attribute(name: str, values: Any, kind: str, component: int = 5126, **entry: Any) -> Change:
    def change(glb: Glb) -> None:
        part(glb)["attributes"][name] = index = glb.accessor(values, kind, component)
        glb.document["accessors"][index].update(entry)

    return change


def _normals(values: Any) -> Change:
    return _attribute("NORMAL", np.broadcast_to(np.asarray(values, dtype=float), (40, 3)), "VEC3")


def _loose(mode: int, indices: Any = (40, 41), **node: Any) -> Change:
    """A primitive of points or lines beside the faces, or in a node of its own, far away."""

    def change(glb: Glb) -> None:
        points = np.concatenate([letter()[0], _FAR])
        primitive = {
            "mode": mode,
            "attributes": {"POSITION": glb.accessor(points, "VEC3")},
            "indices": glb.accessor(np.array(indices), "SCALAR", 5125),
        }
        if node:
            glb.document["meshes"].append({"primitives": [primitive]})
            glb.node(mesh=1, **node)
        else:
            glb.document["meshes"][0]["primitives"].append(primitive)

    return change


def _only(mode: int, indices: Any = (0, 1, 2, 3)) -> Change:
    def change(glb: Glb) -> None:
        part(glb).update(mode=mode, indices=glb.accessor(np.array(indices), "SCALAR", 5125))

    return change


def _indices(component: int) -> Change:
    def change(glb: Glb) -> None:
        part(glb)["indices"] = glb.accessor(letter()[1].ravel(), "SCALAR", component)

    return change


def _soup() -> bytes:
    points, faces = letter()
    glb = letter_glb(points=points[faces].reshape(-1, 3), faces=np.arange(180))
    del part(glb)["indices"]
    return glb.bytes()


def _strip(mode: int) -> bytes:
    """Eight triangles around an axis, as a strip or a fan, and the letter below."""
    glb = letter_glb()
    turns = np.linspace(0.0, np.pi, 9)
    if mode == 5:
        points = np.array([(np.cos(t) / 2, y, np.sin(t) / 2) for t in turns[::2] for y in (-0.5, 0.5)])
    else:
        points = np.array([(0.0, 0.5, 0.0), *((np.cos(t) / 2, 0.5, np.sin(t) / 2) for t in turns)])
    glb.document["meshes"][0]["primitives"].append(
        {"mode": mode, "attributes": {"POSITION": glb.accessor(points, "VEC3")}}
    )
    return glb.bytes()


def _interleaved() -> bytes:
    glb = letter_glb()
    points = letter()[0].astype("<f4")
    rows = np.concatenate([points, np.tile(np.float32((0.0, 0.0, 1.0)), (40, 1)), points[:, :2]], axis=1)
    view = in_view(glb, rows.tobytes())
    glb.document["bufferViews"][view]["byteStride"] = 32
    first = len(glb.document["accessors"])
    kinds = (("POSITION", "VEC3", 0), ("NORMAL", "VEC3", 12), ("TEXCOORD_0", "VEC2", 24))
    for number, (name, kind, offset) in enumerate(kinds):
        entry = {"bufferView": view, "byteOffset": offset, "componentType": 5126, "count": 40, "type": kind}
        glb.document["accessors"].append(entry)
        part(glb)["attributes"][name] = first + number
    return glb.bytes()


def _quantized() -> bytes:
    glb = letter_glb(scale=[1.0 / 32766.0] * 3)
    rows = np.zeros((40, 4), dtype="<i2")
    rows[:, :3] = np.round(letter()[0] * 32766.0)
    view = in_view(glb, rows.tobytes())
    glb.document["bufferViews"][view]["byteStride"] = 8
    glb.document["accessors"].append({"bufferView": view, "componentType": 5122, "count": 40, "type": "VEC3"})
    part(glb)["attributes"]["POSITION"] = len(glb.document["accessors"]) - 1
    glb.document.update(extensionsUsed=["KHR_mesh_quantization"], extensionsRequired=["KHR_mesh_quantization"])
    return glb.bytes()


def _sparse() -> bytes:
    """The last vertex of all is brought to its place by a sparse list."""
    glb = letter_glb(points=with_vertex((7.0, 7.0, 7.0), 39))
    indices = in_view(glb, np.array([39], "<u4").tobytes())
    values = in_view(glb, letter()[0][39:].astype("<f4").tobytes())
    glb.document["accessors"][0]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": indices, "componentType": 5125},
        "values": {"bufferView": values},
    }
    return glb.bytes()


def _one_list_for_two() -> bytes:
    """Two primitives that share their vertices, each with its own part of the faces."""
    glb = letter_glb()
    faces = letter()[1]
    first = part(glb)
    first["indices"] = glb.accessor(faces[:30].ravel(), "SCALAR", 5125)
    second = {**first, "indices": glb.accessor(faces[30:].ravel(), "SCALAR", 5125)}
    glb.document["meshes"][0]["primitives"].append(second)
    return glb.bytes()


def _accessor(index: int, **entries: Any) -> Change:
    return lambda glb: glb.document["accessors"][index].update(entries)


def _packed(extension: str, *, required: bool = True, **of_primitive: Any) -> Change:
    def change(glb: Glb) -> None:
        glb.document["extensionsUsed"] = [extension]
        if required:
            glb.document["extensionsRequired"] = [extension]
        if of_primitive:
            part(glb)["extensions"] = {extension: of_primitive}
        else:
            packed = {"buffer": 0, "byteLength": 480, "byteStride": 12, "count": 40, "mode": "ATTRIBUTES"}
            glb.document["bufferViews"][0]["extensions"] = {extension: packed}

    return change


def _dome(outward: bool) -> bytes:
    rows, columns = np.meshgrid(np.linspace(0.01, 1.5, 9), np.linspace(0.0, 2 * np.pi, 17), indexing="ij")
    ball = np.stack([np.sin(rows) * np.cos(columns), np.cos(rows) - 0.5, np.sin(rows) * np.sin(columns)], axis=-1) / 2
    corner = np.arange(rows.size).reshape(rows.shape)[:-1, :-1].ravel()
    faces = np.stack([corner, corner + 1, corner + 18, corner, corner + 18, corner + 17], axis=-1).reshape(-1, 3)
    return letter_glb(points=ball.reshape(-1, 3), faces=faces if outward else faces[:, ::-1]).bytes()


_POINTS, _FACES = letter()
_DOME_BOX = ((-0.4987475, -0.2146314, -0.4987475), (0.4987475, 0.249975, 0.4987475))
DELIVERIES = (
    Delivery("triangles without a list of indices (TripoSR, marching cubes)", _soup, finds={"open_edges": 0}),
    Delivery("indices of 8 bits", changed(_indices(5121))),
    Delivery("indices of 16 bits", changed(_indices(5123))),
    Delivery("a triangle strip", lambda: _strip(5), triangles=68),
    Delivery("a triangle fan", lambda: _strip(6), triangles=68),
    Delivery("points beside the faces, far away", changed(_loose(0)), says=_LOOSE),
    Delivery("lines beside the faces, far away", changed(_loose(1)), says=_LOOSE),
    Delivery("lines with an odd number of indices", changed(_loose(1, (40, 41, 40))), says=_LOOSE),
    Delivery("a closed line beside the faces", changed(_loose(2)), says=_LOOSE),
    Delivery("a line strip in a node of its own", changed(_loose(3, name="guide")), says=_LOOSE),
    Delivery("lines only, one end too many", changed(_only(1, (*range(40), 0))), triangles=0),
    Delivery("points only (Gaussian splats, scans)", changed(_only(0, range(40))), triangles=0),
    Delivery("a vertex no face uses, far away", changed(points=np.concatenate([_POINTS, _FAR]), faces=_FACES)),
    Delivery("triangles without an area", changed(faces=np.concatenate([_FACES, [(0, 0, 1), (2, 2, 2)]]))),
    Delivery("the same triangles twice", changed(faces=np.concatenate([_FACES, _FACES]))),
    Delivery("an index beyond the vertices", changed(faces=np.concatenate([_FACES, [(0, 1, 400)]])), refused="wrong"),
    Delivery("a number of indices that is not a multiple of 3", changed(faces=np.append(_FACES.ravel(), [0]))),
    Delivery(
        "a vertex that is NaN",
        changed(points=with_vertex((0.0, _NAN, 0.0))),
        triangles=56,
        says="1 vertex has a coordinate that is not a number",
        finds={"bad_numbers": 1},
    ),
    Delivery(
        "a vertex that is infinite",
        changed(points=with_vertex((np.inf, 0.0, 0.0))),
        triangles=56,
        says="1 vertex has a coordinate that is not a number",
        finds={"bad_numbers": 1},
    ),
    Delivery("all vertices NaN", changed(points=np.full((40, 3), _NAN)), refused="coordinates that are not numbers"),
    Delivery("UVs that are NaN", changed(uvs(np.full((40, 2), _NAN))), finds={"bad_numbers": 40}),
    Delivery("normals that are NaN", changed(_normals(_NAN))),
    Delivery("normals of length 0", changed(_normals(0.0))),
    Delivery("normals that are not of length 1", changed(_normals((0.0, 3.0, 0.0)))),
    Delivery("lists in one bufferView, interleaved", _interleaved),
    Delivery("`KHR_mesh_quantization` (gltfpack, glTF-Transform)", _quantized),
    Delivery("a sparse list of positions", _sparse),
    Delivery("two primitives that share their vertices", _one_list_for_two),
    Delivery("UVs as normalized 16-bit numbers", changed(uvs(np.full((40, 2), 200), 5121, normalized=True))),
    Delivery("two UV maps", changed(uvs(), _attribute("TEXCOORD_1", _POINTS[:, :2], "VEC2")), finds={"uv_maps": 2}),
    Delivery("vertex colors as floats (TripoSR)", changed(_attribute("COLOR_0", _POINTS + 0.5, "VEC3"))),
    Delivery(
        "vertex colors as bytes with alpha (trimesh)",
        changed(_attribute("COLOR_0", np.full((40, 4), 128), "VEC4", 5121, normalized=True)),
    ),
    Delivery("tangents", changed(_attribute("TANGENT", np.tile((1.0, 0.0, 0.0, 1.0), (40, 1)), "VEC4"))),
    Delivery("attributes of an exporter's own", changed(_attribute("_BATCHID", np.arange(40.0), "SCALAR"))),
    Delivery(
        "fewer UVs than vertices",
        changed(uvs(np.zeros((12, 2)))),
        says="The list TEXCOORD_0 does not fit the vertices",
        finds={"uv_maps": 0},
    ),
    Delivery(
        "a list of positions without its data",
        changed(lambda glb: glb.document["accessors"][0].pop("bufferView")),
        refused="no size",
    ),
    Delivery("`min` and `max` that lie", changed(_accessor(0, min=[-9.0] * 3, max=[9.0] * 3))),
    Delivery("`min` and `max` that are NaN", changed(_accessor(0, min=[_NAN] * 3, max=[_NAN] * 3))),
    Delivery("no `min` and `max`", changed(lambda glb: glb.document["accessors"][0].pop("min"))),
    Delivery("an empty list", changed(_accessor(1, count=0)), refused="0 elements"),
    Delivery("a longer list than its data", changed(_accessor(0, count=4000)), refused="more elements than it holds"),
    Delivery("a mesh without primitives", changed(put(meshes=[{"primitives": []}])), refused="holds no mesh"),
    Delivery("a file without a mesh", changed(put(meshes=[], nodes=[{}])), refused="holds no mesh"),
    Delivery("faces turned inside out", changed(faces=_FACES[:, ::-1]), finds={"inside_out": True, "open_edges": 0}),
    Delivery("an open surface turned inside out", lambda: _dome(False), 256, _DOME_BOX, finds={"inside_out": True}),
    Delivery("an open surface", lambda: _dome(True), 256, _DOME_BOX),
    Delivery(
        "a single block", changed(points=block((-0.5,) * 3, (0.5,) * 3)[0], faces=block((0,) * 3, (1,) * 3)[1]), 12
    ),
    Delivery("a flat result", changed(points=_POINTS * (1.0, 1.0, 0.0)), box=((-0.5, -0.5, 0.0), (0.5, 0.5, 0.0))),
    Delivery(
        "Draco",
        changed(_packed("KHR_draco_mesh_compression", bufferView=0, attributes={"POSITION": 0})),
        refused="Draco",
        or_placed=True,
    ),
    Delivery("meshopt", changed(_packed("EXT_meshopt_compression")), refused="meshopt"),
    Delivery(
        "Draco beside plain data",
        changed(_packed("KHR_draco_mesh_compression", required=False, bufferView=0, attributes={"POSITION": 0})),
    ),
    Delivery("meshopt beside plain data", changed(_packed("EXT_meshopt_compression", required=False))),
)
