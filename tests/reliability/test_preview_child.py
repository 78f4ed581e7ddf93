# SPDX-License-Identifier: GPL-3.0-or-later
"""The child process that fetches a preview: it ends with whoever waits for it, and asks for nothing that could cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy, Request, answer, silent_before
from jobs_at_hand import settings, spec

from csm_blender.core.api.session_code import find_session_codes
from csm_blender.core.errors import ServiceBusy
from csm_blender.core.files.preview_cache import Kind
from csm_blender.core.processes.launch import Interpreters, start
from csm_blender.worker import preview_fetch
from csm_blender.worker.config import WorkerConfig

CODE = "SESSION_P_44569824122"


def test_it_ends_when_nobody_waits_any_more(tmp_path: Path, service: Any) -> None:
    proxy = FaultProxy(service.url, lambda _: silent_before)
    patient = settings(f"http://127.0.0.1:{proxy.port}", service.key, read_timeout_s=60.0)
    config = WorkerConfig(tmp_path, "test", patient, Interpreters(sys.executable))
    (tmp_path / preview_fetch.SPEC_NAME).write_text(json.dumps(spec(CODE).as_dict()))
    child = start(config.interpreters.plain("worker.preview_fetch", str(tmp_path)), stdin=subprocess.PIPE)
    try:
        assert child.stdin is not None
        child.stdin.write(config.to_line())
        child.stdin.flush()
        end = time.monotonic() + 20.0
        while not proxy.requests and time.monotonic() < end:
            time.sleep(0.05)
        assert proxy.requests
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(5.0) == 3
    finally:
        child.kill()
        proxy.close()


@pytest.mark.parametrize(("faults", "outcome"), [(2, Kind.PREVIEW), (99, ServiceBusy)])
def test_trouble_that_passes_is_waited_out_by_reading_only(
    tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch, faults: int, outcome: object
) -> None:
    monkeypatch.setattr(preview_fetch, "retry_delay_s", lambda *_: 0.01)
    proxy = FaultProxy(service.url)

    def stumble(request: Request) -> Any:
        asked = [each for each in proxy.requests if CODE in find_session_codes(each.path)]
        return answer(503) if len(asked) <= faults and request.path.startswith("/image") else None

    proxy.fault_for = stumble
    chosen = settings(f"http://127.0.0.1:{proxy.port}", service.key)
    try:
        if outcome is ServiceBusy:
            with pytest.raises(ServiceBusy):
                preview_fetch.fetch(chosen, tmp_path, CODE, tmp_path / "mesh")
        else:
            assert preview_fetch.fetch(chosen, tmp_path, CODE, tmp_path / "mesh") == (outcome, False)
            assert (tmp_path / "mesh").read_bytes().startswith(b"glTF")
        assert {request.method for request in proxy.requests} == {"GET"}
        assert len(proxy.requests) <= preview_fetch.TRIES + 1
    finally:
        proxy.close()
