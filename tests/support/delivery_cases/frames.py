# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mesh comes in: the frame of a GLB, JSON, zips, gzip, other formats, and what is no mesh."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable

from fit_glbs import letter

from .delivery import Delivery
from .making import as_json, data_uri, framed, letter_glb, parts_of, png, textured


def _glb() -> bytes:
    return letter_glb().bytes()


def _parts() -> tuple[bytes, bytes]:
    document, binary = parts_of(letter_glb())
    return json.dumps(document).encode(), binary


def _framed(**options: object) -> Callable[[], bytes]:
    return lambda: framed(*_parts(), **options)


def _zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as bundle:
        for name, data in files:
            bundle.writestr(name, data)
    return buffer.getvalue()


def _separate() -> tuple[bytes, bytes]:
    """A .gltf whose data is in mesh.bin and whose picture is in textures/wood.png."""
    glb = letter_glb(textured({"uri": "textures/my%20wood.png"}))
    document, binary = parts_of(glb)
    document["buffers"] = [{"byteLength": len(binary), "uri": "mesh.bin"}]
    return json.dumps(document).encode(), binary


def _zipped_gltf() -> bytes:
    text, binary = _separate()
    return _zip(("out/mesh.gltf", text), ("out/mesh.bin", binary), ("out/textures/my wood.png", png()))


def _several_buffers() -> bytes:
    glb = letter_glb()
    document, binary = parts_of(glb)
    half = document["bufferViews"][1]["byteOffset"]
    document["bufferViews"][1] |= {"buffer": 1, "byteOffset": 0}
    parts = (binary[:half], binary[half:])
    document["buffers"] = [{"byteLength": len(each), "uri": data_uri(each)} for each in parts]
    return json.dumps(document).encode()


def _buffer(**entries: object) -> bytes:
    glb = letter_glb()
    document, binary = parts_of(glb)
    document["buffers"][0].update(entries)
    return framed(json.dumps(document).encode(), binary)


def _obj(color: str = "") -> bytes:
    points, faces = letter()
    lines = [f"v {x} {y} {z}{color}" for x, y, z in points] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
    return ("# letter\no F\n" + "\n".join(lines) + "\n").encode()


def _stl() -> bytes:
    points, faces = letter()
    turned = points[:, (0, 2, 1)] * (1.0, -1.0, 1.0)  # z up
    head = b"made by a test".ljust(80) + struct.pack("<I", len(faces))
    return head + b"".join(struct.pack("<12fH", 0, 0, 0, *turned[face].ravel(), 0) for face in faces)


