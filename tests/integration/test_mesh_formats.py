# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format that can be read or written keeps size, place and axes: meters, and up stays up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mesh_files import WRITERS, in_blender, points_and_faces, write_glb

bpy = pytest.importorskip("bpy")

from csm_blender.converter.files.usd_units import meters_per_unit
from csm_blender.converter.files.write_file import write_file
from csm_blender.converter.import_mesh import import_as_one_mesh
from csm_blender.converter.mesh.transform_mesh import coordinates
from csm_blender.core.remesh import WRITABLE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:io_scene_fbx.*")
TOLERANCE_M = 1e-5
SIDE = 8


def expected() -> np.ndarray:
    return in_blender(points_and_faces()[0])


def assert_is_letter(found: np.ndarray) -> None:
    """Each vertex lies where the letter has one, and the letter has none elsewhere. Any order, any number of copies."""
    distances = np.linalg.norm(found[:, None] - expected()[None], axis=2)
    assert distances.min(axis=1).max() <= TOLERANCE_M
    assert distances.min(axis=0).max() <= TOLERANCE_M


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_arrives_at_its_size_and_upright(kind: str, tmp_path: Path) -> None:
    suffix, write = WRITERS[kind]
    assert_is_letter(coordinates(import_as_one_mesh(write(tmp_path / f"letter{suffix}")).mesh))


