# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh file arrives whole or not at all, and nothing but the link goes along."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fault_proxy import answer, response
from jobs_at_hand import settings
from loopback import Loopback, loopback

from csm_blender.core import errors
from csm_blender.core.api.download import Download, download, is_intact

DATA = b"mesh" * 50_000
KEY = "a key for nothing but tests"


def fetch(server: Loopback, folder: Path, **chosen: object) -> Download:
    return download(
        f"{server.url}/mesh.glb?sig=1", folder / "mesh", settings(server.url, KEY, **chosen), lambda *_: None
    )


def test_a_file_that_arrived_is_told_with_its_length_and_hash(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with loopback(response(200, DATA)) as server:
        file = download(server.url, tmp_path / "mesh", settings(server.url, KEY), lambda *step: seen.append(step))
        assert KEY.encode() not in server.asked[0].raw
    assert file == Download(tmp_path / "mesh", len(DATA), hashlib.sha256(DATA).hexdigest())
    assert file.path.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (response(200, DATA)[:-1], errors.DownloadCut),
        (response(200), errors.DownloadCut),
        (response(403), errors.LinkExpired),
        (response(404), errors.LinkExpired),
        (response(410), errors.LinkExpired),
        (response(503, retry_after="3"), errors.ServiceBusy),
        (response(400), errors.RequestRefused),
        (response(302, location="ftp://127.0.0.1/x"), errors.ForeignRedirect),
        (response(302, location="http://elsewhere.example/x"), errors.ForeignRedirect),
        (response(302, location="/round"), errors.LinkExpired),
        (response(200, b"x" * 2000), errors.MeshTooLarge),
    ],
)
def test_what_does_not_arrive_leaves_nothing_behind(tmp_path: Path, told: bytes, kind: type[Exception]) -> None:
    with loopback(told) as server, pytest.raises(errors.CsmError) as broken:
        fetch(server, tmp_path, max_download_bytes=1000 if kind is errors.MeshTooLarge else 10**6)
    assert type(broken.value) is kind
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_of_the_storage_is_followed(tmp_path: Path) -> None:
    with loopback(answer(302, location="/other"), response(200, DATA)) as server:
        assert fetch(server, tmp_path).length == len(DATA)
        assert [request.path for request in server.asked] == ["/mesh.glb?sig=1", "/other"]


def test_whoever_listens_may_stop_it(tmp_path: Path) -> None:
    def stop(_done: int, _total: int | None) -> None:
        raise InterruptedError("enough")

    with loopback(response(200, DATA)) as server, pytest.raises(errors.DiskProblem):
        download(server.url, tmp_path / "mesh", settings(server.url, KEY), stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_disk_problem(tmp_path: Path) -> None:
    with loopback(response(200, DATA)) as server, pytest.raises(errors.DiskProblem):
        fetch(server, tmp_path / "none")


def test_a_file_is_intact_when_it_is_what_was_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "mesh"
    path.write_bytes(DATA)
    assert is_intact(path, hashlib.sha256(DATA).hexdigest())
    path.write_bytes(DATA[:-1])
    assert not is_intact(path, hashlib.sha256(DATA).hexdigest())
    assert not is_intact(tmp_path / "none", "")
