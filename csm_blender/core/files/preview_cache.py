# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh a session shows before it is refined: which of its links that is, and the copies kept of it.

Copies lie below ``previews`` in the job folder, one for each session of a service. Their names hold hashes only: links
are signed and are never kept.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from ..api.session import Phase, Session, phase_before
from ..errors import NoMeshOffered, SessionFailed, SessionNotReady
from ..file_system import remove_file, replace_file, share_file
from ..redaction import hashed, sanitize

FOLDER = "previews"
WORK_PREFIX = "showing-"
"""Of the folders in which previews are fetched and fitted; they are deleted when the preview is in the scene."""
LIMIT_BYTES = 512 * 1024**2
_SUFFIX = ".kept"


class Kind(StrEnum):
    """What the mesh is. NEWEST is all that sessions of the 2025 style give: one link, refined or not."""

    PREVIEW = "PREVIEW"
    REFINED = "REFINED"
    NEWEST = "NEWEST"


@dataclass(frozen=True)
class Offer:
    """A mesh that costs nothing. ``mark`` changes when the mesh behind the link may have changed."""

    kind: Kind
    mark: str
    url: str = field(repr=False)


def offer_of(session: Session) -> Offer:
    """The mesh that *session* can show: the refined one where there is one, since it costs nothing, else the preview.

    A refined mesh's link is never taken for a preview's, nor the other way round. Raises :class:`SessionNotReady`,
    :class:`SessionFailed` or :class:`NoMeshOffered`.
    """
    refined, preview = session.best_mesh_url(), next(iter(session.preview_urls.values()), "")
    if refined and session.status == "refine_done":
        return _offer(session, Kind.REFINED, refined)
    if preview:
        return _offer(session, Kind.PREVIEW, preview)
    if refined and not session.status:
        return _offer(session, Kind.NEWEST, refined)
    state = sanitize(session.state_text, limit=40)
    phase = phase_before(session)
    if phase is Phase.NOT_READY:
        raise SessionNotReady(
            "The session has no preview yet ({state}).",
            "Wait until it is done; checking again costs nothing.",
            state=state,
        )
    if phase is Phase.FAILED:
        raise SessionFailed("The session has failed ({state}) and has no preview.", state=state)
    raise NoMeshOffered(
        "The session offers no preview mesh ({state}).", "You can still refine it: that needs no preview.", state=state
    )


def _offer(session: Session, kind: Kind, url: str) -> Offer:
    return Offer(kind, hashed(f"{urlsplit(url).path}\n{session.updated_at}", 16), url)


def work_folder(home: Path, name: str) -> Path:
    """The folder in which the preview *name* (a hexadecimal id) is prepared."""
    return home / FOLDER / f"{WORK_PREFIX}{name}"


def copies(home: Path) -> list[Path]:
    """All copies, longest unused first."""
    return sorted((home / FOLDER).glob(f"*{_SUFFIX}"), key=_used_at)


def take(home: Path, base_url: str, code: str, offer: Offer, target: Path) -> bool:
    """Put the copy of just this mesh to *target*; ``False`` where there is none. Raises :class:`OSError`."""
    return _put(_path(home, base_url, code, f"{offer.mark}-{offer.kind}"), target)


def take_last(home: Path, base_url: str, code: str, target: Path) -> Kind | None:
    """Put the copy last kept of a session to *target*, whatever the service would say; what kind it is."""
    for path in _of_session(home, base_url, code):
        if _put(path, target):
            return Kind(path.stem.rpartition("-")[2])
    return None


def keep(home: Path, base_url: str, code: str, offer: Offer, file: Path) -> None:
    """Keep *file* as the session's mesh, in place of older ones, and no more than the limit of all. Never raises."""
    place = _path(home, base_url, code, f"{offer.mark}-{offer.kind}")
    with contextlib.suppress(OSError):  # without a copy, the mesh is downloaded again
        new = file.with_name(f"{file.name}.keep")
        share_file(file, new)
        replace_file(new, place)
        for old in set(_of_session(home, base_url, code)) - {place}:
            remove_file(old)
        kept = copies(home)
        excess = sum(path.stat().st_size for path in kept) - LIMIT_BYTES
        for path in kept[:-1]:
            if excess > 0:
                excess -= path.stat().st_size
                remove_file(path)


def _put(copy: Path, target: Path) -> bool:
    if not copy.is_file():
        return False
    with contextlib.suppress(OSError):  # it counts as used now; the folder of another user may forbid it
        os.utime(copy)
    target.unlink(missing_ok=True)
    share_file(copy, target)
    return True


def _path(home: Path, base_url: str, code: str, rest: str) -> Path:
    session = hashed(f"{base_url}\n{code}", 24)
    return home / FOLDER / f"{session}-{rest}{_SUFFIX}"


def _of_session(home: Path, base_url: str, code: str) -> list[Path]:
    return sorted((home / FOLDER).glob(_path(home, base_url, code, "*").name))


def _used_at(copy: Path) -> float:
    try:
        return copy.stat().st_mtime
    except OSError:  # deleted meanwhile by another Blender
        return 0.0
