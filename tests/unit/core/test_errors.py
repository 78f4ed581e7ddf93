# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error has a code, a sentence and an advice; the exit status follows from its kind; no secret is told."""

from __future__ import annotations

import json
import re

import pytest

from csm_blender.core import errors
from csm_blender.core.files.mesh_file import CUT
from csm_blender.core.messages import Message, from_json, to_json

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
    "AnswerLost": "answer_lost", "BadBlendFile": "bad_blend_file",
    "BadJobsFile": "bad_jobs_file", "BadMesh": "bad_mesh", "BadOutput": "bad_output", "BadPlan": "bad_plan",
    "BadSessionCode": "bad_session_code", "BadSource": "bad_source", "BadValue": "bad_value",
    "ConnectionBroken": "connection_broken", "ConversionFailed": "conversion_failed", "CsmError": "error",
    "DeadlinePassed": "deadline_passed", "DiskProblem": "disk_problem", "DownloadCut": "download_cut",
    "ForeignRedirect": "foreign_redirect", "InternalError": "stumbled", "JobError": "job", "JobGone": "job_gone",
    "KeyProblem": "key_problem", "LinkExpired": "link_expired", "MeshTooLarge": "bad_mesh", "MissingKey": "no_key",
    "NoBlender": "no_blender",
    "NoCredits": "no_credits", "NoMeshOffered": "no_mesh_offered", "NoSize": "no_size",
    "NotEnoughMemory": "not_enough_memory",
    "NoSuchObject": "no_such_object", "OnlineAccessOff": "online_access_off",
    "OtherJobUncertain": "other_job_uncertain",
    "PlacementFailed": "placement_failed", "RateLimited": "rate_limited", "RefineFailed": "refine_failed",
    "RefusedKey": "refused_key", "RequestRefused": "request_refused", "ServiceBusy": "service_busy",
    "ServiceError": "service", "SessionFailed": "session_failed", "SessionNotReady": "session_not_ready",
    "SourceChanged": "source_changed", "StorageError": "storage", "StoreDiskProblem": "disk_problem",
    "StoreTooNew": "store_too_new",
    "StoreTrouble": "store_unusable", "StoreUnusable": "store_unusable", "TargetUnchangeable": "target_unchangeable",
    "TransientError": "passing_fault", "UnexpectedAnswer": "unexpected_answer", "UnknownSession": "unknown_session",
    "Unreachable": "unreachable", "UntrustedServer": "untrusted_server", "UsageError": "wrong_use",
    "ClusterLost": "cluster_lost", "WorkerLost": "worker_lost",
}  # fmt: skip
"""Programs rely on these: a code never changes, even where the class is renamed."""


def test_the_codes_are_those_that_programs_know() -> None:
    assert {kind.__name__: kind.code for kind in EVERY_ERROR} == CODES


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
    expected = {errors.UsageError: 2, errors.KeyProblem: 3, errors.OnlineAccessOff: 4, errors.ClusterLost: 4}
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


@pytest.mark.parametrize("error", [errors.BadMesh("no"), errors.ConversionFailed("no"), errors.BadMesh("no", CUT)])
def test_a_hint_about_a_delivered_file_says_so_to_the_process_that_hears_of_it(error: errors.CsmError) -> None:
    heard = from_json(to_json({"error": error.as_dict()}))["error"]["hint"]
    assert heard.code == errors.ABOUT_DELIVERED
    assert errors.sanitized_error(error, "")["hint"].code == errors.ABOUT_DELIVERED
    assert errors.BadMesh("no", "Export it again.").hint.code == ""


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


def test_a_secret_in_a_template_is_removed_too() -> None:
    error = errors.RequestRefused("See https://store.example/jane/mesh.glb?sig=1 with SECRETKEY123")
    said = errors.sanitized_error(error, "SECRETKEY123")
    assert said["message"] == "See https://store.example/…/mesh.glb?… with [key]"
