# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mesh a session shows before it is refined, and the copies kept of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from csm_blender.core.api.session import Session
from csm_blender.core.errors import CsmError, NoMeshOffered, SessionFailed, SessionNotReady
from csm_blender.core.files import preview_cache
from csm_blender.core.files.preview_cache import Kind, Offer, offer_of

PREVIEW, MESH, BASE = "https://storage.example/preview.glb?sig=1", "https://storage.example/mesh.glb?sig=2", "https://x"
CODE = "SESSION_1700000000_0000001"


def session(**data: Any) -> Session:
    return Session.from_data({"session_code": CODE, "updated_at": "2026-01-01T00:00:00.000Z", **data})


@pytest.mark.parametrize(
    ("data", "kind", "url"),
    [
        ({"status": "preview_done", "preview_mesh_url_glb": PREVIEW, "mesh_url_glb": ""}, Kind.PREVIEW, PREVIEW),
        ({"status": "training_refine", "preview_mesh_url_glb": PREVIEW, "mesh_url_glb": MESH}, Kind.PREVIEW, PREVIEW),
        ({"status": "refine_failed", "preview_mesh_url_glb": PREVIEW, "mesh_url_glb": MESH}, Kind.PREVIEW, PREVIEW),
        ({"status": "refine_done", "preview_mesh_url_glb": PREVIEW, "mesh_url_glb": MESH}, Kind.REFINED, MESH),
        ({"status": "refine_done", "preview_mesh_url_glb": PREVIEW, "mesh_url_glb": ""}, Kind.PREVIEW, PREVIEW),
        ({"status": "preview_done", "preview_mesh_url_obj": "o", "preview_mesh_url_zip": "z"}, Kind.PREVIEW, "z"),
        ({"session_status": "complete", "mesh_url_glb": MESH}, Kind.NEWEST, MESH),
        ({"session_status": "in_progress", "mesh_url_glb": MESH}, Kind.NEWEST, MESH),
        ({"session_status": "complete", "mesh_url_glb": MESH, "preview_mesh_url_glb": PREVIEW}, Kind.PREVIEW, PREVIEW),
        ({"session_status": "complete", "mesh_url_obj": "o", "mesh_url_fbx": "f"}, Kind.NEWEST, "o"),
    ],
)
def test_what_a_session_shows(data: dict[str, str], kind: Kind, url: str) -> None:
    offer = offer_of(session(**data))
    assert (offer.kind, offer.url) == (kind, url)
    assert url not in repr(offer), "links are signed"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"status": "training_preview"}, SessionNotReady),
        ({"status": "spin_generate_done"}, SessionNotReady),
        ({"session_status": "in_progress"}, SessionNotReady),
        ({"status": "preview_failed"}, SessionFailed),
        ({"session_status": "failed"}, SessionFailed),
        ({"status": "preview_done", "preview_mesh_url_fbx": "f"}, NoMeshOffered),
        # A refined mesh of an earlier refine is no preview, whatever the state says now.
        ({"status": "preview_done", "mesh_url_glb": MESH}, NoMeshOffered),
        ({"session_status": "complete"}, NoMeshOffered),
    ],
)
def test_a_session_with_nothing_to_show_says_why(data: dict[str, str], error: type[CsmError]) -> None:
    with pytest.raises(error) as raised:
        offer_of(session(**data))
    assert raised.value.hint


def test_the_mark_changes_with_the_mesh_and_not_with_the_signature() -> None:
    seen = {
        offer_of(session(session_status="complete", mesh_url_glb=url, updated_at=updated)).mark
        for url in (MESH, MESH.replace("sig=2", "sig=3"))
        for updated in ("a", "b")
    }
    assert len(seen) == 2


def kept(home: Path, code: str, mark: str = "m", size: int = 100) -> Offer:
    work = preview_cache.work_folder(home, f"{code}{mark}")
    work.mkdir(parents=True)
    (work / "mesh").write_bytes(mark.encode() * size)
    offer = Offer(Kind.PREVIEW, mark, "")
    preview_cache.keep(home, BASE, code, offer, work / "mesh")
    return offer


def test_a_kept_mesh_is_taken_again_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    offer = kept(tmp_path, CODE)
    assert preview_cache.take(tmp_path, BASE, CODE, offer, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"m" * 100
    assert preview_cache.take(tmp_path, BASE, CODE, offer, tmp_path / "again"), "what is there is replaced"
    for base, code, other in (
        (BASE, CODE, Offer(Kind.PREVIEW, "n", "")),
        (BASE, CODE, Offer(Kind.REFINED, "m", "")),
        (BASE, "SESSION_2", offer),
        ("https://y", CODE, offer),
    ):
        assert not preview_cache.take(tmp_path, base, code, other, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_session_keeps_one_mesh_the_newest(tmp_path: Path) -> None:
    kept(tmp_path, CODE, "m")
    kept(tmp_path, CODE, "n")
    kept(tmp_path, CODE, "n2")
    assert len(preview_cache.copies(tmp_path)) == 1
    assert preview_cache.take_last(tmp_path, BASE, CODE, tmp_path / "again") is Kind.PREVIEW
    assert (tmp_path / "again").read_bytes() == b"n2" * 100
    assert preview_cache.take_last(tmp_path, BASE, "SESSION_2", tmp_path / "again") is None


def test_cleaning_a_copy_away_leaves_the_file_that_is_being_fitted(tmp_path: Path) -> None:
    offer = kept(tmp_path, CODE)
    assert preview_cache.take(tmp_path, BASE, CODE, offer, tmp_path / "fitting")
    preview_cache.copies(tmp_path)[0].unlink()
    assert (tmp_path / "fitting").read_bytes() == b"m" * 100


def test_copies_stay_within_their_limit_and_the_unused_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_cache, "LIMIT_BYTES", 250)
    first, _second = kept(tmp_path, "SESSION_1"), kept(tmp_path, "SESSION_2")
    for age, copy in enumerate(preview_cache.copies(tmp_path)):
        os.utime(copy, (time.time() - 100 + age,) * 2)
    assert preview_cache.take(tmp_path, BASE, "SESSION_1", first, tmp_path / "used")
    kept(tmp_path, "SESSION_3")
    codes = [code for code in ("SESSION_1", "SESSION_2", "SESSION_3") if _has(tmp_path, code)]
    assert codes == ["SESSION_1", "SESSION_3"]
    kept(tmp_path, "SESSION_4", size=1000)
    assert [code for code in ("SESSION_1", "SESSION_3", "SESSION_4") if _has(tmp_path, code)] == ["SESSION_4"]


def _has(home: Path, code: str) -> bool:
    return preview_cache.take_last(home, BASE, code, home / "probe") is not None
