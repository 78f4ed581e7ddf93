# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links may be fetched, and what a broken connection is called."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from fault_proxy import Exchange, response
from jobs_at_hand import settings
from loopback import loopback

from csm_blender.core import errors
from csm_blender.core.api.transport import check_allowed, faults_explained, new_http_session, open_response, origin

HERE, AWAY = "http://127.0.0.1:8000", "https://api.example"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        (AWAY, "https://storage.example/mesh.glb"),
        (AWAY, "https://api.example:444/mesh.glb"),
        (HERE, "http://127.0.0.1:9000/mesh.glb"),
        (HERE, "https://localhost/mesh.glb"),
        (HERE, "https://storage.example/mesh.glb"),
    ],
)
def test_files_may_lie_anywhere_that_is_https_and_beside_a_local_service(base_url: str, url: str) -> None:
    check_allowed(url, settings(base_url, "key"))


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        (AWAY, "http://storage.example/mesh.glb"),
        (AWAY, "http://127.0.0.1/mesh.glb"),
        (AWAY, "https://localhost/mesh.glb"),
        (AWAY, "file:///etc/passwd"),
        (AWAY, "https:///mesh.glb"),
        (AWAY, "mesh.glb"),
        (AWAY, "https://[::1"),
        (HERE, "ftp://127.0.0.1/mesh.glb"),
    ],
)
def test_other_links_are_refused(base_url: str, url: str) -> None:
    with pytest.raises(errors.ForeignRedirect):
        check_allowed(url, settings(base_url, "key"))


def test_where_network_access_is_off_only_this_machine_is_asked() -> None:
    off = settings(HERE, "key", loopback_only=True)
    check_allowed("http://127.0.0.1:9000/mesh.glb", off)
    with pytest.raises(errors.OnlineAccessOff):
        check_allowed("https://storage.example/mesh.glb", off)


def test_an_origin_has_the_port_of_its_scheme() -> None:
    assert origin("https://A.example/x") == origin("https://a.example:443/y") == ("https", "a.example", 443)
    assert origin("http://a.example") != origin("https://a.example")
    with pytest.raises(ValueError, match=r"."):
        origin("https://a.example:99999999")


def test_this_machine_is_reached_without_a_proxy_and_without_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret-of-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with loopback(response(200, b"here")) as server, new_http_session(server.url) as http:
        assert http.get(server.url, timeout=5).content == b"here"
        [asked] = server.asked
    assert b"authorization" not in asked.raw.lower()
    assert b"user-agent: csm_blender/" in asked.raw.lower()


def test_no_silence_is_waited_out_for_ever() -> None:
    chosen = settings(HERE, "key", connect_timeout_s=3.0, read_timeout_s=0.1)
    with (
        loopback(lambda exchange: exchange.client.recv(1)) as server,
        new_http_session(server.url) as http,
        pytest.raises(errors.ConnectionBroken),
        open_response(http, "GET", server.url, chosen),
    ):
        pytest.fail("There was no answer.")


def test_a_refused_and_a_broken_connection_are_two_things() -> None:
    with (
        loopback(Exchange.reset) as server,
        new_http_session(server.url) as http,
        pytest.raises(errors.ConnectionBroken),
        faults_explained(server.url),
    ):
        http.get(server.url, timeout=5)
    with new_http_session(server.url) as http, pytest.raises(errors.Unreachable), faults_explained(server.url):
        http.get(server.url, timeout=5)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.exceptions.SSLError("certificate has expired"), errors.UntrustedServer),
        (requests.exceptions.ProxyError(), errors.Unreachable),
        (requests.exceptions.ConnectTimeout(), errors.Unreachable),
        (requests.exceptions.ReadTimeout(), errors.ConnectionBroken),
        (requests.exceptions.InvalidHeader(), errors.BadValue),
        (requests.exceptions.InvalidURL(), errors.ForeignRedirect),
        (requests.exceptions.ContentDecodingError(), errors.ConnectionBroken),
        (OSError("the disk is full"), OSError),
    ],
)
def test_each_exception_of_requests_has_a_name_of_ours(raised: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind), faults_explained(AWAY):
        raise raised


def test_a_missing_ca_bundle_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``requests`` raises a bare OSError then."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(errors.UntrustedServer, match="REQUESTS_CA_BUNDLE"), faults_explained(AWAY):
        raise OSError("no such bundle")


def test_a_fault_of_the_disk_is_not_taken_for_a_missing_ca_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(FileNotFoundError), faults_explained(AWAY):
        (tmp_path / "no folder" / "mesh.glb").open("wb")
