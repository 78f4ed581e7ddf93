# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a GLB when somebody asks for it: OBJ with its material file, the zip, the picture."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from csm_server import pictures
from csm_server.glb import MeshError, Part, picture_type, read_parts
from csm_server.store import replace_file


def export_file(glb: Path, output: Path, name: str) -> None:
    """Make ``output`` from a GLB; its last part says what: mesh.obj, mesh.zip or thumbnail.png.

    ``name`` is the folder inside the zip, the session's code. Raises MeshError for any other file.
    """
    parts = read_parts(glb.read_bytes())
    if output.name == "mesh.obj":
        data = _obj(parts)["mesh.obj"]
    elif output.name == "mesh.zip":
        data = _zip(_obj(parts), name)
    elif output.name == "thumbnail.png":
        data = pictures.thumbnail(parts)
    else:
        raise MeshError(f"{output.name} is not a file that this service makes")
    replace_file(output, data)


def _obj(parts: list[Part]) -> dict[str, bytes]:
    """mesh.obj, mesh.mtl and the textures, by file name."""
    lines, materials, files = ["mtllib mesh.mtl"], [], {}
    points = uvs = 1
    for number, part in enumerate(parts):
        name = f"material_{number}"
        materials.append(f"newmtl {name}\nKd {' '.join(f'{value:.6g}' for value in part.color)}")
        if part.picture:
            file = f"{name}.{picture_type(part.picture).removeprefix('image/')}"
            files[file] = part.picture
            materials.append(f"map_Kd {file}")
        lines += [f"o {name}", f"usemtl {name}"]
        lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in part.points.tolist()]
        corners = np.char.mod("%d", part.faces + points)
        if part.uv is not None:
            lines += [f"vt {u:.7g} {1 - v:.7g}" for u, v in part.uv.tolist()]
            corners = np.char.add(np.char.add(corners, "/"), np.char.mod("%d", part.faces + uvs))
            uvs += len(part.uv)
        points += len(part.points)
        lines += [f"f {a} {b} {c}" for a, b, c in corners.tolist()]
    text, library = "\n".join(lines) + "\n", "\n".join(materials) + "\n"
    return {"mesh.obj": text.encode(), "mesh.mtl": library.encode(), **files}


def _zip(files: dict[str, bytes], folder: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}", data)
    return buffer.getvalue()
