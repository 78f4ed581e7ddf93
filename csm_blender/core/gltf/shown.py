# SPDX-License-Identifier: GPL-3.0-or-later
"""Take out of a glTF document what a viewer would not show: it must not count.

Shown are the meshes of the default scene, unless KHR_node_visibility hides them or a scale of 0 makes them nothing.
Points and lines beside faces are no part of a surface.
"""

from __future__ import annotations

from ..messages import Message
from .document import Document
from .edits import Edits

VISIBILITY = "KHR_node_visibility"
LOOSE = Message("Points and lines beside the faces were left out.")
_TRIANGLES = 4
_CORNERS = {1: 2, _TRIANGLES: 3}
"""Of what a primitive is made of, by its mode: lines and triangles."""


def keep_what_is_shown(document: Document, edits: Edits) -> None:
    """Change *document*, of a glTF that was checked, so that an importer makes only what is shown.

    Nodes keep their indices: those that are not shown lose their mesh. Raises one of :data:`.edits.INCONSISTENT` for a
    document of the wrong form.
    """
    _keep_shown_nodes(document, edits)
    _keep_faces(document, edits)
    required = document.get("extensionsRequired", [])
    if VISIBILITY in required:  # done here
        document["extensionsRequired"] = [name for name in required if name != VISIBILITY]
        edits.changed = True


def _keep_shown_nodes(document: Document, edits: Edits) -> None:
    nodes, scenes = document.get("nodes", []), document.get("scenes")
    order, parents = _tree(nodes, edits)
    roots = [index for index in order if index not in parents]
    listed = roots
    if scenes:
        which = document.get("scene", 0)
        if not 0 <= which < len(scenes):
            document["scene"] = which = 0
            edits.changed = True
        listed = scenes[which].get("nodes", [])
    with_mesh = [index for index, node in enumerate(nodes) if "mesh" in node]
    fates = _fates(nodes, order, parents, listed)
    if scenes and all(fates[index] == _ELSEWHERE for index in with_mesh):
        # An exporter that forgot to fill its scene; a mesh that was paid for is not lost for that.
        fates = _fates(nodes, order, parents, roots)
        document |= {"scenes": [{**scenes[which], "nodes": roots}], "scene": 0}
        edits.notes.append(Message("The file's scene holds no mesh; the meshes outside it were imported."))
        edits.changed = True
    lost = [index for index in with_mesh if fates[index] != _SHOWN]
    for index in lost:
        _take_mesh(nodes[index])
        edits.changed = True
    for fate, words in _WORDS.items():
        if count := sum(fates[index] == fate for index in lost):
            edits.notes.append(Message(words[count > 1], count=count))


def _tree(nodes: list[Document], edits: Edits) -> tuple[list[int], dict[int, int]]:
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
                edits.changed = True
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


def _keep_faces(document: Document, edits: Edits) -> None:
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
        edits.notes.append(LOOSE)
        edits.changed = True
    for part in parts:
        corners = _CORNERS.get(part.get("mode", _TRIANGLES))
        if corners and _leave_out_rest(document, part, corners):
            edits.changed = True


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
