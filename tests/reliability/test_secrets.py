# SPDX-License-Identifier: GPL-3.0-or-later
"""No key, no signed link and no e-mail address where it does not belong: a canary is sent through and looked for."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy, Request, answer, reset_before, response
from jobs_at_hand import QuickDraw, blender_python, delivered, drive, idle_converters, settings, spec
from tiny_glb import glb

from csm_blender.core.api.client import CsmClient
from csm_blender.core.api.download import download
from csm_blender.core.errors import BadValue, CsmError, ForeignRedirect
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.logs import log_to_file
from csm_blender.core.models import Refinement
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.processes.launch import Interpreters, start
from csm_blender.core.settings import KEY_VARIABLE, Settings
from csm_blender.worker.config import WorkerConfig

# Clients are dropped here without being closed; whether sockets are closed is not what is tested.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CANARY = "Canary0Key1For2Tests3Only4Sing56"
PREFIX = b"/inference-outputs/local"
EMAIL = "jane.doe@studio.example"
SECRETS = [CANARY, EMAIL, EMAIL.replace("@", "%40"), "sig=", "SIGNATURE"]
FORMS = [text.encode() for text in SECRETS] + [base64.b64encode(CANARY.encode()), CANARY[:16].encode()]


def hits(folder: Path) -> list[str]:
    """Files in *folder* that hold a secret, names included."""
    found = []
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        found += [f"{path}: {form!r}" for form in FORMS if form in data or form in str(path).encode()]
    return found


def echoing(request: Request) -> Any:
    """A careless service: says the key, the link and the address in every refusal and in the status."""
    words = f"key {CANARY} of {EMAIL} and https://store.example/{EMAIL}/mesh.glb?se=1&sig=SIGNATURE"
    body = {"error": words, "message": words, "statusCode": 503, "data": {"status": words}}
    return answer(503, json.dumps(body).encode(), content_type="application/json")


def test_a_careless_service_gets_no_secret_into_store_or_log(service: Any, tmp_path: Path, code: str) -> None:
    proxy = FaultProxy(service.url, echoing)
    home = tmp_path / "home"
    store = Store(home)
    log_to_file(home, CANARY)
    chosen = settings(f"http://127.0.0.1:{proxy.port}", CANARY, give_up_unpaid_s=1.5)
    job = store.add(spec(code), chosen.base_url)
    failed = drive(Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw()), store, job.job_id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert "[key]" in failed.error["message"]
    store.close()
    proxy.close()
    assert hits(home) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_whole_refine_in_a_worker_leaves_no_secret(  # noqa: C901, PLR0915 - one story, start to end
    service: Any, tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store, files, logs, what the worker and the converter print, argument lists; and the converter's environment."""
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.3)

    def with_secrets(request: Request) -> Any:
        """The service's answers with the key it wants, and mesh links like the real ones: signed, address and all."""
        if CANARY.encode() not in request.raw and request.kind != "file":
            return answer(401)
        return spoiled

    def spoiled(exchange: Any) -> None:
        raw = exchange.request.raw.replace(CANARY.encode(), service.key.encode())
        path = exchange.request.path
        if f"/{EMAIL}/" in path:
            raw = raw.replace(f"/{EMAIL}/".encode(), b"/", 1)
        exchange.request = Request(exchange.request.method, path, raw)
        head, _, body = exchange.forward().partition(b"\r\n\r\n")
        body = body.replace(PREFIX, f"/{EMAIL}".encode() + PREFIX)
        if head.startswith(b"HTTP/1.1 200") and body[:1] == b"{":
            exchange.send(response(200, body, content_type="application/json"))
        else:
            exchange.send(head + b"\r\n\r\n" + body)

    proxy = FaultProxy(service.url, with_secrets)
    home = tmp_path / "out" / "home"
    chosen = settings(f"http://127.0.0.1:{proxy.port}", CANARY)
    store = Store(home)
    job = store.add(spec(code), chosen.base_url)
    interpreters = Interpreters(blender_python())
    log = (tmp_path / "out" / "worker-output.log").open("wb")
    worker = start(interpreters.plain("worker"), stdin=subprocess.PIPE, stdout=log, stderr=log)
    worker.stdin.write(WorkerConfig(home, "me", chosen, interpreters, idle_s=1.0).to_line())
    worker.stdin.flush()
    seen: list[str] = []
    ended = threading.Event()

    def look_at_processes() -> None:
        while not ended.is_set():
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
                except OSError:
                    continue
                if CANARY.encode() in command:
                    seen.append(f"arguments of {command!r}")
                if CANARY.encode() in environment and b"csm_blender" in command and job.job_id.encode() in command:
                    seen.append(f"environment of {command!r}")
            time.sleep(0.02)

    watcher = threading.Thread(target=look_at_processes)
    watcher.start()
    try:
        end = time.monotonic() + 60
        while (now := store.get(job.job_id)) and now.needs_worker and time.monotonic() < end:
            time.sleep(0.05)
        assert now is not None
        assert now.state is JobState.READY, now.message
        worker.wait(30)
    finally:
        ended.set()
        watcher.join()
        worker.kill()
        worker.wait()
        worker.stdin.close()
        log.close()
    store.close()
    proxy.close()
    assert any(EMAIL in request.path for request in proxy.requests if request.kind == "file"), (
        "the link was like theirs"
    )
    assert seen == []
    assert hits(tmp_path / "out") == []
    assert (home / job.job_id / "refined.blend").stat().st_size > 0


