# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing sessions page by page, with pictures, into a folder that can be read offline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from csm_blender.core.errors import CsmError
from csm_blender.core.files import session_cache
from csm_blender.core.files.session_cache import Entry, SessionCatalog
from csm_blender.core.settings import Settings
from csm_blender.worker.session_list import fetch_page


def test_all_pages_with_pictures(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_cache, "PAGE_SIZE", 3)
    settings = Settings(base_url=service.url, key=service.key, loopback_only=True, read_timeout_s=120.0)
    folder = session_cache.folder_for(tmp_path, service.url)
    for page, count, more in ((1, 3, True), (2, 6, True), (3, 8, False)):
        fetch_page(settings, tmp_path, page)
        known = session_cache.load(folder)
        assert (len(known.entries), known.total, known.has_more, known.pages) == (count, 8, more, page)
    assert len({entry.code for entry in known.entries}) == 8
    for entry in known.entries:
        assert (folder / session_cache.PICTURES / entry.picture).read_bytes().startswith(b"\x89PNG")
    assert "sig=" not in (folder / session_cache.FILE_NAME).read_text()
    fetch_page(settings, tmp_path, 1)
    assert len(session_cache.load(folder).entries) == 3


def test_a_list_is_had_without_its_pictures(service: Any, tmp_path: Path) -> None:
    service.add_fault({"status": 500}, path="thumbnail.png", times=None)
    fetch_page(Settings(base_url=service.url, key=service.key), tmp_path, 1)
    folder = session_cache.folder_for(tmp_path, service.url)
    assert [entry.picture for entry in session_cache.load(folder).entries] == [""] * 8
    assert list((folder / session_cache.PICTURES).iterdir()) == []


def test_a_list_can_be_read_before_its_pictures_are_there(service: Any, tmp_path: Path) -> None:
    folder = session_cache.folder_for(tmp_path, service.url)
    early: list[str] = []

    def look(_share: float, _text: str) -> None:
        early.extend(entry.picture for entry in session_cache.load(folder).entries)

    patient = Settings(base_url=service.url, key=service.key, read_timeout_s=120.0)  # it draws each picture when asked
    fetch_page(patient, tmp_path, 1, look)
    assert early == [""] * 8
    assert all(entry.picture for entry in session_cache.load(folder).entries)


def test_what_is_known_outlives_a_failed_listing(service: Any, tmp_path: Path) -> None:
    settings = Settings(base_url=service.url, key=service.key)
    fetch_page(settings, tmp_path, 1)
    known = session_cache.load(session_cache.folder_for(tmp_path, service.url))
    with pytest.raises(CsmError):
        fetch_page(replace(settings, key="wrong"), tmp_path, 1)
    assert session_cache.load(session_cache.folder_for(tmp_path, service.url)) == known


def test_a_session_listed_twice_is_kept_once() -> None:
    first, moved, third = (Entry(f"SESSION_{n}", "", "", "") for n in (1, 2, 3))
    known = SessionCatalog().with_page(1, (first, moved), 3, 1.0).with_page(2, (moved, third), 3, 2.0)
    assert known.entries == (first, moved, third)
    assert known.fetched_at == 1.0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"entries": [{"no": 1}]}', '{"entries": [], "odd": 1}'])
def test_a_broken_file_is_an_empty_catalogue(tmp_path: Path, text: str) -> None:
    (tmp_path / session_cache.FILE_NAME).write_text(text)
    assert session_cache.load(tmp_path) == SessionCatalog()
