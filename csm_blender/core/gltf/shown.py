# SPDX-License-Identifier: GPL-3.0-or-later
"""Take out of a glTF document what a viewer would not show, and what cannot be read: it must not count.

Shown are the meshes of the default scene, unless KHR_node_visibility hides them or a scale of 0 makes them nothing.
Points and lines beside faces are no part of a surface. Pictures outside the file are not fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..messages import Message
from .document import Document, is_data, short_name

VISIBILITY = "KHR_node_visibility"
LOOSE = Message("Points and lines beside the faces were left out.")
_SHOWN_LETTERS = 40
_TRIANGLES = 4
_CORNERS = {1: 2, _TRIANGLES: 3}
"""Of what a primitive is made of, by its mode: lines and triangles."""


@dataclass
class Shown:
    """What :func:`keep_what_is_shown` did: whether it *changed* the document, and notes about what was left out."""

    changed: bool = False
    notes: list[Message] = field(default_factory=list)
    missing_textures: int = 0


def keep_what_is_shown(document: Document) -> Shown:
    """Change *document*, of a glTF that was checked, so that an importer makes only what is shown.

    Nodes keep their indices: those that are not shown lose their mesh. Raises what a document of the wrong form raises:
    ``KeyError``, ``IndexError``, ``TypeError``, ``ValueError`` or ``AttributeError``.
    """
    shown = Shown()
    _keep_shown_nodes(document, shown)
    _keep_faces(document, shown)
    _leave_out_missing_pictures(document, shown)
    _leave_out_missing_parts(document, shown)
    _put_right(document, shown)
    return shown


def _keep_shown_nodes(document: Document, shown: Shown) -> None:
    nodes, scenes = document.get("nodes", []), document.get("scenes")
    order, parents = _tree(nodes, shown)
    roots = [index for index in order if index not in parents]
    listed = roots
    if scenes:
        which = document.get("scene", 0)
        if not 0 <= which < len(scenes):
            document["scene"] = which = 0
            shown.changed = True
        listed = scenes[which].get("nodes", [])
    with_mesh = [index for index, node in enumerate(nodes) if "mesh" in node]
    fates = _fates(nodes, order, parents, listed)
    if scenes and all(fates[index] == _ELSEWHERE for index in with_mesh):
        # An exporter that forgot to fill its scene; a mesh that was paid for is not lost for that.
        fates = _fates(nodes, order, parents, roots)
        document |= {"scenes": [{**scenes[which], "nodes": roots}], "scene": 0}
        shown.notes.append(Message("The file's scene holds no mesh; the meshes outside it were imported."))
        shown.changed = True
    lost = [index for index in with_mesh if fates[index] != _SHOWN]
    for index in lost:
        _take_mesh(nodes[index])
        shown.changed = True
    for fate, words in _WORDS.items():
        if count := sum(fates[index] == fate for index in lost):
            shown.notes.append(Message(words[count > 1], count=count))


def _tree(nodes: list[Document], shown: Shown) -> tuple[list[int], dict[int, int]]:
    """The nodes, parents before their children, and the parent of each that has one.

    A node that is a child a second time, or of itself by a detour, is so no more: importers would not end.
    """
    children = {child for node in nodes for child in node.get("children", [])}
    order: list[int] = []
    parents: dict[int, int] = {}
    seen: set[int] = set()
    for start in [*(index for index in range(len(nodes)) if index not in children), *range(len(nodes))]:
        todo = [] if start in seen else [start]
        seen.add(start)
        while todo:
            index = todo.pop()
            order.append(index)
            of_node = nodes[index].get("children", [])
            kept = [child for child in dict.fromkeys(of_node) if child not in seen]
            if kept != of_node:
                nodes[index]["children"] = kept
                shown.changed = True
            seen.update(kept)
            parents |= dict.fromkeys(kept, index)
            todo += kept
    return order, parents


def _fates(nodes: list[Document], order: list[int], parents: dict[int, int], listed: list[int]) -> list[int]:
    """What becomes of each node where a scene shows those that are *listed*, and what is below them."""
    in_scene, hidden = [False] * len(nodes), [_SHOWN] * len(nodes)
    of_scene = set(listed)
    for index in order:
        parent = parents.get(index)
        in_scene[index] = index in of_scene or (parent is not None and in_scene[parent])
        hidden[index] = (parent is not None and hidden[parent]) or _own_fate(nodes[index])
    fates = [fate if inside else _ELSEWHERE for fate, inside in zip(hidden, in_scene, strict=True)]
    # The place of a skinned mesh is that of its joints alone, so no scale of its own node hides it.
    return [_SHOWN if fate == _NOTHING and "skin" in node else fate for fate, node in zip(fates, nodes, strict=True)]


def _take_mesh(node: Document) -> None:
    for name in ("mesh", "skin", "weights"):
        node.pop(name, None)
    node.get("extensions", {}).pop("EXT_mesh_gpu_instancing", None)


_SHOWN, _ELSEWHERE, _HIDDEN, _NOTHING = range(4)
_WORDS = {
    _ELSEWHERE: (
        "{count} mesh outside the file's default scene was left out.",
        "{count} meshes outside the file's default scene were left out.",
    ),
    _HIDDEN: ("{count} hidden mesh was left out.", "{count} hidden meshes were left out."),
    _NOTHING: (
        "{count} mesh was left out: the file scales it to nothing.",
        "{count} meshes were left out: the file scales them to nothing.",
    ),
}


def scaled_to_nothing(count: int) -> Message:
    """The note about *count* meshes that a scale of 0 hides."""
    return Message(_WORDS[_NOTHING][count > 1], count=count)


def _own_fate(node: Document) -> int:
    if node.get("extensions", {}).get(VISIBILITY, {}).get("visible") is False:
        return _HIDDEN
    a, b, c, _, d, e, f, _, g, h, i, *_ = node.get("matrix") or (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    flat = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) == 0
    return _NOTHING if flat or 0 in node.get("scale", ()) else _SHOWN


def _keep_faces(document: Document, shown: Shown) -> None:
    """Leave out points and lines where the shown meshes have faces, and corners that make no whole line or face."""
    nodes, meshes = document.get("nodes", []), document.get("meshes", [])
    used = {node["mesh"] for node in nodes if "mesh" in node}
    parts = [part for mesh in used for part in meshes[mesh]["primitives"]]
    loose = [part for part in parts if not _has_faces(part)]
    if loose and len(loose) < len(parts):
        for mesh in used:
            kept = [part for part in meshes[mesh]["primitives"] if _has_faces(part)]
            if kept:
                meshes[mesh]["primitives"] = kept
                continue
            for node in nodes:
                if node.get("mesh") == mesh:
                    _take_mesh(node)
        shown.notes.append(LOOSE)
        shown.changed = True
    for part in parts:
        corners = _CORNERS.get(part.get("mode", _TRIANGLES))
        if corners and _leave_out_rest(document, part, corners):
            shown.changed = True


def _has_faces(part: Document) -> bool:
    return bool(part.get("mode", _TRIANGLES) >= _TRIANGLES)


def _leave_out_rest(document: Document, part: Document, corners: int) -> bool:
    """Whether *part* had more than whole lines or triangles, of so many *corners*: viewers skip the rest.

    Blender's importer breaks on the rest of a line, and makes a triangle of that of a triangle.
    """
    accessors = document["accessors"]
    lists = part if "indices" in part else part["attributes"]
    names = ["indices"] if "indices" in part else list(lists)
    rest = accessors[lists[names[0]]]["count"] % corners
    if not rest or accessors[lists[names[0]]]["count"] < corners:
        return False
    for name in names:
        accessor = accessors[lists[name]]
        lists[name] = len(accessors)
        accessors.append({**accessor, "count": accessor["count"] - rest})
    return True


def _leave_out_missing_pictures(document: Document, shown: Shown) -> None:
    """Have no material refer to a picture that is not in the file."""
    missing = {i for i, image in enumerate(document.get("images", [])) if "uri" in image and not is_data(image["uri"])}
    if not missing:
        return
    textures = document.get("textures", [])
    gone = {i for i, texture in enumerate(textures) if missing.intersection(_sources(texture))}
    for material in document.get("materials", []):
        _drop_textures(material, gone)
    names = [short_name(document["images"][index]["uri"]) for index in sorted(missing)]
    words = (
        "The picture {names} is not in the file; the mesh is without it.",
        "The pictures {names} are not in the file; the mesh is without them.",
    )
    shown.notes.append(Message(words[len(names) > 1], names=tuple(names)))
    for index in missing:  # no importer may follow the address
        document["images"][index] = {"uri": _EMPTY_PICTURE}
    shown.missing_textures = len(missing)
    shown.changed = True


_EMPTY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
"""Of one pixel, in the place of one that is missing; no material shows it."""


def _leave_out_missing_parts(document: Document, shown: Shown) -> None:
    """Leave out materials, textures and samplers that are named and not there, and lists that do not fit a mesh."""
    accessors, materials, textures = (document.get(name, []) for name in ("accessors", "materials", "textures"))
    lost = False
    for texture in textures:
        if texture.get("sampler", 0) >= len(document.get("samplers", ())) and "sampler" in texture:
            del texture["sampler"]
            shown.changed = True
    named = {index for material in materials for index in _textures_of(material)}
    if beyond := {index for index in named if not 0 <= index < len(textures)}:
        for material in materials:
            _drop_textures(material, beyond)
        lost = True
    unfit = set()
    for part in (part for mesh in document.get("meshes", []) for part in mesh["primitives"]):
        if not 0 <= part.get("material", 0) < max(1, len(materials)) or ("material" in part and not materials):
            del part["material"]
            lost = True
        attributes = part["attributes"]
        count = accessors[attributes["POSITION"]]["count"]
        for name in [name for name, index in attributes.items() if accessors[index]["count"] != count]:
            del attributes[name]
            unfit.add(name)
    if lost:
        shown.notes.append(Message("A material or texture that the file names and does not hold was left out."))
    shown.notes += [
        Message("The list {name} does not fit the vertices and was left out.", name=name[:_SHOWN_LETTERS])
        for name in sorted(unfit)
    ]
    shown.changed = shown.changed or lost or bool(unfit)


def _textures_of(value: Document) -> Iterator[int]:
    """The index of each texture that a material names, also in its extensions."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            if name.lower().endswith("texture") and "index" in inner:
                yield inner["index"]
            else:
                yield from _textures_of(inner)


