# SPDX-License-Identifier: GPL-3.0-or-later
"""Rhythms of waiting, blanked secrets, settings, and what a session's answer means."""

# ruff: noqa: E501 - tables
from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_blender.core.api.backoff import parse_retry_after, poll_delay_s, retry_delay_s
from csm_blender.core.api.session import Baseline, Phase, Session, phase_after, phase_before, shows_refine_started
from csm_blender.core.errors import BadValue, MissingKey
from csm_blender.core.redaction import redacted, sanitize
from csm_blender.core.settings import Settings, base_url_from, data_home, is_loopback, key_from

KEY = "Abc123Abc123Abc123Abc123Abc12345"


def test_polling_slows_down_and_a_fixed_rhythm_wins() -> None:
    delays = [poll_delay_s(float(seconds), None) for seconds in range(0, 3600, 10)]
    assert delays == sorted(delays)
    assert (delays[0], delays[1], delays[-1]) == (1.0, 5.0, 30.0)
    assert poll_delay_s(1000.0, 50.0, 2.0) == 2.0
    assert 0.5 <= poll_delay_s(100.0, 90.0) < poll_delay_s(100.0, 10.0) <= 30.0


@given(st.integers(1, 10**6), st.integers(0, 1000))
def test_backoff_stays_within_its_bounds(faults: int, seed: int) -> None:
    assert 0.1 <= retry_delay_s(faults, None, random.Random(seed)) <= 30.0


def test_retry_after_in_seconds_or_as_a_date_of_the_servers_clock() -> None:
    assert parse_retry_after("120") == 120.0
    assert parse_retry_after(None) is None
    assert parse_retry_after("soon") is None
    assert parse_retry_after("٣") is None
    now = datetime(2030, 1, 1, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert parse_retry_after(later, format_datetime(now, usegmt=True)) == 90.0
    assert parse_retry_after("Mon, 01 Jan 1990 00:00:00 GMT") == 0.0
    assert parse_retry_after("Fri, 31 Dec 99999 23:59:59 GMT") is None


@given(st.text(max_size=300), st.text(max_size=50))
def test_redaction_never_fails_and_never_shows_the_key(before: str, after: str) -> None:
    assert KEY not in redacted(before + KEY + after, KEY)
    assert KEY not in sanitize(before + KEY + after, KEY, limit=60)


@pytest.mark.parametrize("key", ['quo"te\\back', "spa ce/sl+ash", "ünïcode-key", "new\nline-key"])
def test_a_key_with_odd_letters_is_blanked_however_it_is_written(key: str) -> None:
    import json
    from urllib.parse import quote

    for text in (key, repr({"k": key}), json.dumps({"k": key}), f"https://x.example/?k={quote(key, safe='')}"):
        shown = redacted(text, key)
        assert key not in shown
        assert json.dumps(key)[1:-1] not in shown
        assert quote(key, safe="") not in shown


def test_links_keep_their_host_and_file_only() -> None:
    url = "https://store.example/inference-outputs/jane%40x.example/SESSION_1/mesh.glb?se=1&sig=abc"
    assert redacted(f"see {url} now") == "see https://store.example/…/mesh.glb?… now"
    assert redacted("https://user:password@proxy.example:8080/") == "https://proxy.example:8080"
    assert redacted("mail jane.doe+x@studio.example now") == "mail [e-mail] now"


def test_half_a_key_is_not_shown_where_a_text_is_cut() -> None:
    text = "https://store.example/" + "a" * 1000 + f"/x?sig=1 {'b' * 170} {KEY}"
    assert KEY[:8] not in sanitize(text, KEY, limit=300)


def test_settings_hide_the_key_and_refuse_what_no_header_holds() -> None:
    assert KEY not in repr(Settings(key=KEY))
    with pytest.raises(MissingKey):
        Settings().require_key()
    with pytest.raises(BadValue):
        Settings(key="a\nb").require_key()
    assert key_from({"CSM_API_KEY": f" {KEY} "}, "other") == KEY
    assert key_from({}, "other") == "other"


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "https://", "api.csm.ai", "https://u:p@x.example", "https://x.example?k=1", "https://[::1", "http://x.example",
     "https://x.example#a", "https://x.example:99999"],
)  # fmt: skip
def test_base_urls_that_are_refused(url: str) -> None:
    with pytest.raises(BadValue):
        base_url_from({"CSM_BASE_URL": url})


