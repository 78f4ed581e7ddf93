# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error has a code, a sentence and an advice; the exit status follows from its kind; no secret is told."""

from __future__ import annotations

import json
import re

import pytest

from csm_blender.core import errors
from csm_blender.core.messages import Message

EVERY_ERROR = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CsmError)
]  # fmt: skip
GROUPS = {
    errors.CsmError, errors.ServiceError, errors.TransientError, errors.JobError, errors.StorageError,
    errors.UsageError,
    errors.KeyProblem, errors.StoreTrouble,
}  # fmt: skip
"""What others are derived from; only these, and values whose advice depends on the value, come without a hint."""

CODES = {
    "bad_blend_file", "bad_jobs_file", "bad_mesh", "bad_output", "bad_session_code", "bad_value", "connection_broken",
    "conversion_failed", "deadline_passed", "disk_problem", "download_cut", "foreign_redirect", "job_gone",
    "link_expired",
    "answer_lost", "no_credits", "no_key", "no_mesh_offered", "no_size", "no_such_object", "online_access_off",
    "other_job_uncertain", "placement_failed", "rate_limited", "refine_failed", "refused_key", "request_refused",
    "service_busy", "session_failed", "session_not_ready", "store_too_new", "store_unusable", "stumbled",
    "target_unchangeable", "unexpected_answer", "unknown_session", "unreachable", "untrusted_server", "wrong_use",
    "error", "key_problem", "service", "passing_fault", "job", "storage",
}  # fmt: skip
"""Programs rely on these: a code is never renamed."""


def test_the_codes_are_those_that_programs_know() -> None:
    assert {kind.code for kind in EVERY_ERROR} == CODES


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_each_says_what_to_do_next(kind: type[errors.CsmError]) -> None:
    assert re.fullmatch("[a-z_]+", kind.code)
    if kind in GROUPS | {errors.BadValue}:
        assert kind.default_hint == ""
    else:
        assert kind.default_hint.endswith(".")
    assert kind("Said.").hint == kind.default_hint
    assert kind("Said.", "Do this.").hint == "Do this."


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_the_exit_status_follows_from_the_kind(kind: type[errors.CsmError]) -> None:
    expected = {errors.UsageError: 2, errors.KeyProblem: 3, errors.OnlineAccessOff: 4}
    assert kind.exit_status == next((status for base, status in expected.items() if issubclass(kind, base)), 1)


def test_an_error_is_a_sentence_with_values_and_json() -> None:
    error = errors.NoSuchObject("There is no object {name}.", name="'Chair'")
    assert str(error) == "There is no object 'Chair'."
    assert error.message.template == "There is no object {name}."
    assert error.advice == f"{error} {errors.NoSuchObject.default_hint}"
    assert json.loads(json.dumps(error.as_dict())) == {
        "code": "no_such_object",
        "message": "There is no object 'Chair'.",
        "hint": errors.NoSuchObject.default_hint,
    }
    assert errors.JobGone(Message("A finished {what}.", what="message")).message == "A finished message."


def test_a_wish_of_the_server_is_kept_with_a_passing_fault() -> None:
    assert errors.ServiceBusy("Not now ({status}).", retry_after_s=3.0, status=503).retry_after_s == 3.0
    assert errors.Unreachable("No.").retry_after_s is None


def test_what_others_said_is_cut_and_freed_of_secrets() -> None:
    key = "a-secret-key"
    error = errors.RequestRefused("The service says: {words}", words=f"{key} " + "x" * 1000)
    told = errors.sanitized_error(error, key)
    assert told["code"] == "request_refused"
    assert key not in told["message"]
    assert told["message"].startswith("The service says: ")
    assert len(told["message"]) < 400
