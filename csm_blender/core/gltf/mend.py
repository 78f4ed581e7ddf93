# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend in a glTF document what importers refuse a whole file for: what is named and not there, and slips of exporters.

Pictures outside the file are not fetched, and no importer gets to see their addresses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..messages import Message
from .document import Document, is_data, short_name
from .edits import Edits

_SHOWN_LETTERS = 40


def mend(document: Document, edits: Edits) -> None:
    """Change *document*, of a glTF that was checked. Animations go too: importers pose things at their first frame.

    Raises one of :data:`.edits.INCONSISTENT` for a document of the wrong form.
    """
    _leave_out_missing_pictures(document, edits)
    _leave_out_missing_parts(document, edits)
    _leave_out_unfit_lists(document, edits)
    _leave_out_half_triangles(document, edits)
    _use_plain_data(document, edits)
    _put_right(document, edits)


def _leave_out_missing_pictures(document: Document, edits: Edits) -> None:
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
    edits.notes.append(Message(words[len(names) > 1], names=tuple(names)))
    for index in missing:  # no importer may follow the address
        document["images"][index] = {"uri": _EMPTY_PICTURE}
    edits.missing_textures = len(missing)
    edits.changed = True


_EMPTY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
"""Of one pixel, in the place of one that is missing; no material shows it."""


def _leave_out_missing_parts(document: Document, edits: Edits) -> None:
    """Leave out materials, textures, pictures and samplers that are named and not there."""
    materials, textures, samplers = (document.get(name, []) for name in ("materials", "textures", "samplers"))
    pictures = len(document.get("images", []))
    lost = False
    for texture in textures:
        for holder in (texture, *texture.get("extensions", {}).values()):
            if "source" in holder and not 0 <= holder["source"] < pictures:
                del holder["source"]
                lost = True
        if "sampler" in texture and not 0 <= texture["sampler"] < len(samplers):
            del texture["sampler"]
            edits.changed = True
    named = {index for material in materials for index in _textures_of(material)}
    if beyond := {index for index in named if not 0 <= index < len(textures)}:
        for material in materials:
            _drop_textures(material, beyond)
        lost = True
    for part in _primitives(document):
        if "material" in part and not 0 <= part["material"] < len(materials):
            del part["material"]
            lost = True
    if lost:
        edits.notes.append(Message("A material or texture that the file names and does not hold was left out."))
        edits.changed = True


def _leave_out_unfit_lists(document: Document, edits: Edits) -> None:
    """Leave out UVs, colors and the like of which there are not as many as vertices."""
    accessors = document.get("accessors", [])
    unfit = set()
    for part in _primitives(document):
        attributes = part["attributes"]
        count = accessors[attributes["POSITION"]]["count"]
        for name in [name for name, index in attributes.items() if accessors[index]["count"] != count]:
            del attributes[name]
            unfit.add(str(name)[:_SHOWN_LETTERS])
    for name in sorted(unfit):
        edits.notes.append(Message("The list {name} does not fit the vertices and was left out.", name=name))
        edits.changed = True


def _leave_out_half_triangles(document: Document, edits: Edits) -> None:
    """Cut lists of corners that end in the middle of a triangle: Blender 4.2 crashes on one of two corners."""
    accessors = document.get("accessors", [])

    def cut(index: int, left: int) -> int:
        """The number of a new accessor: others may use the one at *index* as it is."""
        accessors.append({**accessors[index], "count": accessors[index]["count"] - left})
        return len(accessors) - 1

    for part in _primitives(document):
        attributes, is_packed = part["attributes"], "KHR_draco_mesh_compression" in part.get("extensions", {})
        count = accessors[part["indices"] if "indices" in part else attributes["POSITION"]]["count"]
        if part.get("mode", _TRIANGLES) != _TRIANGLES or is_packed or not (left := count % _CORNERS):
            continue
        if count == left:
            part["mode"] = _POINTS  # nothing that has a surface
            part.pop("indices", None)
        elif "indices" in part:
            part["indices"] = cut(part["indices"], left)
        else:
            for name, index in attributes.items():
                attributes[name] = cut(index, left)
            part.pop("targets", None)  # as long as the lists were; the rest pose is wanted
        edits.changed = True


_POINTS, _TRIANGLES, _CORNERS = 0, 4, 3


def _primitives(document: Document) -> Iterator[Document]:
    """Those of all meshes that a node has."""
    for mesh in {node["mesh"] for node in document.get("nodes", []) if "mesh" in node}:
        yield from document["meshes"][mesh]["primitives"]


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


def _use_plain_data(document: Document, edits: Edits) -> None:
    """Of data that is there compressed and plain, take the plain one: not every Blender can unpack the other."""
    required = document.get("extensionsRequired", [])
    accessors, buffers = document.get("accessors", []), document.get("buffers", [])
    plain_parts = [part for part in _primitives(document) if "bufferView" in accessors[part["attributes"]["POSITION"]]]
    empty = [bool(buffer.get("extensions")) for buffer in buffers]  # there only for what is unpacked
    plain_views = [view for view in document.get("bufferViews", []) if not empty[view["buffer"]]]
    for holder in (*plain_parts, *plain_views):
        for name in _COMPRESSIONS:
            if name not in required and name in holder.get("extensions", {}):
                del holder["extensions"][name]
                edits.changed = True


_COMPRESSIONS = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression")


def _put_right(document: Document, edits: Edits) -> None:
    """Mend what importers refuse although it harms nothing."""
    asset = document["asset"]
    if asset["version"] != "2.0":  # Blender reads no other text, and later versions 2 are compatible
        asset["version"] = "2.0"
        edits.changed = True
    required = document.get("extensionsRequired", [])
    used = document.get("extensionsUsed", [])
    if not set(required) <= set(used):
        document["extensionsUsed"] = list(dict.fromkeys([*used, *required]))
        edits.changed = True
    if "extensionsRequired" in document and not required:
        del document["extensionsRequired"]
        edits.changed = True
    for accessor in document.get("accessors", []):
        for name in ("min", "max"):
            if not all(map(math.isfinite, accessor.get(name, ()))):  # no JSON, and no use to an importer
                del accessor[name]
                edits.changed = True
    if document.pop("animations", None):
        edits.changed = True  # importers pose what is animated at its first frame, and the rest pose is wanted