def test_parts_with_uv_maps_of_other_names_keep_their_textures(tmp_path: Path) -> None:
    """Joining goes by names, and the joined mesh shows one of its maps."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name, more in (("UVMap", "Lightmap"), ("map1", "UVMap")):
        bpy.ops.mesh.primitive_cube_add()
        layers = bpy.context.object.data.uv_layers
        layers[0].name = name
        layers.new(name=more)
        for corner in layers[more].uv:
            corner.vector = (9.0, 9.0)
    bpy.ops.export_scene.fbx(filepath=str(tmp_path / "two.fbx"))
    mesh = import_as_one_mesh(tmp_path / "two.fbx").mesh
    (shown,) = [layer for layer in mesh.uv_layers if layer.active_render]
    first, second = np.array([corner.vector for corner in shown.uv]).reshape(2, 24, 2)
    assert np.ptp(first, axis=0).min() > 0.4, "a cube's map"
    assert np.array_equal(first, second)


COLOR, ROUGHNESS, METALLIC = (1.0, 0.5, 0.0, 1.0), 0.25, 0.75


def textured_letter(folder: Path) -> Any:
    """The letter as an imported mesh with a UV map and a material as glTF has it, its textures in no file."""
    mesh = import_as_one_mesh(write_glb(folder / "letter.glb")).mesh
    mesh.uv_layers.new(name="UVMap")
    material = bpy.data.materials.new("Clean")
    if material.node_tree is None:  # from Blender 5 on it always has one
        material.use_nodes = True
    mesh.materials.clear()
    mesh.materials.append(material)
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    color = picture(tree, "clean Base Color", COLOR)
    tree.links.new(color, shader.inputs["Base Color"])
    separate = tree.nodes.new("ShaderNodeSeparateColor")
    tree.links.new(picture(tree, "clean Metallic Roughness", (0.0, ROUGHNESS, METALLIC, 1.0)), separate.inputs[0])
    tree.links.new(separate.outputs["Green"], shader.inputs["Roughness"])
    tree.links.new(separate.outputs["Blue"], shader.inputs["Metallic"])
    return mesh


def picture(tree: Any, name: str, pixel: tuple[float, ...]) -> Any:
    """The color of a new node with a picture of one color."""
    image = bpy.data.images.new(name, SIDE, SIDE, is_data="Base" not in name)
    image.pixels[:] = pixel * SIDE**2
    image.pack()
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    return node.outputs["Color"]


COMPANIONS = {
    ".obj": ["clean.mtl", "clean_obj_Base_Color.png", "clean_obj_Metallic.png", "clean_obj_Roughness.png"],
    ".usdc": ["clean_usdc_Base_Color.png", "clean_usdc_Metallic_Roughness.png"],
}
PICTURES = {".ply": 0, ".obj": 3, ".fbx": 3}
"""Pictures of what is read again: two, but none or one for each value where the format needs that."""


@pytest.mark.parametrize("suffix", WRITABLE)
def test_what_is_written_comes_back_at_its_size_with_its_textures(suffix: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    notes = write_file(textured_letter(tmp_path), folder / f"clean{suffix}")
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"clean{suffix}", *COMPANIONS.get(suffix, [])])
    assert bool(notes) == (suffix == ".ply"), "only a .ply loses something"
    moved = folder.rename(tmp_path / "moved")  # what is written must not depend on where it was
    if suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(moved / "clean.blend"))
        (obj,) = bpy.context.scene.objects
        mesh = obj.data
    else:
        mesh = import_as_one_mesh(moved / f"clean{suffix}").mesh
    assert_is_letter(coordinates(mesh))
    assert len(mesh.uv_layers) == 1
    images = [image for image in bpy.data.images if all(image.size)]
    assert len(images) == PICTURES.get(suffix, 2)
    for image in images:
        values, is_color = expected_pixel(image.name)
        assert tuple(image.size) == (SIDE, SIDE)
        assert image.pixels[:4] == pytest.approx(values, abs=0.01)
        assert (image.colorspace_settings.name == "sRGB") == is_color


def expected_pixel(name: str) -> tuple[tuple[float, ...], bool]:
    """The pixels of the picture called *name* and whether they are a color."""
    if "Base" in name:
        return COLOR, True
    if "Metallic" in name and "Roughness" in name:
        return (0.0, ROUGHNESS, METALLIC, 1.0), False
    value = ROUGHNESS if "Roughness" in name else METALLIC
    return (value, value, value, 1.0), False


@pytest.mark.parametrize("scale", ["FBX_SCALE_NONE", "FBX_SCALE_UNITS", "FBX_SCALE_ALL"])
def test_an_fbx_says_its_unit_and_its_axes(scale: str, tmp_path: Path) -> None:
    import_as_one_mesh(write_glb(tmp_path / "letter.glb"))
    bpy.ops.export_scene.fbx(filepath=str(tmp_path / "letter.fbx"), apply_scale_options=scale, axis_up="Z")
    assert_is_letter(coordinates(import_as_one_mesh(tmp_path / "letter.fbx").mesh))


@pytest.mark.parametrize("suffix", [".usdc", ".usdz", ".usda"])
def test_the_unit_of_a_usd_file_is_found(suffix: str, tmp_path: Path) -> None:
    import_as_one_mesh(WRITERS["GLB"][1](tmp_path / "letter.glb"))
    options = bpy.ops.wm.usd_export.get_rna_type().properties
    unit_m = 0.5 if "meters_per_unit" in options else 1.0
    choice = {"convert_scene_units": "CUSTOM", "meters_per_unit": unit_m} if unit_m == 0.5 else {}
    path = tmp_path / f"letter{suffix}"
    bpy.ops.wm.usd_export(filepath=str(path), **choice)
    assert meters_per_unit(path) == pytest.approx(unit_m)
    assert_is_letter(coordinates(import_as_one_mesh(path).mesh))


@pytest.mark.parametrize("data", [b"PXR-USDC" + bytes(8) + b"\xff" * 7 + b"\x7f", b"PK\3\4", b"PXR-USDC", b"#usda"])
def test_a_damaged_usd_file_says_no_unit(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.usd").write_bytes(data)
    assert meters_per_unit(tmp_path / "a.usd") == 0.01


def test_a_usd_file_without_a_unit_is_in_centimeters(tmp_path: Path) -> None:
    path = WRITERS["USD in meters, z up"][1](tmp_path / "letter.usda")
    text = path.read_text()
    path.write_text(text.replace("    metersPerUnit = 1.0\n", ""))
    assert meters_per_unit(path) == 0.01
    found = coordinates(import_as_one_mesh(path).mesh)
    assert_is_letter(found * 100.0)
