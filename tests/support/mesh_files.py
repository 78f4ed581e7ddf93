# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter F as files of several formats, written by hand: what a reader makes of them can be told beforehand."""

from __future__ import annotations

import base64
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fit_glbs import letter, plain

LOW, HIGH = (0.5, 0.25, -1.0), (0.8, 2.15, -0.3)
"""The box of the letter in glTF's axes and meters: no two of its sizes are equal."""


def points_and_faces() -> tuple[np.ndarray, np.ndarray]:
    """The letter in glTF's axes, y up: points (n, 3) in meters and triangles (t, 3)."""
    points, faces = letter(LOW, HIGH)
    return np.asarray(points, dtype=np.float64), np.asarray(faces).reshape(-1, 3)


def in_blender(points: np.ndarray) -> np.ndarray:
    """*points* (n, 3) of glTF's axes in Blender's: z up, front toward -y."""
    return points @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def write_glb(path: Path) -> Path:
    path.write_bytes(plain(*points_and_faces()))
    return path


def write_gltf(path: Path) -> Path:
    """With its data in the JSON."""
    document, data = _parts()
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_gltf_with_files(path: Path) -> Path:
    """With its data in a file beside it, in a folder with a blank in its name."""
    document, data = _parts()
    document["buffers"][0]["uri"] = "the%20data/mesh.bin"
    (path.parent / "the data").mkdir()
    (path.parent / "the data" / "mesh.bin").write_bytes(data)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _parts() -> tuple[dict, bytes]:
    whole = plain(*points_and_faces())
    json_bytes = struct.unpack_from("<I", whole, 12)[0]
    return json.loads(whole[20 : 20 + json_bytes]), whole[28 + json_bytes :]


def write_obj(path: Path) -> Path:
    points, faces = points_and_faces()
    lines = [f"v {x} {y} {z}" for x, y, z in points.tolist()]
    lines += ["f " + " ".join(map(str, face)) for face in (faces + 1).tolist()]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_zip(path: Path) -> Path:
    inner = write_obj(path.with_suffix(".obj"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.write(inner, "mesh/mesh.obj")
    inner.unlink()
    return path


def write_zip_of_gltf(path: Path) -> Path:
    folder = path.with_suffix("")
    folder.mkdir()
    write_gltf_with_files(folder / "mesh.gltf")
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.write(folder / "mesh.gltf", "export/mesh.gltf")
        bundle.write(folder / "the data" / "mesh.bin", "export/the data/mesh.bin")
    return path


def write_stl(path: Path) -> Path:
    """Binary, z up."""
    points, faces = points_and_faces()
    corners = in_blender(points)[faces].astype("<f4")
    rows = b"".join(bytes(12) + triangle.tobytes() + b"\0\0" for triangle in corners)
    path.write_bytes(b"binary".ljust(80) + struct.pack("<I", len(faces)) + rows)
    return path


def write_stl_text(path: Path) -> Path:
    points, faces = points_and_faces()
    lines = ["solid letter"]
    for triangle in in_blender(points)[faces].tolist():
        lines += ["facet normal 0 0 0", "outer loop", *(f"vertex {x} {y} {z}" for x, y, z in triangle)]
        lines += ["endloop", "endfacet"]
    path.write_text("\n".join([*lines, "endsolid letter\n"]))
    return path


def write_ply(path: Path) -> Path:
    """Text, z up."""
    points, faces = points_and_faces()
    head = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
    head += [f"property float {axis}" for axis in "xyz"]
    head += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    rows = [" ".join(map(str, row)) for row in in_blender(points).tolist()]
    rows += [" ".join(map(str, [3, *face])) for face in faces.tolist()]
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def write_usda(path: Path, up: str = "Y", unit_m: float = 0.01) -> Path:
    points, faces = points_and_faces()
    points = (points if up == "Y" else in_blender(points)) / unit_m
    places = ", ".join(f"({x}, {y}, {z})" for x, y, z in points.tolist())
    path.write_text(f"""#usda 1.0
(
    defaultPrim = "root"
    metersPerUnit = {unit_m}
    upAxis = "{up}"
)
def Xform "root"
{{
    def Mesh "letter"
    {{
        int[] faceVertexCounts = {[3] * len(faces)}
        int[] faceVertexIndices = {faces.ravel().tolist()}
        point3f[] points = [{places}]
    }}
}}
""")
    return path


def write_usda_z_up(path: Path) -> Path:
    return write_usda(path, "Z", 1.0)


WRITERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "GLB": (".glb", write_glb),
    "glTF with its data inside": (".gltf", write_gltf),
    "glTF with files beside it": (".gltf", write_gltf_with_files),
    "OBJ": (".obj", write_obj),
    "zip with an OBJ": (".zip", write_zip),
    "zip with a glTF and its folder": (".zip", write_zip_of_gltf),
    "binary STL": (".stl", write_stl),
    "STL as text": (".stl", write_stl_text),
    "PLY": (".ply", write_ply),
    "USD in centimeters, y up": (".usda", write_usda),
    "USD in meters, z up": (".usda", write_usda_z_up),
    "GLB with a name that lies": (".obj", write_glb),
    "USD with a name that lies": (".stl", write_usda),
}
"""Suffix and writer of each kind of file."""
