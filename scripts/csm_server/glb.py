# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files in plain numpy: their parts as arrays, and back. No more than this service needs itself.

Axes are glTF's: x right, y up, z to the front; lengths are meters; texture coordinates have their origin top left.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Document = dict[str, Any]

_JSON, _BIN = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


class MeshError(ValueError):
    """The file holds no mesh that can be used; the text says why."""


@dataclass
class Part:
    """Triangles with one material.

    ``points`` is (n, 3), ``faces`` (m, 3) indices of points, ``uv`` (n, 2) and ``colors`` (n, 3) from 0 to 1 or None.
    ``color`` is the base color, red, green, blue from 0 to 1; ``picture`` the file of its texture, PNG or JPEG, or
    empty.
    """

    name: str
    points: Floats
    faces: Ints
    uv: Floats | None = None
    colors: Floats | None = None
    color: tuple[float, ...] = (1.0, 1.0, 1.0)
    picture: bytes = b""
    roughness: float = 1.0
    metallic: float = 0.0


def split(data: bytes) -> tuple[Document, bytes]:
    """The JSON and the binary chunk of a GLB. Raises MeshError."""
    try:
        (length,) = struct.unpack_from("<I", data, 12)
        document = json.loads(data[20 : 20 + length])
    except (struct.error, ValueError, RecursionError) as error:
        raise MeshError(f"the GLB cannot be read: {error}") from None
    return document, data[28 + length :]


def join(document: Document, binary: bytes) -> bytes:
    """A GLB of that JSON and that binary chunk."""
    text = json.dumps(document, separators=(",", ":")).encode()
    chunks = b""
    for kind, chunk, fill in ((_JSON, text, b" "), (_BIN, binary, b"\0")):
        padded = chunk + fill * (-len(chunk) % 4)
        chunks += struct.pack("<II", len(padded), kind) + padded
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def read_parts(data: bytes) -> list[Part]:
    """What the default scene shows, node transforms baked in. Raises MeshError where that is no triangle at all."""
    document, binary = split(data)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is looked for afterwards
            found = [
                _part(document, binary, primitive, matrix)
                for mesh, matrix in _shown(document)
                for primitive in mesh["primitives"]
                if primitive.get("mode", _TRIANGLES) in (_TRIANGLES, _STRIP, _FAN)
            ]
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MeshError(str(error) if isinstance(error, MeshError) else f"the GLB cannot be read: {error!r}") from None
    parts = [part for part in found if len(part.faces)]
    if not parts:
        raise MeshError("the GLB holds no triangle mesh")
    if not all(np.isfinite(part.points).all() for part in parts):
        raise MeshError("the mesh has coordinates that are not finite numbers")
    return parts


