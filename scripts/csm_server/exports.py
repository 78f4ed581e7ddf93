# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a GLB when somebody asks for it: OBJ with its material file, the zip, the picture."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import trimesh

from csm_server import pictures
from csm_server.meshes import MeshError, load_surface
from csm_server.store import replace_file


def export_file(glb: str, output: str, name: str) -> None:
    """Make ``output`` from a GLB; its last part says what: mesh.obj, mesh.zip or thumbnail.png.

    ``name`` is the folder inside the zip, the session's code. Raises MeshError for any other file.
    """
    path = Path(output)
    if path.name == "mesh.obj":
        data = _obj(Path(glb))["mesh.obj"]
    elif path.name == "mesh.zip":
        data = _zip(_obj(Path(glb)), name)
    elif path.name == "thumbnail.png":
        data = pictures.thumbnail(load_surface(Path(glb)))
    else:
        raise MeshError(f"{path.name} is not a file that this service makes")
    replace_file(path, data)


def _obj(glb: Path) -> dict[str, bytes]:
    """mesh.obj, mesh.mtl and the textures, by file name."""
    try:
        scene = trimesh.load_scene(glb, file_type="glb", process=False)
    except Exception as error:
        raise MeshError(f"the GLB cannot be read: {error}") from error
    if not scene.geometry:
        raise MeshError("the GLB holds no triangle mesh")
    for number, material in enumerate(_materials(scene)):
        material.name = f"{material.name or 'material'}_{number}"  # the material's name is its texture's file name
    text, files = trimesh.exchange.obj.export_obj(
        scene, include_normals=True, include_texture=True, return_texture=True, mtl_name="mesh.mtl"
    )
    return {"mesh.obj": text.encode(), **files}


def _materials(scene: trimesh.Scene) -> list[trimesh.visual.material.Material]:
    found = (getattr(mesh.visual, "material", None) for mesh in scene.geometry.values())
    return list({id(material): material for material in found if material is not None}.values())


def _zip(files: dict[str, bytes], folder: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}", data)
    return buffer.getvalue()
