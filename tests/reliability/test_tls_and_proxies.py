# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are always verified, companies' CAs and proxies work, plain http stays on this machine."""

from __future__ import annotations

import datetime as dt
import re
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from common import ROOT
from jobs_at_hand import QuickDraw, delivered, drive, idle_converters, settings, spec
from tiny_glb import glb
from tls_servers import ConnectProxy, tls_front

from csm_blender.core.api.client import CsmClient, NotSent
from csm_blender.core.errors import BadValue, Unreachable, UntrustedServer
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.models import Refinement
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.settings import Settings, checked_base_url

# Clients are dropped here without being closed; whether sockets are closed is not what is tested.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
HOST = "api.csm.example"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def front(authority: trustme.CA, service: Any) -> Iterator[Any]:
    """TLS in front of the service, with a certificate of the company's CA for its name and for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, "localhost", "127.0.0.1").configure_cert(context)
    listening = tls_front(context, int(service.url.rsplit(":", 1)[1]))
    yield listening
    listening.close()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "company-ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def client_for(url: str, service: Any) -> CsmClient:
    return CsmClient(settings(url, service.key))


def test_a_server_that_nobody_vouches_for_is_refused_by_name_of_the_problem(service: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    listening = tls_front(context, int(service.url.rsplit(":", 1)[1]))
    before = service.counts()
    client = client_for(f"https://localhost:{listening.port}", service)
    with pytest.raises(UntrustedServer, match="certificate of localhost is not trusted") as caught:
        client.session("SESSION_1")
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    with pytest.raises(NotSent) as not_sent:
        client.refine("SESSION_1", Refinement())
    assert isinstance(not_sent.value.error, UntrustedServer)
    assert service.counts() == before, "nothing came through"
    listening.close()


@pytest.mark.parametrize(
    ("certificate", "sentence"), [("other host", "another host name"), ("expired", "expired"), ("no TLS", "TLS")]
)
def test_what_is_wrong_with_a_certificate_is_said(
    service: Any, authority: trustme.CA, bundle: str, monkeypatch: pytest.MonkeyPatch, certificate: str, sentence: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    port = int(service.url.rsplit(":", 1)[1])
    if certificate == "no TLS":
        url = f"https://localhost:{port}"
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        past = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        issued = (
            authority.issue_cert("other.example")
            if certificate == "other host"
            else authority.issue_cert("localhost", not_after=past)
        )
        issued.configure_cert(context)
        url = f"https://localhost:{tls_front(context, port).port}"
    with pytest.raises(UntrustedServer, match=sentence):
        client_for(url, service).session("SESSION_1")


def test_a_company_ca_works_through_requests_ca_bundle(
    service: Any, code: str, front: Any, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    url = f"https://localhost:{front.port}"
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1, storage_base=url)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), url)
    pipeline = Pipeline(store, settings(url, service.key), idle_converters(), "me", draw=QuickDraw())
    assert delivered(drive(pipeline, store, job.job_id, until=delivered))


def test_a_ca_bundle_that_is_not_there_is_said(service: Any, front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(UntrustedServer, match="REQUESTS_CA_BUNDLE"):
        client_for(f"https://localhost:{front.port}", service).session("SESSION_1")


def test_a_ca_bundle_that_holds_no_certificate_is_said(
    service: Any, front: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(damaged))
    with pytest.raises(UntrustedServer, match="CA certificates on this computer cannot be read"):
        client_for(f"https://localhost:{front.port}", service).session("SESSION_1")


def test_an_unknown_ca_is_told_from_a_self_signed_certificate(service: Any, front: Any) -> None:
    with pytest.raises(UntrustedServer, match="does not know who issued it"):
        client_for(f"https://localhost:{front.port}", service).session("SESSION_1")


@pytest.mark.parametrize(("url", "reason"), [("https://csm.invalid", "resolve"), ("https://localhost:9", "refused")])
def test_why_no_connection_could_be_made_is_said(service: Any, url: str, reason: str) -> None:
    with pytest.raises(Unreachable, match=reason):
        client_for(url, service).session("SESSION_1")


def test_the_proxy_of_the_environment_is_used_for_everything(
    service: Any, code: str, front: Any, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = ConnectProxy(front.port)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    url = f"https://{HOST}"
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1, storage_base=url)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), url)
    pipeline = Pipeline(store, settings(url, service.key), idle_converters(), "me", draw=QuickDraw())
    assert delivered(drive(pipeline, store, job.job_id, until=delivered))
    assert len(proxy.asked) >= 3
    # The version of HTTP depends on Python's: 1.0 until 3.11, 1.1 from 3.12 on.
    assert {line.rpartition(" ")[0] for line in proxy.asked} == {f"CONNECT {HOST}:443"}
    assert not any(service.key.encode() in head for head in proxy.heads), "the proxy never sees the key"
    assert service.counts()["post"][code] == 1
    proxy.close()


def test_no_proxy_is_obeyed(service: Any, front: Any, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = ConnectProxy(front.port)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", f"other.example,{HOST}")
    with pytest.raises(Unreachable):  # the name does not resolve here, and the proxy that would help is not asked
        client_for(f"https://{HOST}", service).session("SESSION_1")
    assert proxy.asked == []
    proxy.close()


def test_this_machine_is_never_reached_by_way_of_a_proxy(
    service: Any, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = ConnectProxy(9)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024")
    assert client_for(service.url, service).session(code).status == "preview_done"
    assert proxy.asked == []
    proxy.close()


def test_a_dead_proxy_is_named_and_nothing_was_sent(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = ConnectProxy(9)
    proxy.close()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(NotSent) as caught:
        client_for(f"https://{HOST}", service).refine("SESSION_1", Refinement())
    assert isinstance(caught.value.error, Unreachable)
    assert "proxy" in str(caught.value.error)


def test_a_request_lost_behind_a_proxy_is_not_sent_twice(
    service: Any, code: str, front: Any, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older versions of requests call a break behind a proxy a proxy error, as if nothing had been sent."""
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    url = f"https://{HOST}"
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1, storage_base=url)
    service.add_fault({"close": True, "after": True}, method="POST", path=code)
    proxy = ConnectProxy(front.port)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    store = Store(tmp_path / "home")
    job = store.add(spec(code), url)
    pipeline = Pipeline(store, settings(url, service.key), idle_converters(), "me", draw=QuickDraw())
    assert delivered(drive(pipeline, store, job.job_id, until=delivered))
    assert "UNCERTAIN" in {state for _, state, _ in store.events(job.job_id)}
    assert service.counts()["post"][code] == 1
    proxy.close()


def test_there_is_no_switch_that_turns_verification_off() -> None:
    assert not {name for name in Settings.__dataclass_fields__ if re.search("verify|insecure|tls|ssl", name)}
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "csm_blender").rglob("*.py")]
    off = re.compile(r"verify\s*=\s*False|CERT_NONE|_create_unverified|check_hostname\s*=\s*False|disable_warnings")
    assert not [source for source in sources if off.search(source)]


@pytest.mark.parametrize("url", ["http://api.csm.ai", "http://192.168.1.5:8000", "http://127.0.0.1.example.com"])
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(BadValue, match="plain http"):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:8000", "https://x.example"]
)
def test_https_is_for_any_machine(url: str) -> None:
    assert checked_base_url(url) == url


def test_an_untrusted_server_ends_a_job_with_a_named_error(service: Any, front: Any, tmp_path: Path) -> None:
    store = Store(tmp_path)
    url = f"https://localhost:{front.port}"
    job = store.add(spec("SESSION_1"), url)
    pipeline = Pipeline(store, settings(url, service.key), idle_converters(), "me", draw=QuickDraw())
    began = time.monotonic()
    failed = drive(pipeline, store, job.job_id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == UntrustedServer.code
    assert time.monotonic() - began < 5.0