def write_parts(parts: list[Part]) -> bytes:
    """A GLB with a mesh, a node and a material for each part."""
    document: Document = {"asset": {"version": "2.0", "generator": "csm_server"}, "scene": 0}
    lists: dict[str, list[Any]] = {name: [] for name in ("accessors", "bufferViews", "images", "textures")}
    binary = bytearray()

    def view(data: bytes, **more: Any) -> int:
        binary.extend(b"\0" * (-len(binary) % 4))
        lists["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), **more})
        binary.extend(data)
        return len(lists["bufferViews"]) - 1

    def accessor(values: npt.NDArray[Any], kind: str, component: int, target: int, **more: Any) -> int:
        where = view(values.astype(_TYPES[component]).tobytes(), target=target)
        count = values.size // _WIDTHS[kind]
        lists["accessors"].append(
            {"bufferView": where, "componentType": component, "count": count, "type": kind, **more}
        )
        return len(lists["accessors"]) - 1

    meshes, materials = [], []
    for number, part in enumerate(parts):
        points = part.points.astype(np.float32)
        box = {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
        attributes = {"POSITION": accessor(points, "VEC3", 5126, 34962, **box)}
        if part.uv is not None:
            attributes["TEXCOORD_0"] = accessor(part.uv, "VEC2", 5126, 34962)
        indices = accessor(part.faces, "SCALAR", 5125, 34963)
        color = [*part.color, 1.0]
        surface = {"baseColorFactor": color, "roughnessFactor": part.roughness, "metallicFactor": part.metallic}
        if part.picture:
            surface["baseColorTexture"] = {"index": len(lists["textures"])}
            lists["textures"].append({"source": len(lists["images"])})
            lists["images"].append({"bufferView": view(part.picture), "mimeType": picture_type(part.picture)})
        materials.append({"name": part.name, "pbrMetallicRoughness": surface})
        primitive = {"attributes": attributes, "indices": indices, "material": number}
        meshes.append({"name": part.name, "primitives": [primitive]})
    nodes = [{"name": part.name, "mesh": number} for number, part in enumerate(parts)]
    document |= {"scenes": [{"nodes": list(range(len(parts)))}], "nodes": nodes, "meshes": meshes}
    document |= {"materials": materials, **{name: values for name, values in lists.items() if values}}
    document["buffers"] = [{"byteLength": len(binary)}]
    return join(document, bytes(binary))


def picture_type(picture: bytes) -> str:
    """The media type of a picture: PNG or JPEG, which glTF allows."""
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


def _shown(document: Document) -> Iterator[tuple[Document, Floats]]:
    """Each mesh that the default scene shows, with the (4, 4) matrix of its node."""
    nodes = document.get("nodes", [])
    scenes = document.get("scenes", [])
    children = {child for node in nodes for child in node.get("children", ())}
    roots = scenes[document.get("scene", 0)].get("nodes", []) if scenes else set(range(len(nodes))) - children
    waiting = [(root, np.eye(4)) for root in roots]
    for index, above in waiting:  # grows as it is walked
        if len(waiting) > len(nodes):
            raise MeshError("the GLB's nodes are no tree")
        node = nodes[index]
        matrix = above @ _matrix(node)
        waiting += [(child, matrix) for child in node.get("children", ())]
        if "mesh" in node:
            yield document["meshes"][node["mesh"]], matrix


def _matrix(node: Document) -> Floats:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix


def _part(document: Document, binary: bytes, primitive: Document, matrix: Floats) -> Part:
    if "KHR_draco_mesh_compression" in primitive.get("extensions", {}):
        raise MeshError("the mesh is compressed")
    attributes = primitive["attributes"]

    def values(name: str, width: int) -> Floats | None:
        return _values(document, binary, attributes[name])[:, :width] if name in attributes else None

    points = _values(document, binary, attributes["POSITION"])
    material = document["materials"][primitive["material"]] if "material" in primitive else {}
    surface = material.get("pbrMetallicRoughness", {})
    slot = surface.get("baseColorTexture", {})
    order = _values(document, binary, primitive["indices"])[:, 0] if "indices" in primitive else np.arange(len(points))
    faces = _faces(order.astype(np.int64), primitive.get("mode", _TRIANGLES))
    if faces.size and not 0 <= faces.min() <= faces.max() < len(points):
        raise MeshError("the mesh has faces of points that it does not hold")
    if np.linalg.det(matrix[:3, :3]) < 0:
        faces = faces[:, ::-1]  # a mirroring node would turn them inside out
    return Part(
        name=str(material.get("name", "material")),
        points=points @ matrix[:3, :3].T + matrix[:3, 3],
        faces=faces,
        uv=values(f"TEXCOORD_{slot.get('texCoord', 0)}", 2),
        colors=values("COLOR_0", 3),
        color=tuple(surface.get("baseColorFactor", (1.0, 1.0, 1.0)))[:3],
        picture=_picture(document, binary, slot["index"]) if "index" in slot else b"",
        roughness=surface.get("roughnessFactor", 1.0),
        metallic=surface.get("metallicFactor", 1.0),
    )


def _faces(order: Ints, mode: int) -> Ints:
    if mode == _TRIANGLES:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    steps = np.arange(max(0, len(order) - 2))
    if mode == _FAN:
        return np.column_stack([np.full(len(steps), order[0]), order[steps + 1], order[steps + 2]])
    odd = steps % 2
    return np.column_stack([order[steps], order[steps + 1 + odd], order[steps + 2 - odd]])


def _values(document: Document, binary: bytes, index: int) -> Floats:
    """The (count, width) numbers of an accessor, normalized ones from -1 to 1."""
    accessor = document["accessors"][index]
    kind, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
    found = np.zeros((accessor["count"], width))
    if "bufferView" in accessor:
        found[:] = _read(document, binary, accessor, found.shape, kind)
    if sparse := accessor.get("sparse"):
        rows, values, count = sparse["indices"], sparse["values"], sparse["count"]
        changed = _read(document, binary, rows, (count, 1), np.dtype(_TYPES[rows["componentType"]]))[:, 0]
        found[changed] = _read(document, binary, values, (count, width), kind)
    return found / np.iinfo(kind).max if accessor.get("normalized") else found


def _read(
    document: Document, binary: bytes, place: Document, shape: tuple[int, ...], kind: np.dtype[Any]
) -> npt.NDArray[Any]:
    """The numbers of that kind, (count, width), at a place in the file."""
    view = document["bufferViews"][place["bufferView"]]
    uri = document["buffers"][view["buffer"]].get("uri", "")
    data = base64.b64decode(uri.partition(",")[2]) if uri else binary
    start = view.get("byteOffset", 0) + place.get("byteOffset", 0)
    step = view.get("byteStride", kind.itemsize * shape[1])
    return np.ndarray(shape, kind, data, start, (step, kind.itemsize))


def _picture(document: Document, binary: bytes, texture: int) -> bytes:
    source = document["textures"][texture].get("source")
    if source is None:  # a format of an extension
        return b""
    image = document["images"][source]
    if "bufferView" not in image:
        return base64.b64decode(image["uri"].partition(",")[2])
    view = document["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    return binary[start : start + view["byteLength"]]
