# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session's answer means, before and after a refine was asked for."""

# ruff: noqa: E501 - tables
from __future__ import annotations

from typing import Any

import pytest

from csm_blender.core.api.session import Baseline, Phase, Session, phase_after, phase_before, shows_refine_started
from csm_blender.core.errors import UnexpectedAnswer


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


@pytest.mark.parametrize("data", [None, [], "text", {}, {"session_code": "SESSION_1"}, {"status": 3}])
def test_what_holds_no_status_is_no_session(data: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        Session.from_data(data)


def test_a_baseline_holds_no_signed_link_and_survives_the_store() -> None:
    from dataclasses import asdict

    kept = asdict(COMPLETE)
    assert "http" not in str(kept)
    assert Baseline.from_dict(kept) == COMPLETE


def test_glb_is_preferred_and_a_percentage_out_of_range_is_none() -> None:
    both = session(status="refine_done", mesh_url_obj="o", mesh_url_glb="g", percent_done=120)
    assert both.best_mesh_url() == "g"
    assert both.percent is None
    assert session(status="training_refine", percentage=40).percent == 40.0
