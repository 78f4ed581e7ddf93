# SPDX-License-Identifier: GPL-3.0-or-later
"""What importers refuse a whole file for is mended in its document, and said where something is lost."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from tiny_glb import box_document

from csm_blender.core.gltf.edits import Edits
from csm_blender.core.gltf.mend import mend


def box(**changes: Any) -> dict[str, Any]:
    """The document of a unit box, changed."""
    return box_document() | changes


def mended(document: dict[str, Any]) -> Edits:
    """What was changed."""
    edits = Edits()
    mend(document, edits)
    return edits


def test_a_plain_document_is_not_changed() -> None:
    document = box(
        materials=[{"normalTexture": {"index": 0}}], textures=[{"source": 0}], images=[{"uri": "data:,"}], samplers=[]
    )
    before = copy.deepcopy(document)
    assert mended(document) == Edits()
    assert document == before


def test_what_is_required_is_also_used() -> None:
    document = box(extensionsRequired=["KHR_materials_unlit"])
    mended(document)
    assert document["extensionsUsed"] == ["KHR_materials_unlit"]


def test_a_later_version_2_is_read_as_the_first() -> None:
    document = box(asset={"version": "2.1"})
    assert mended(document).changed
    assert document["asset"]["version"] == "2.0"


def test_animations_are_taken_out() -> None:
    document = box(animations=[{}])
    assert mended(document).changed
    assert "animations" not in document


def test_a_picture_that_is_not_in_the_file_is_taken_out_of_materials() -> None:
    document = box_document() | {
        "images": [{"uri": "../pictures/wood.png"}, {"uri": "data:image/png;base64,"}, {"bufferView": 0}],
        "textures": [{"source": 0}, {"source": 1}, {"source": 2, "extensions": {"EXT_texture_webp": {"source": 0}}}],
        "materials": [
            {
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicRoughnessTexture": {"index": 1}},
                "normalTexture": {"index": 2, "scale": 2.0},
                "extensions": {"KHR_materials_clearcoat": {"clearcoatTexture": {"index": 0}, "clearcoatFactor": 1.0}},
            }
        ],
    }
    edits = mended(document)
    assert edits.notes == ["The picture wood.png is not in the file; the mesh is without it."]
    assert edits.missing_textures == 1
    assert document["materials"] == [
        {
            "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 1}},
            "extensions": {"KHR_materials_clearcoat": {"clearcoatFactor": 1.0}},
        }
    ]
    assert not any("wood.png" in str(image) for image in document["images"])
    assert document["images"][1:] == [{"uri": "data:image/png;base64,"}, {"bufferView": 0}]


LOST = "A material or texture that the file names and does not hold was left out."


@pytest.mark.parametrize("material", [0, 1, -1])
def test_a_material_that_is_not_there_is_left_out(material: int) -> None:
    document = box(materials=[{}][: 0 if material == 0 else 1])
    part = document["meshes"][0]["primitives"][0]
    part["material"] = material
    assert mended(document).notes == [LOST]
    assert "material" not in part


def test_a_texture_that_is_not_there_is_left_out() -> None:
    material = {"normalTexture": {"index": 1}, "extensions": {"X": {"sheenColorTexture": {"index": -1}}}}
    document = box(materials=[material], textures=[{}])
    assert mended(document).notes == [LOST]
    assert material == {"extensions": {"X": {}}}


@pytest.mark.parametrize(
    "texture", [{"source": 1}, {"source": -1}, {"extensions": {"EXT_texture_webp": {"source": 1}}}]
)
def test_a_texture_of_a_picture_that_is_not_there_has_none(texture: dict[str, Any]) -> None:
    document = box(images=[{"uri": "data:image/png;base64,"}], textures=[texture, {"source": 0}])
    assert mended(document).notes == [LOST]
    assert "source" not in str(texture)
    assert document["textures"][1] == {"source": 0}


def test_a_sampler_that_is_not_there_is_the_default_one() -> None:
    document = box(textures=[{"sampler": 0}])
    edits = mended(document)
    assert edits.changed
    assert edits.notes == []
    assert document["textures"] == [{}]


def test_a_list_that_does_not_fit_the_vertices_is_left_out() -> None:
    document = box()
    document["accessors"].append({**document["accessors"][0], "type": "VEC2", "count": 7})
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    attributes["TEXCOORD_0"] = 2
    assert mended(document).notes == ["The list TEXCOORD_0 does not fit the vertices and was left out."]
    assert attributes == {"POSITION": 0}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_bounds_that_are_no_numbers_are_taken_out(value: float) -> None:
    """JSON cannot hold them; Python's can, and Blender's importer refuses the file."""
    document = box()
    document["accessors"][0]["max"] = [0.5, value, 0.5]
    assert mended(document).changed
    assert "max" not in document["accessors"][0]
    assert document["accessors"][0]["min"] == [-0.5] * 3


def test_an_empty_list_of_requirements_is_taken_out() -> None:
    """The format allows none, and some importers insist on that."""
    document = box(extensionsRequired=[])
    assert mended(document).changed
    assert "extensionsRequired" not in document


DRACO, MESHOPT = "KHR_draco_mesh_compression", "EXT_meshopt_compression"


@pytest.mark.parametrize("name", [DRACO, MESHOPT])
@pytest.mark.parametrize(("required", "there"), [(True, True), (False, True), (False, False)])
def test_plain_data_is_taken_where_there_is_some(name: str, required: bool, there: bool) -> None:
    """There should be some unless the compression is required, and not all exporters say that it is."""
    document = box(extensionsUsed=[name], **({"extensionsRequired": [name]} if required else {}))
    holder = document["meshes"][0]["primitives"][0] if name == DRACO else document["bufferViews"][0]
    holder["extensions"] = {name: {}}
    if not there and name == DRACO:
        del document["accessors"][0]["bufferView"]
    elif not there:
        document["buffers"][0]["extensions"] = {MESHOPT: {"fallback": True}}
    assert mended(document).changed is (there and not required)
    assert (name in holder["extensions"]) is not (there and not required)


@pytest.mark.parametrize("left", [1, 2])
def test_a_triangle_without_all_its_corners_is_left_out(left: int) -> None:
    document = box()
    part = document["meshes"][0]["primitives"][0]
    indices = part["indices"]
    whole = document["accessors"][indices]["count"]
    document["accessors"][indices]["count"] = whole - 3 + left
    edits = mended(document)
    assert edits.changed
    assert edits.notes == [], "it was no triangle"
    assert document["accessors"][part["indices"]]["count"] == whole - 3
    assert document["accessors"][indices]["count"] == whole - 3 + left, "others may use it"
    assert not mended(document).changed


def test_without_indices_all_lists_of_the_corners_are_cut() -> None:
    document = box()
    part = document["meshes"][0]["primitives"][0]
    del part["indices"]
    count = document["accessors"][part["attributes"]["POSITION"]]["count"]
    document["accessors"].append({"count": count, "type": "VEC3", "componentType": 5126, "bufferView": 0})
    part["attributes"]["NORMAL"] = len(document["accessors"]) - 1
    mended(document)
    counts = {name: document["accessors"][index]["count"] for name, index in part["attributes"].items()}
    assert count % 3 > 0
    assert counts == {"POSITION": count - count % 3, "NORMAL": count - count % 3}


def test_where_no_triangle_is_left_the_points_are() -> None:
    document = box()
    part = document["meshes"][0]["primitives"][0]
    document["accessors"][part["indices"]]["count"] = 2
    mended(document)
    assert part["mode"] == 0
    assert "indices" not in part