def test_loopback_by_name_and_address(tmp_path: Path) -> None:
    for url in ("http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:2", "http://a.localhost"):
        assert is_loopback(url)
    for url in (
        "http://localhost.example",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[",
        "x",
        "http://127.0.0.1.example",
    ):
        assert not is_loopback(url)
    assert data_home({"CSM_HOME": str(tmp_path)}) == tmp_path


def session(**data: Any) -> Session:
    return Session.from_data({"session_code": "SESSION_1", **data})


@pytest.mark.parametrize(
    ("data", "phase"),
    [
        ({"status": "uploaded"}, Phase.NOT_READY),
        ({"status": "training_preview"}, Phase.NOT_READY),
        ({"status": "preview_done"}, Phase.CAN_REFINE),
        ({"status": "done"}, Phase.CAN_REFINE),
        ({"status": "training_refine"}, Phase.REFINING),
        ({"status": "refine_done"}, Phase.REFINED),
        ({"status": "refine_failed"}, Phase.FAILED),
        ({"status": "spin_generate_failed"}, Phase.FAILED),
        ({"status": "polishing_things", "preview_mesh_url_glb": "u"}, Phase.REFINING),
        ({"status": "polishing_things"}, Phase.NOT_READY),
        ({"session_status": "complete"}, Phase.CAN_REFINE),
        ({"session_status": "in_progress", "mesh_url_glb": "u"}, Phase.REFINING),
        ({"session_status": "in_progress"}, Phase.NOT_READY),
        ({"session_status": "failed"}, Phase.FAILED),
    ],
)
def test_what_a_session_allows(data: dict[str, Any], phase: Phase) -> None:
    assert phase_before(session(**data)) is phase


PREVIEW = Baseline.of(session(status="preview_done", updated_at="1", preview_mesh_url_glb="https://s/p.glb"))
REFINED = Baseline.of(session(status="refine_done", updated_at="1", mesh_url_glb="https://s/r.glb"))
COMPLETE = Baseline.of(session(session_status="complete", updated_at="1", mesh_url_glb="https://s/p.glb"))


@pytest.mark.parametrize(
    ("baseline", "seen_running", "data", "phase"),
    [
        (PREVIEW, False, {"status": "preview_done", "updated_at": "1"}, Phase.REFINING),
        (PREVIEW, False, {"status": "training_refine", "updated_at": "2"}, Phase.REFINING),
        (PREVIEW, False, {"status": "refine_done", "updated_at": "1"}, Phase.REFINED),
        (PREVIEW, True, {"status": "refine_failed", "updated_at": "2"}, Phase.FAILED),
        (REFINED, False, {"status": "refine_done", "updated_at": "1"}, Phase.REFINING),  # a stale "done"
        (REFINED, False, {"status": "refine_done", "updated_at": "2"}, Phase.REFINED),
        (REFINED, True, {"status": "refine_done", "updated_at": "1"}, Phase.REFINED),
        (COMPLETE, False, {"session_status": "complete", "updated_at": "1", "mesh_url_glb": "https://s/p.glb"}, Phase.REFINING),
        (COMPLETE, False, {"session_status": "complete", "updated_at": "2", "mesh_url_glb": "https://s/p.glb"}, Phase.REFINING),
        (COMPLETE, False, {"session_status": "complete", "updated_at": "2", "mesh_url_glb": "https://s/r.glb"}, Phase.REFINED),
        (COMPLETE, True, {"session_status": "complete", "updated_at": "2", "mesh_url_glb": "https://s/p.glb"}, Phase.REFINED),
        (COMPLETE, False, {"session_status": "in_progress", "updated_at": "2"}, Phase.REFINING),
        (COMPLETE, False, {"session_status": "failed", "updated_at": "2"}, Phase.FAILED),
        (PREVIEW, False, {"status": "preview_done", "session_status": "failed", "updated_at": "2"}, Phase.FAILED),
    ],
)  # fmt: skip
def test_how_far_a_refine_is(baseline: Baseline, seen_running: bool, data: dict[str, Any], phase: Phase) -> None:
    assert phase_after(session(**data), baseline, seen_running=seen_running) is phase


def test_a_signature_that_changes_does_not_make_a_mesh_new() -> None:
    fresh = session(session_status="complete", updated_at="2", mesh_url_glb="https://s/p.glb?sig=other")
    assert phase_after(fresh, COMPLETE, seen_running=False) is Phase.REFINING
    assert not shows_refine_started(fresh, COMPLETE)
    assert shows_refine_started(session(session_status="in_progress"), COMPLETE)


def test_a_preview_is_never_taken_for_the_refined_mesh() -> None:
    shown = session(status="refine_done", preview_mesh_url_glb="https://s/p.glb", mesh_url_glb="")
    assert shown.best_mesh_url() == ""
    assert "https" not in repr(shown)