def _sources(texture: Document) -> Iterator[Any]:
    yield texture.get("source")
    for extension in texture.get("extensions", {}).values():
        yield extension.get("source")


def _drop_textures(value: Any, gone: set[int]) -> None:
    """Take every texture in *gone* out of a material, also out of its extensions."""
    for name, inner in list(value.items()):
        if not isinstance(inner, dict):
            continue
        if name.lower().endswith("texture") and inner.get("index") in gone:
            del value[name]
        else:
            _drop_textures(inner, gone)


def _put_right(document: Document, shown: Shown) -> None:
    """Mend what importers refuse although it harms nothing."""
    asset = document["asset"]
    if asset["version"] != "2.0":  # Blender reads no other text, and later versions 2 are compatible
        asset["version"] = "2.0"
        shown.changed = True
    required = document.get("extensionsRequired", [])
    used = document.get("extensionsUsed", [])
    if VISIBILITY in required:  # done here
        required.remove(VISIBILITY)
        shown.changed = True
    if not set(required) <= set(used):
        document["extensionsUsed"] = list(dict.fromkeys([*used, *required]))
        shown.changed = True
    if "extensionsRequired" in document and not required:
        del document["extensionsRequired"]
        shown.changed = True
    for accessor in document.get("accessors", []):
        for name in ("min", "max"):
            if not all(map(math.isfinite, accessor.get(name, ()))):  # no JSON, and no use to an importer
                del accessor[name]
                shown.changed = True
    if document.pop("animations", None):
        shown.changed = True  # importers pose what is animated at its first frame, and the rest pose is wanted
