# SPDX-License-Identifier: GPL-3.0-or-later
"""Take out of a glTF document what a viewer would not show, and what cannot be read: it must not count.

Shown are the meshes of the default scene, unless KHR_node_visibility hides them or a scale of 0 makes them nothing.
Points and lines beside faces are no part of a surface. Pictures outside the file are not fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..messages import Message
from .document import Document, is_data, short_name

VISIBILITY = "KHR_node_visibility"
LOOSE = Message("Points and lines beside the faces were left out.")
_LINES, _TRIANGLES = 1, 4


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
    _put_right(document, shown)
    return shown


def _keep_shown_nodes(document: Document, shown: Shown) -> None:
    nodes = document.get("nodes", [])
    fates = _fates(document, nodes)
    with_mesh = [index for index, node in enumerate(nodes) if "mesh" in node]
    if not any(fates.get(index) == _SHOWN for index in with_mesh) and (others := document.get("scenes")):
        # An exporter that forgot to fill its scene; a mesh that was paid for is not lost for that.
        fates = _walked(nodes, _roots(nodes))
        if any(fates.get(index) == _SHOWN for index in with_mesh):
            shown.notes.append(Message("The file's scene shows no mesh; the meshes outside it were imported."))
            document["scenes"] = [{**others[0], "nodes": _roots(nodes)}]
            document["scene"] = 0
            shown.changed = True
    lost = [(index, fates.get(index, _ELSEWHERE)) for index in with_mesh if fates.get(index) != _SHOWN]
    for index, _fate in lost:
        _take_mesh(nodes[index])
        shown.changed = True
    for fate, words in _WORDS.items():
        if count := sum(each == fate for _index, each in lost):
            shown.notes.append(Message(words[count > 1], count=count))


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


def _fates(document: Document, nodes: list[Document]) -> dict[int, int]:
    """What becomes of the nodes of the default scene: the one that is named, else the first, else all nodes."""
    scenes = document.get("scenes")
    if not scenes:
        return _walked(nodes, _roots(nodes))
    which = document.get("scene", 0)
    return _walked(nodes, scenes[which if 0 <= which < len(scenes) else 0].get("nodes", []))


def _walked(nodes: list[Document], roots: Iterable[int]) -> dict[int, int]:
    """The fate of each node below *roots*; a node takes that of its parent unless it is shown."""
    fates: dict[int, int] = {}
    todo = [(root, _SHOWN) for root in roots]
    while todo:
        index, of_parent = todo.pop()
        if index in fates:
            continue
        node = nodes[index]
        fates[index] = of_parent or _own_fate(node)
        todo += [(child, fates[index]) for child in node.get("children", [])]
        # The place of a skinned mesh is that of its joints alone.
        if fates[index] == _NOTHING and "skin" in node:
            fates[index] = _SHOWN
    return fates


def _own_fate(node: Document) -> int:
    if node.get("extensions", {}).get(VISIBILITY, {}).get("visible") is False:
        return _HIDDEN
    a, b, c, _, d, e, f, _, g, h, i, *_ = node.get("matrix") or (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    flat = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) == 0
    return _NOTHING if flat or 0 in node.get("scale", ()) else _SHOWN


def _roots(nodes: list[Document]) -> list[int]:
    children = {child for node in nodes for child in node.get("children", [])}
    return [index for index in range(len(nodes)) if index not in children]


def _keep_faces(document: Document, shown: Shown) -> None:
    """Leave out points and lines where the shown meshes have faces; else the end of a line that has no other."""
    nodes, meshes = document.get("nodes", []), document.get("meshes", [])
    used = {node["mesh"] for node in nodes if "mesh" in node}
    parts = [part for mesh in used for part in meshes[mesh]["primitives"]]
    loose = [part for part in parts if not _has_faces(part)]
    if len(loose) == len(parts):
        for part in loose:
            if part.get("mode") == _LINES and _pair_ends(document, part):
                shown.changed = True
    elif loose:
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


def _has_faces(part: Document) -> bool:
    return bool(part.get("mode", _TRIANGLES) >= _TRIANGLES)


def _pair_ends(document: Document, part: Document) -> bool:
    """Whether *part*, of lines, had an odd number of ends. Viewers skip the last one, Blender's importer breaks."""
    accessors = document["accessors"]
    lists = part if "indices" in part else part["attributes"]
    names = ["indices"] if "indices" in part else list(lists)
    if accessors[lists[names[0]]]["count"] % 2 == 0:
        return False
    for name in names:
        accessor = accessors[lists[name]]
        lists[name] = len(accessors)
        accessors.append({**accessor, "count": accessor["count"] - 1})
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
        "The picture {names} is not in the delivered file; the mesh is without it.",
        "The pictures {names} are not in the delivered file; the mesh is without them.",
    )
    shown.notes.append(Message(words[len(names) > 1], names=tuple(names)))
    for index in missing:  # no importer may follow the address
        document["images"][index] = {"uri": _EMPTY_PICTURE}
    shown.missing_textures = len(missing)
    shown.changed = True


_EMPTY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
"""Of one pixel, in the place of one that is missing; no material shows it."""


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
