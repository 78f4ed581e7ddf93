# SPDX-License-Identifier: GPL-3.0-or-later
"""What a glTF does not show is taken out of its document, and said."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tiny_glb import box_document

from csm_blender.core.gltf.edits import Edits
from csm_blender.core.gltf.shown import keep_what_is_shown


def two_boxes(**changes: Any) -> dict[str, Any]:
    """A document with the box in nodes 0 and 1, both in the scene."""
    document = box_document()
    document["nodes"].append({"mesh": 0, "name": "Other"})
    document["scenes"] = [{"nodes": [0, 1]}]
    return document | changes


def edited(document: dict[str, Any]) -> Edits:
    """What was changed."""
    edits = Edits()
    keep_what_is_shown(document, edits)
    return edits


def left(document: dict[str, Any]) -> tuple[list[int], Edits]:
    """The nodes that keep their mesh, and what was changed."""
    edits = edited(document)
    return [index for index, node in enumerate(document["nodes"]) if "mesh" in node], edits


def test_a_plain_document_is_not_changed() -> None:
    for document in (box_document(), two_boxes()):
        before = copy.deepcopy(document)
        assert edited(document) == Edits()
        assert document == before


@pytest.mark.parametrize(
    ("scenes", "nodes"),
    [
        ({"scenes": [{"nodes": [0]}, {"nodes": [1]}], "scene": 1}, [1]),
        ({"scenes": [{"nodes": [1]}, {"nodes": [0]}], "scene": None}, [1]),
        ({"scenes": [{"nodes": [0]}], "scene": 0}, [0]),
        ({"scenes": None, "scene": None}, [0, 1]),
        ({"scenes": [], "scene": None}, [0, 1]),
        ({"scenes": [{"nodes": [0]}], "scene": 7}, [0]),
    ],
    ids=["the named one", "else the first", "nodes in no scene", "without scenes all", "none", "one that is not there"],
)
def test_only_the_default_scene_counts(scenes: dict[str, Any], nodes: list[int]) -> None:
    document = {name: value for name, value in two_boxes(**scenes).items() if value is not None}
    found, shown = left(document)
    assert found == nodes
    expected = [] if len(nodes) == 2 else ["1 mesh outside the file's default scene was left out."]
    assert shown.notes == expected
    assert shown.changed == bool(expected)


def test_a_scene_that_shows_nothing_loses_no_mesh() -> None:
    found, shown = left(two_boxes(scenes=[{"name": "empty"}]))
    assert found == [0, 1]
    assert shown.notes == ["The file's scene holds no mesh; the meshes outside it were imported."]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"extensions": {"KHR_node_visibility": {"visible": False}}}, "1 hidden mesh was left out."),
        ({"scale": [0, 0, 0]}, "1 mesh was left out: the file scales it to nothing."),
        ({"scale": [1.0, 0.0, 1.0]}, "1 mesh was left out: the file scales it to nothing."),
        ({"matrix": [0] * 15 + [1]}, "1 mesh was left out: the file scales it to nothing."),
    ],
    ids=["hidden", "scale 0", "flat", "matrix of zeros"],
)
@pytest.mark.parametrize("of", ["the node", "its parent"])
def test_what_a_node_does_not_show_is_left_out(node: dict[str, Any], words: str, of: str) -> None:
    document = two_boxes()
    if of == "the node":
        document["nodes"][1] |= node
    else:
        document["nodes"].append({"children": [1], **node})
        document["scenes"] = [{"nodes": [0, 2]}]
    found, shown = left(document)
    assert found == [0]
    assert shown.notes == [words]


@pytest.mark.parametrize("node", [{"extensions": {"KHR_node_visibility": {"visible": True}}}, {"scale": [1, 2, -3]}])
def test_what_a_node_shows_stays(node: dict[str, Any]) -> None:
    document = two_boxes()
    document["nodes"][1] |= node
    found, shown = left(document)
    assert (found, shown.notes) == ([0, 1], [])


@pytest.mark.parametrize(
    "children", [[[1], [0]], [[0], []], [[1, 1], []]], ids=["each other's", "its own", "twice the same"]
)
def test_nodes_become_a_tree(children: list[list[int]]) -> None:
    document = two_boxes()
    for node, below in zip(document["nodes"], children, strict=True):
        node["children"] = below
    found, shown = left(document)
    assert found == [0, 1]
    assert shown.changed
    below = [child for node in document["nodes"] for child in node["children"]]
    assert len(below) == len(set(below)) < 2


def test_a_child_that_its_scene_lists_too_is_hidden_with_its_parent() -> None:
    document = two_boxes()
    document["nodes"][0] |= {"children": [1], "extensions": {"KHR_node_visibility": {"visible": False}}}
    assert left(document)[0] == []


def test_the_scale_of_a_skinned_node_does_not_count() -> None:
    document = two_boxes(skins=[{"joints": [0]}])
    document["nodes"][1] |= {"skin": 0, "scale": [0, 0, 0]}
    assert left(document)[0] == [0, 1]


def test_visibility_is_not_required_of_the_importer() -> None:
    document = two_boxes(extensionsUsed=["KHR_node_visibility"], extensionsRequired=["KHR_node_visibility"])
    assert edited(document).changed
    assert document["extensionsRequired"] == []


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_points_and_lines_beside_faces_are_left_out(mode: int) -> None:
    document = two_boxes()
    loose = {"attributes": {"POSITION": 0}, "mode": mode}
    document["meshes"][0]["primitives"].append(loose)
    document["meshes"].append({"primitives": [loose]})
    document["nodes"][1]["mesh"] = 1
    found, shown = left(document)
    assert found == [0]
    assert [part.get("mode", 4) for part in document["meshes"][0]["primitives"]] == [4]
    assert shown.notes == ["Points and lines beside the faces were left out."]


def test_lines_alone_stay_and_have_two_ends_each() -> None:
    document = box_document()
    document["meshes"][0]["primitives"] = [
        {"attributes": {"POSITION": 0}, "mode": 1, "indices": 1},
        {"attributes": {"POSITION": 0}, "mode": 1},
        {"attributes": {"POSITION": 2}, "mode": 1},
    ]
    document["accessors"][1]["count"] = 35
    document["accessors"].append({**document["accessors"][0], "count": 7})
    assert edited(document).changed
    parts = document["meshes"][0]["primitives"]
    counts = [document["accessors"][part.get("indices", part["attributes"]["POSITION"])]["count"] for part in parts]
    assert counts == [34, 8, 6]
    assert document["accessors"][1]["count"] == 35
