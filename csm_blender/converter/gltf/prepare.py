# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit a GLB before any importer sees it: what it does not show and what is no number is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import BadMesh
from ...core.files.mesh_file import GlbSummary, check_glb
from ...core.gltf.document import is_plain, read_document, replace_document
from ...core.gltf.edits import INCONSISTENT, Edits
from ...core.gltf.mend import mend
from ...core.gltf.shown import keep_what_is_shown
from ...core.messages import Message, sentences
from .bad_numbers import count_bad_uvs, leave_out_bad_vertices
from .plain_geometry import PlainGeometry, read_plain_geometry


@dataclass
class PreparedGlb:
    """A GLB that can be imported: where it is, what it is said to hold, and what was left out of it.

    ``missing_textures`` counts pictures that are not in the file, ``bad_numbers`` vertices and UVs that are no numbers.
    ``geometry`` is what does not have to go through Blender's importer, ``stand_in`` where the rest may be written.
    """

    path: Path
    summary: GlbSummary
    notes: list[Message] = field(default_factory=list)
    missing_textures: int = 0
    bad_numbers: int = 0
    geometry: PlainGeometry | None = None
    stand_in: Path | None = None


def prepare_glb(path: Path, folder: Path) -> PreparedGlb:
    """The GLB at *path* itself if nothing of it has to be changed, else an edited copy in *folder*.

    Raises :class:`BadMesh` for one that is damaged or shows no mesh.
    """
    prepared = PreparedGlb(path, check_glb(path))
    try:
        _prepare(prepared, folder)
    except INCONSISTENT as error:
        raise BadMesh("The GLB is inconsistent: the parts of its JSON do not match.") from error
    prepared.geometry, prepared.stand_in = read_plain_geometry(prepared.path), folder / "stand_in.glb"
    return prepared


def _prepare(prepared: PreparedGlb, folder: Path) -> None:
    path = prepared.path
    document, json_end = read_document(path)
    edits = Edits()
    keep_what_is_shown(document, edits)
    mend(document, edits)
    prepared.notes = edits.notes
    prepared.missing_textures = edits.missing_textures
    if not any("mesh" in node for node in document["nodes"]):
        raise BadMesh(sentences(Message("The file shows no mesh."), *edits.notes))
    bad_vertices, more = leave_out_bad_vertices(document, path, json_end + 8)
    prepared.bad_numbers = bad_vertices + count_bad_uvs(document, path, json_end + 8)
    if bad_vertices:
        words = (
            "{count} vertex has a coordinate that is not a number; the faces at it were left out.",
            "{count} vertices have a coordinate that is not a number; the faces at them were left out.",
        )
        prepared.notes.append(Message(words[bad_vertices > 1], count=bad_vertices))
    if prepared.summary.skinned:
        prepared.notes.append(Message("The mesh is rigged; it was imported in its rest pose."))
    if prepared.summary.animated:
        prepared.notes.append(Message("The file is animated; it was imported without the animation."))
    if edits.changed or more or not is_plain(path):
        prepared.path = folder / "prepared.glb"
        replace_document(path, document, prepared.path, more)
