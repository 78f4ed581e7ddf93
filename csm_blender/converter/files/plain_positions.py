# SPDX-License-Identifier: GPL-3.0-or-later
"""The positions that an OBJ, an STL or a PLY holds, looked at in the file: Blender makes zeros of what is no number."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...core.errors import BadMesh
from ...core.files.mesh_format import MeshFormat

_CHUNK_BYTES = 2**24
_STL_HEADER_BYTES = 84
_STL_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_PLY_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_NO_NUMBER = rb"[-+]?(?:nan|inf)"
_IN_TEXT = {
    MeshFormat.OBJ: re.compile(rb"^v[ \t]+(?:\S+[ \t]+){0,2}" + _NO_NUMBER, re.MULTILINE | re.IGNORECASE),
    MeshFormat.STL: re.compile(rb"\bvertex[ \t]+(?:\S+[ \t]+){0,2}" + _NO_NUMBER, re.IGNORECASE),
}

_WITH_NO_NUMBER = re.compile(rb"^[^\n]*\b(?:nan|inf)[^\n]*$", re.MULTILINE | re.IGNORECASE)


def check_plain_positions(path: Path, kind: MeshFormat) -> None:
    """Raises :class:`BadMesh` where the OBJ, STL or PLY at *path* has a position that is no number, or no header."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if kind is MeshFormat.PLY:
            try:
                is_bad = any(not np.isfinite(values).all() for values in _ply_positions(data))
            except (ValueError, IndexError) as error:  # Blender's importer may crash on what is not where it should be
                raise BadMesh("The PLY is damaged.") from error
        elif kind is MeshFormat.STL and _is_binary_stl(data):
            triangles = np.frombuffer(data[_STL_HEADER_BYTES:], _STL_TRIANGLE)
            is_bad = not np.isfinite(triangles["corners"]).all()
        else:
            is_bad = _may_have(data) and _IN_TEXT[kind].search(data) is not None
    if is_bad:
        raise BadMesh("The mesh has coordinates that are not numbers.")


def _may_have(data: mmap.mmap) -> bool:
    """Whether the letters of a number that is none are in *data*: six times as fast to find as the pattern."""
    for start in range(0, len(data), _CHUNK_BYTES):
        chunk = data[start : start + _CHUNK_BYTES + 2].lower()
        if b"nan" in chunk or b"inf" in chunk:
            return True
    return False


def _is_binary_stl(data: mmap.mmap) -> bool:
    count = int.from_bytes(data[_STL_HEADER_BYTES - 4 : _STL_HEADER_BYTES], "little")
    return len(data) == _STL_HEADER_BYTES + _STL_TRIANGLE.itemsize * count


def _ply_positions(data: mmap.mmap) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.floating]]]:
    """The positions of a PLY whose first element is the vertices, as most are; nothing of another one.

    Raises ``ValueError`` or ``IndexError`` for a header in which something is not where it should be.
    """
    found = re.search(rb"end_header\r?\n", data)
    if found is None:
        return
    lines = [line.split() for line in data[: found.start()].decode("latin-1").splitlines()]
    elements = [number for number, line in enumerate(lines) if line[:1] == ["element"]]
    counts = [int(lines[number][2]) for number in elements]
    if min(counts, default=0) < 0:
        raise ValueError(counts)
    if not elements or lines[elements[0]][1:2] != ["vertex"]:
        return
    end = elements[1] if len(elements) > 1 else len(lines)
    properties = [line for line in lines[elements[0] + 1 : end] if line[:1] == ["property"]]
    names = [line[-1] for line in properties]
    if not {"x", "y", "z"} <= set(names) or any(line[1] not in _PLY_TYPES for line in properties):
        return
    if ["format", "ascii", "1.0"] in lines:
        if not _may_have(data):
            return
        for row in _WITH_NO_NUMBER.finditer(data, found.end()):
            texts = row[0].split()
            if len(texts) == len(names):
                yield np.array([float(texts[names.index(axis)]) for axis in "xyz"])
        return
    order = ">" if ["format", "binary_big_endian", "1.0"] in lines else "<"
    vertex = np.dtype([(f"{n}", order + _PLY_TYPES[line[1]]) for n, line in enumerate(properties)])
    count = min(counts[0], (len(data) - found.end()) // vertex.itemsize)
    vertices = np.frombuffer(data[found.end() : found.end() + count * vertex.itemsize], vertex)
    for axis in "xyz":
        yield vertices[str(names.index(axis))]
