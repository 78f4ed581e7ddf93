# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a service, and files that it links to, made to do harm: refused, bounded, or harmless."""

# ruff: noqa: E501 - tables
from __future__ import annotations

import contextlib
import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy, answer
from jobs_at_hand import QuickDraw, drive, idle_converters, settings, spec

from csm_blender.core.api.client import MAX_ANSWER_BYTES, CsmClient
from csm_blender.core.api.download import download
from csm_blender.core.errors import ConnectionBroken, CsmError, MeshTooLarge, UnexpectedAnswer
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.pipeline import Pipeline

MEGABYTE = "x" * 1024**2


def client_at(proxy: FaultProxy, service: Any) -> CsmClient:
    return CsmClient(settings(f"http://127.0.0.1:{proxy.port}", service.key))


@pytest.mark.parametrize("layers", [1, 2])
def test_an_answer_that_unpacks_to_an_absurd_size_is_stopped(service: Any, layers: int) -> None:
    bomb = gzip.compress(b"\0" * 300 * 1024**2, mtime=0)
    for _ in range(layers - 1):
        bomb = gzip.compress(bomb, mtime=0)
    encoding = ", ".join(["gzip"] * layers)
    proxy = FaultProxy(service.url, lambda request: answer(200, bomb, content_encoding=encoding))
    client = client_at(proxy, service)
    began = time.monotonic()
    with pytest.raises(UnexpectedAnswer):
        client.session("SESSION_1")
    assert time.monotonic() - began < 3.0
    client.close()
    proxy.close()


def test_a_download_that_unpacks_beyond_the_limit_is_stopped(service: Any, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 200 * 1024**2, mtime=0)
    proxy = FaultProxy(service.url, lambda request: answer(200, bomb, content_encoding="gzip"))
    url = f"http://127.0.0.1:{proxy.port}"
    with pytest.raises(MeshTooLarge):
        download(
            f"{url}/mesh.glb", tmp_path / "mesh", settings(url, "key4", max_download_bytes=10**6), lambda a, b: None
        )
    assert list(tmp_path.iterdir()) == []
    proxy.close()


@pytest.mark.parametrize("packed", [b"not gzip at all", gzip.compress(b"{}", mtime=0)[:-6], zlib.compress(b"{}")])
def test_garbled_packing_is_a_broken_answer(service: Any, packed: bytes) -> None:
    proxy = FaultProxy(service.url, lambda request: answer(200, packed, content_encoding="gzip"))
    client = client_at(proxy, service)
    with pytest.raises(ConnectionBroken):
        client.session("SESSION_1")
    client.close()
    proxy.close()


FIELDS = [
    "status", "session_status", "percent_done", "percentage", "mesh_url_glb", "mesh_url_zip", "preview_mesh_url_glb",
    "updated_at", "created_at", "caption", "image_url", "session_code", "scaled_bbox", "spins", "email",
]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [MEGABYTE, [MEGABYTE], {"a": MEGABYTE}, 10**300, -1, None, True, [], "\0\n\r\x1b[31m"],
    ids=lambda v: repr(v)[:12],
)
def test_odd_values_in_every_field_end_in_a_named_error_or_in_none(service: Any, tmp_path: Path, value: Any) -> None:
    """A session with the value in all fields at once, and in each field alone."""
    store = Store(tmp_path)
    turn: list[dict[str, Any]] = [dict.fromkeys(FIELDS, value)]
    good = {"status": "preview_done", "preview_mesh_url_glb": "https://store.example/x.glb"}
    turn += [{**good, name: value} for name in FIELDS]
    now: dict[str, Any] = {}

    def session(_request: Any) -> Any:
        body = {"error": "", "message": "Retrieved", "statusCode": 200, "data": now}
        return answer(200, json.dumps(body).encode(), content_type="application/json")

    proxy = FaultProxy(service.url, session)
    chosen = settings(f"http://127.0.0.1:{proxy.port}", service.key, give_up_unpaid_s=0.0)
    pipeline = Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw())
    for fields in turn:
        now = fields
        job = store.add(spec("SESSION_1"), chosen.base_url)
        checked = drive(
            pipeline, store, job.job_id, until=lambda job: job.state not in (JobState.QUEUED, JobState.CHECKING)
        )
        assert checked.error is None or checked.error["code"] != "stumbled", "each answer was foreseen"
        assert len(checked.message) < 1000
        assert not any(ord(letter) < 32 for letter in checked.message)
        store.remove(checked)
    pipeline.close()
    proxy.close()


@pytest.mark.parametrize(
    "body",
    [
        b"null", b'"text"', b"1", b"[]", b"{}", b'{"data": null}', b'{"data": []}', b'{"data": "x", "statusCode": "500"}',
        b'{"data": {}, "statusCode": 1e400}', b'{"statusCode": -1, "data": {"status": 5}}', b"NaN", b"[" * 100_000,
        b'{"error": ' + b'"' + b"e" * 1024**2 + b'"}', b'{"data": {"status": "\\ud800"}}', b"\xff\xfe\x00", b"9" * 10_000,
        b" " * (MAX_ANSWER_BYTES + 1),
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_no_body_breaks_the_client(service: Any, body: bytes) -> None:
    proxy = FaultProxy(service.url, lambda request: answer(200, body, content_type="application/json"))
    client = client_at(proxy, service)
    for call in (lambda: client.session("SESSION_1"), client.sessions):
        with contextlib.suppress(CsmError):
            call()
    client.close()
    proxy.close()


@pytest.mark.parametrize(
    "link",
    ["file:///etc/passwd", "ftp://store.example/x", "http://store.example/x.glb", "https://[::1", "http://h:99999/x",
     "javascript:alert(1)", "//store.example/x", "\\\\server\\share", "https://", "data:,x", "http://127.0.0.1:1/x"],
)  # fmt: skip
def test_a_link_that_leads_astray_is_refused(tmp_path: Path, link: str) -> None:
    elsewhere = settings("https://api.csm.example", "key4")
    with pytest.raises(CsmError):
        download(link, tmp_path / "mesh", elsewhere, lambda done, total: None)
    assert list(tmp_path.iterdir()) == []