def _ply() -> bytes:
    points, faces = letter()
    head = (
        f"ply\nformat ascii 1.0\nelement vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = [f"{x} {-z} {y}" for x, y, z in points] + [f"3 {a} {b} {c}" for a, b, c in faces]
    return (head + "\n".join(rows) + "\n").encode()


def _usda() -> bytes:
    points, faces = letter()
    places = ", ".join(f"({x}, {y}, {z})" for x, y, z in points)
    return (
        '#usda 1.0\n(\n    defaultPrim = "F"\n    metersPerUnit = 1\n    upAxis = "Y"\n)\n'
        'def Mesh "F"\n{\n'
        f"    int[] faceVertexCounts = [{', '.join(['3'] * len(faces))}]\n"
        f"    int[] faceVertexIndices = [{', '.join(map(str, faces.ravel()))}]\n"
        f"    point3f[] points = [{places}]\n"
        '    uniform token subdivisionScheme = "none"\n}\n'
    ).encode()


def _fbx() -> bytes:
    """Text, as few programs write it."""
    points, faces = letter()
    places = ",".join(f"{value}" for value in points.ravel())
    corners = ",".join(f"{a},{b},{-c - 1}" for a, b, c in faces)
    return (
        "; FBX 7.4.0 project file\nFBXHeaderExtension:  {\n\tFBXVersion: 7400\n}\n"
        "GlobalSettings:  {\n\tVersion: 1000\n\tProperties70:  {\n"
        '\t\tP: "UpAxis", "int", "Integer", "",1\n\t\tP: "UpAxisSign", "int", "Integer", "",1\n'
        '\t\tP: "FrontAxis", "int", "Integer", "",2\n\t\tP: "FrontAxisSign", "int", "Integer", "",1\n'
        '\t\tP: "CoordAxis", "int", "Integer", "",0\n\t\tP: "CoordAxisSign", "int", "Integer", "",1\n'
        '\t\tP: "UnitScaleFactor", "double", "Number", "",100\n\t}\n}\n'
        'Objects:  {\n\tGeometry: 1, "Geometry::F", "Mesh" {\n'
        f"\t\tVertices: *{points.size} {{\n\t\t\ta: {places}\n\t\t}}\n"
        f"\t\tPolygonVertexIndex: *{faces.size} {{\n\t\t\ta: {corners}\n\t\t}}\n\t\tGeometryVersion: 124\n\t}}\n"
        '\tModel: 2, "Model::F", "Mesh" {\n\t\tVersion: 232\n\t}\n}\n'
        'Connections:  {\n\tC: "OO",2,0\n\tC: "OO",1,2\n}\n'
    ).encode()


_NO_FBX = "FBX"
_LOOSE = "Points and lines beside the faces were left out."
DELIVERIES = (
    Delivery("glTF as JSON with data URIs (Sketchfab, pygltflib)", lambda: as_json(letter_glb())),
    Delivery("glTF as JSON with a byte order mark", lambda: b"\xef\xbb\xbf" + as_json(letter_glb())),
    Delivery("glTF as JSON with several buffers", _several_buffers),
    Delivery("glTF as JSON with its data elsewhere", lambda: _separate()[0], refused="needs the file 'mesh.bin'"),
    Delivery(
        "a GLB whose data is elsewhere",
        lambda: _buffer(uri="https://cdn.example/mesh.bin"),
        refused="refers to files outside itself",
    ),
    Delivery("a GLB whose data is in a URI", lambda: _buffer(uri=data_uri(_parts()[1]))),
    Delivery("a GLB in gzip", lambda: gzip.compress(_glb())),
    Delivery("glTF as JSON in gzip", lambda: gzip.compress(as_json(letter_glb()))),
    Delivery("a gzip file cut short", lambda: gzip.compress(_glb())[:-40], refused="gzip file is damaged"),
    Delivery("a zip with a GLB", lambda: _zip(("model/mesh.glb", _glb()), ("readme.txt", b"hello"))),
    Delivery("a zip with a glTF, its data and its picture", _zipped_gltf, finds={"uv_maps": 1}),
    Delivery("a zip with an OBJ (CSM)", lambda: _zip(("mesh/mesh.obj", _obj()))),
    Delivery("a zip with a USD", lambda: _zip(("mesh.usda", _usda()))),
    Delivery("a zip with an FBX", lambda: _zip(("mesh.fbx", _fbx())), refused=_NO_FBX, or_placed=True),
    Delivery("a zip of a Mac", lambda: _zip(("mesh.glb", _glb()), ("__MACOSX/._mesh.glb", b"\0\5\x16\7" * 999))),
    Delivery("a zip in a zip", lambda: _zip(("mesh.zip", _zip(("mesh.glb", _glb())))), refused="no mesh"),
    Delivery("a zip without a mesh", lambda: _zip(("a.png", png())), refused="no mesh"),
    Delivery("a usdz", lambda: _zip(("mesh.usda", _usda()), method=zipfile.ZIP_STORED)),
    Delivery("an OBJ", _obj),
    Delivery(
        "an OBJ with a stray vertex and a line far away", lambda: _obj() + b"v 9 9 9\nv 10 9 9\nl 41 42\n", says=_LOOSE
    ),
    Delivery("an OBJ with colors of its vertices (TripoSR)", lambda: _obj(color=" 0.5 0.25 1.0")),
    Delivery(
        "an OBJ whose .mtl is not there",
        lambda: b"mtllib lost.mtl\nusemtl wood\n" + _obj(),
        says="The materials in lost.mtl are missing",
    ),
    Delivery(
        "a zip with an OBJ whose picture is not there",
        lambda: _zip(
            ("a/mesh.obj", b"mtllib mesh.mtl\nusemtl wood\n" + _obj()),
            ("a/mesh.mtl", b"newmtl wood\nKd 1 1 1\nmap_Kd wood.png\n"),
        ),
        says="wood.png",
        finds={"missing_textures": 1},
    ),
    Delivery("an OBJ of points", lambda: b"".join(_obj().partition(b"f 1")[:1]), triangles=0),
    Delivery("an STL", _stl, finds={"open_edges": 0}),
    Delivery("a PLY", _ply),
    Delivery("a USD", _usda),
    Delivery("JSON padded with zeros (old exporters)", _framed(pad=b"\0")),
    Delivery("JSON with a byte order mark in a GLB", lambda: framed(b"\xef\xbb\xbf" + _parts()[0], _parts()[1])),
    Delivery(
        "JSON in a GLB indented, with line ends",
        lambda: framed(json.dumps(json.loads(_parts()[0]), indent=4).replace("\n", "\r\n").encode(), _parts()[1]),
    ),
    Delivery("an unknown chunk after the data", _framed(more=struct.pack("<I4s", 4, b"XYZ\0") + b"1234")),
    Delivery("a chunk longer than its buffer", lambda: framed(_parts()[0], _parts()[1] + bytes(8))),
    Delivery("a buffer longer than its chunk", lambda: _buffer(byteLength=99_999), refused="more data than it holds"),
    Delivery("no data chunk", lambda: framed(_parts()[0], None), refused="more data than it holds"),
    Delivery("bytes behind the end", lambda: _glb() + b"\r\n", refused="truncated or padded"),
    Delivery("a GLB cut short", lambda: _glb()[:-100], refused="truncated"),
    Delivery("a GLB of version 1", _framed(version=1), refused="version 1"),
    Delivery("an empty file", lambda: b"", refused="empty"),
    Delivery("JSON that is a message", lambda: b'{"error": "expired"}', refused="no glTF"),
    Delivery("an XML message of a storage", lambda: b"<?xml version='1.0'?><Error/>", refused="web page"),
    Delivery("a picture instead of a mesh", png, refused="a picture"),
    Delivery("a .blend file", lambda: b"BLENDER-v402" + bytes(99), refused="a .blend file"),
)