def test_the_key_goes_to_the_base_url_and_nowhere_else(service: Any, tmp_path: Path, code: str) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    storage = FaultProxy(service.url)
    api = FaultProxy(service.url)
    storage_base = f"http://127.0.0.1:{storage.port}"
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1, storage_base=storage_base)
    chosen = settings(f"http://127.0.0.1:{api.port}", service.key)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), chosen.base_url)
    assert delivered(drive(Pipeline(store, chosen, idle_converters(), "me"), store, job.job_id, until=delivered))
    assert storage.requests
    assert all(service.key.encode() not in request.raw for request in storage.requests)
    assert all(b"x-api-key" not in request.raw.lower() for request in storage.requests)
    assert all(service.key.encode() in request.raw for request in api.requests)
    assert service.counts()["downloads_with_key"] == 0
    storage.close()
    api.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_api_elsewhere_is_refused_and_gets_no_key(service: Any, status: int) -> None:
    elsewhere = FaultProxy(service.url)
    location = f"http://127.0.0.1:{elsewhere.port}/image-to-3d-sessions/SESSION_1"
    here = FaultProxy(service.url, lambda request: answer(status, location=location))
    client = CsmClient(settings(f"http://127.0.0.1:{here.port}", service.key))
    with pytest.raises(ForeignRedirect):
        client.session("SESSION_1")
    with pytest.raises(ForeignRedirect):
        client.refine("SESSION_1", Refinement())
    assert elsewhere.requests == []
    here.close()
    elsewhere.close()


def test_netrc_is_not_used(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login jane password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    proxy = FaultProxy(service.url)
    url = f"http://127.0.0.1:{proxy.port}"
    client = CsmClient(settings(url, service.key))
    client._http.trust_env = True  # as for a service that is not on this machine
    client.sessions(1, 1)
    with pytest.raises(CsmError):
        download(f"{url}/nothing", tmp_path / "file", settings(url, service.key), lambda done, total: None)
    assert len(proxy.requests) == 2
    assert all(b"authorization" not in request.raw.lower() for request in proxy.requests)
    proxy.close()


@pytest.mark.parametrize("key", ["line\nbreak-key", "carriage\rreturn", "ключ-от-всего", "nul\0key-of-mine"])
def test_a_key_that_cannot_be_a_header_is_said_without_saying_it(service: Any, key: str) -> None:
    with pytest.raises(BadValue) as caught:
        CsmClient(Settings(base_url=service.url, key=key)).sessions(1, 1)
    assert key not in str(caught.value)
    assert key not in repr(Settings(key=key))


def test_a_crash_text_does_not_show_the_key(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from csm_blender.core.settings import Settings\nfrom csm_blender.worker.config import WorkerConfig\n"
        "from csm_blender.core.processes.launch import Interpreters\nfrom pathlib import Path\n"
        f"config = WorkerConfig(Path('x'), 'me', Settings(key={CANARY!r}), Interpreters('python'))\n"
        "raise RuntimeError(config)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "RuntimeError" in done.stderr
    assert CANARY not in done.stderr.replace(f"key={CANARY!r}", "").split("RuntimeError", 1)[1]


def test_the_log_of_a_broken_step_is_blanked(tmp_path: Path, service: Any, code: str) -> None:
    home = tmp_path / "home"
    log_to_file(home, CANARY)
    store = Store(home)
    chosen = settings(service.url, CANARY, give_up_unpaid_s=0.5)
    job = store.add(spec(code), service.url)
    pipeline = Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw())

    def broken(_code: str) -> None:
        raise RuntimeError(f"https://store.example/{EMAIL}/mesh.glb?sig=SIGNATURE {CANARY}")

    pipeline._client.session = broken
    failed = drive(pipeline, store, job.job_id)
    assert failed.error is not None
    assert failed.error["code"] == "stumbled"
    log = next((home / "logs").glob("csm-*.log")).read_text()
    assert "Traceback" in log
    assert "[key]" in log
    assert hits(home) == []


def test_a_lost_connection_names_the_host_only(tmp_path: Path, service: Any, code: str) -> None:
    proxy = FaultProxy(service.url, lambda request: reset_before)
    url = f"http://127.0.0.1:{proxy.port}/inference/{EMAIL}/mesh.glb?se=1&sig=SIGNATURE"
    with pytest.raises(CsmError) as caught:
        download(url, tmp_path / "file", settings(service.url, CANARY), lambda done, total: None)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    proxy.close()


def test_a_child_is_not_given_the_key_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    process = start([sys.executable, "-c", "import os; print(sorted(os.environ))"], stdout=subprocess.PIPE)
    output, _ = process.communicate()
    assert KEY_VARIABLE.encode() not in output
    assert b"PATH" in output
    assert os.environ[KEY_VARIABLE] == CANARY
