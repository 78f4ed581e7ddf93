# SPDX-License-Identifier: GPL-3.0-or-later
"""A session as the service describes it, and what that means for a refine.

Sessions answer in two styles: ``status`` with ``percentage`` (2024) or ``session_status`` with ``percent_done`` (2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

from ..errors import UnexpectedAnswer
from ..records import Record
from ..redaction import hashed

MESH_FORMATS = ("glb", "zip", "obj")
"""Formats the converter can read, best first."""
_BEFORE_PREVIEW = frozenset({"uploaded", "spin_generate_processing", "spin_generate_done", "training_preview"})
_PREVIEW_DONE = frozenset({"preview_done", "done"})


class Phase(Enum):
    """What a session's answer means for a refine."""

    NOT_READY = auto()
    CAN_REFINE = auto()
    REFINING = auto()
    REFINED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Session:
    """The parts of a session that matter here. URLs are signed, so they are kept out of ``repr``.

    ``percent`` is 0 to 100 or ``None``; ``reason`` is why it failed, where the service says so; ``mesh_urls`` and
    ``preview_urls`` map a format to a non-empty URL, best first.
    """

    code: str
    status: str = ""
    session_status: str = ""
    percent: float | None = None
    created_at: str = ""
    updated_at: str = ""
    caption: str = ""
    reason: str = ""
    mesh_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    preview_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    image_url: str = field(default="", repr=False)

    @classmethod
    def from_data(cls, data: object) -> Session:
        """The session in an answer's ``data``. Raises :class:`UnexpectedAnswer` if that is no session."""
        if not isinstance(data, Mapping) or not (_text(data, "status") or _text(data, "session_status")):
            raise UnexpectedAnswer("The answer about the session holds no status.")
        percent = data.get("percent_done", data.get("percentage"))
        is_percent = isinstance(percent, (int, float)) and 0 <= percent <= 100  # noqa: PLR2004 - percent
        return cls(
            code=_text(data, "session_code"),
            status=_text(data, "status").lower(),
            session_status=_text(data, "session_status").lower(),
            percent=float(percent) if is_percent else None,
            created_at=_text(data, "created_at"),
            updated_at=_text(data, "updated_at"),
            caption=_text(data, "caption"),
            reason=_text(data, "status_message"),
            mesh_urls=_urls(data, "mesh_url"),
            preview_urls=_urls(data, "preview_mesh_url"),
            image_url=_text(data, "image_url", limit=8192),
        )

    @property
    def state_text(self) -> str:
        """The service's own word for the state, to be shown."""
        return self.status or self.session_status

    def best_mesh_url(self) -> str:
        """URL of the refined mesh in the best format we read, or empty. Never a preview's."""
        return next(iter(self.mesh_urls.values()), "")

    def is_running(self) -> bool:
        """Whether the service works on the session right now. An unknown state counts as running."""
        if self.status and self.status not in _PREVIEW_DONE | _BEFORE_PREVIEW | {"refine_done"}:
            return "failed" not in self.status
        return bool(self.session_status) and self.session_status not in ("complete", "failed")


@dataclass(frozen=True)
class Baseline(Record):
    """How a session was before this refine was requested, to distinguish a stale "done" from a new one.

    Mesh URLs are kept as hashes of their paths: the URLs themselves are signed and must not be stored.
    """

    status: str
    session_status: str
    updated_at: str
    mesh_hashes: tuple[str, ...]

    @classmethod
    def of(cls, session: Session) -> Baseline:
        """The baseline that *session* is right now."""
        return cls(session.status, session.session_status, session.updated_at, mesh_hashes(session))


def mesh_hashes(session: Session) -> tuple[str, ...]:
    """A short hash for each refined mesh URL's path, without the signature, sorted."""
    return tuple(sorted(hashed(urlsplit(url).path, 16) for url in session.mesh_urls.values()))


def phase_before(session: Session) -> Phase:
    """What can be done with a session that we have not asked to refine."""
    if session.status == "refine_done":
        return Phase.REFINED
    if "failed" in session.status or (not session.status and session.session_status == "failed"):
        return Phase.FAILED
    if session.status in _BEFORE_PREVIEW:
        return Phase.NOT_READY
    if session.is_running():
        has_preview = bool(session.mesh_urls or session.preview_urls)
        return Phase.REFINING if has_preview or session.status == "training_refine" else Phase.NOT_READY
    return Phase.CAN_REFINE


def phase_after(session: Session, baseline: Baseline, *, seen_running: bool) -> Phase:
    """How far the refine is that was requested after *baseline*: REFINING, REFINED or FAILED.

    *seen_running* says that an earlier answer showed it running, which makes any "done" a new one.
    """
    touched = seen_running or session.updated_at != baseline.updated_at
    if session.status == "refine_done":
        return Phase.REFINED if touched or baseline.status != "refine_done" else Phase.REFINING
    if "failed" in session.status:
        return Phase.FAILED if touched or baseline.status != session.status else Phase.REFINING
    if session.session_status == "failed":
        return Phase.FAILED if touched or baseline.session_status != "failed" else Phase.REFINING
    if session.status:
        return Phase.REFINING
    if session.session_status == "complete":
        new_mesh = bool(set(mesh_hashes(session)) - set(baseline.mesh_hashes))
        return Phase.REFINED if seen_running or (touched and new_mesh) else Phase.REFINING
    return Phase.REFINING


def shows_refine_started(session: Session, baseline: Baseline) -> bool:
    """Whether a session, fetched after a lost answer, proves that the refine was accepted."""
    return session.is_running() or phase_after(session, baseline, seen_running=False) is not Phase.REFINING


def _text(data: Mapping[str, Any], name: str, limit: int = 200) -> str:
    value = data.get(name)
    return value.strip()[:limit] if isinstance(value, str) else ""


def _urls(data: Mapping[str, Any], prefix: str) -> dict[str, str]:
    return {fmt: url for fmt in MESH_FORMATS if (url := _text(data, f"{prefix}_{fmt}", limit=8192))}
