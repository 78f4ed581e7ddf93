# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that other tests order: each does what it says, and only as often as it was told."""

from __future__ import annotations

import gzip
import http.client
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from glbs import bounds, glb, wavy
from serving import refined, wait

SIZE = [1.0, 2.0, 3.0]


@pytest.fixture
def code(service, add):
    """A session; the faults are cleared afterwards."""
    yield add(glb(wavy()), style="2024")
    service.clear_faults()


def test_an_answer_instead(service, code):
    service.add_fault(
        {"status": 503, "headers": {"Retry-After": "1"}, "body": "<html>busy</html>"}, method="POST", path=code
    )
    answer = service.refine(code)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"<html>busy</html>", "1")
    assert answer.headers["content-type"] == "text/html"
    assert service.session(code)["status"] == "preview_done", "nothing was processed"
    counts = service.counts()
    assert counts["post"][code] == 1
    assert code not in counts["refines"]
    assert service.refine(code).status == 200, "once only"


def test_a_json_answer_with_its_own_type(service, code):
    service.add_fault(
        {"status": 200, "body": {"statusCode": 401}, "content_type": "application/problem+json"}, path=code
    )
    answer = service.request("GET", f"/image-to-3d-sessions/{code}")
    assert (answer.status, answer.json) == (200, {"statusCode": 401})
    assert answer.headers["content-type"] == "application/problem+json"


def test_skip_and_times(service, code):
    service.add_fault({"status": 500}, method="GET", path=f"/{code}$", skip=1, times=2)
    path = f"/image-to-3d-sessions/{code}"
    assert [service.request("GET", path).status for _ in range(5)] == [200, 500, 500, 200, 200]
    service.add_fault({"status": 429}, path=code, times=None)
    assert {service.request("GET", path).status for _ in range(5)} == {429}
    service.clear_faults()
    assert service.request("GET", path).status == 200


def test_the_answer_is_lost_after_the_work(service, code):
    service.add_fault({"after": True, "close": True}, method="POST")
    with pytest.raises((OSError, http.client.HTTPException)):  # which one depends on the moment
        service.refine(code)
    assert wait(service, code)["status"] == "refine_done"
    assert service.counts()["refines"][code] == 1


def test_the_connection_is_dropped_before_the_work(service, code):
    service.add_fault({"close": True}, method="POST")
    with pytest.raises((OSError, http.client.HTTPException)):
        service.refine(code)
    assert service.session(code)["status"] == "preview_done"


def test_delays(service, code):
    for after in (False, True):
        service.add_fault({"delay_s": 0.4, "after": after}, path=code)
        begin = time.monotonic()
        assert service.session(code)["session_code"] == code
        assert time.monotonic() - begin >= 0.4


def test_a_cut_and_an_overlong_body(service, code):
    refined(service, code)
    url = service.session(code)["mesh_url_glb"]
    whole = service.request("GET", url).body
    service.add_fault({"cut_at": 1000}, path="mesh.glb")
    with pytest.raises(http.client.IncompleteRead) as cut:
        service.request("GET", url)
    assert cut.value.partial == whole[:1000]
    service.add_fault({"extra_bytes": 7}, path="mesh.glb")
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    assert int(answer.headers["content-length"]) == len(whole)
    answer.length = None  # read on to the end of the connection
    assert answer.read() == whole + b"\0" * 7
    connection.close()
    assert service.request("GET", url).body == whole


def test_chunked_and_gzip(service, code):
    service.add_fault({"chunked": True}, path=code)
    answer = service.request("GET", f"/image-to-3d-sessions/{code}")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert answer.json["data"]["session_code"] == code
    service.add_fault({"gzip": True}, path=code)
    answer = service.request("GET", f"/image-to-3d-sessions/{code}")
    assert answer.headers["content-encoding"] == "gzip"
    assert code.encode() in gzip.decompress(answer.body)


def test_a_redirect(service, code):
    service.add_fault({"redirect": service.url + "/nothing"}, path=code)
    assert service.request("GET", f"/image-to-3d-sessions/{code}").status == 404


def test_expired_urls(service, code):
    old = service.session(code)["preview_mesh_url_glb"]
    service.add_fault({"expire_urls": True}, path="/preview/mesh.glb")
    assert service.request("GET", old).status == 403
    assert service.request("GET", old).status == 403, "until the session is asked for again"
    assert service.request("GET", service.session(code)["preview_mesh_url_glb"]).status == 200
    assert service.request("GET", old).status == 403, "the old one never again"


def test_counts(service, code):
    before = service.counts()
    service.request("GET", "/image-to-3d-sessions")
    service.request("GET", service.session(code)["preview_mesh_url_glb"])
    service.request("GET", service.session(code)["preview_mesh_url_glb"], headers={"x-api-key": "x"})
    after = service.counts()
    assert after["list"] == before["list"] + 1
    assert after["get"][code] == 2
    assert after["download"][code] == 2
    assert after["downloads_with_key"] == before["downloads_with_key"] + 1


def test_bad_rules_are_refused(service):
    for rule in ({}, {"do": {"stauts": 1}}, {"do": {}, "match": {"path": "("}}, [1], {"do": 1}):
        assert service.request("POST", "/_control/faults", rule).status == 400
    assert service.request("POST", "/_control/sessions", {"code": "SESSION_9", "typo": 1}).status == 400


def test_odd_results(service, add):
    mesh = glb(wavy())
    extents = wavy().extents
    assert box(service, add(mesh, ignore_bbox=True)) == pytest.approx(extents, rel=1e-5)
    assert box(service, add(mesh, swap_axes=True)) == pytest.approx([1, 3, 2], rel=1e-5)
    assert box(service, add(mesh, unit_cube=True)) == pytest.approx(np.array(SIZE) / 3, rel=1e-5)
    centred = bounds(refined(service, add(mesh, ignore_pivot=True), scaled_bbox=SIZE, pivot_point=[0, -0.5, 0]))
    assert centred.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)


def box(service, code):
    return np.ptp(bounds(refined(service, code, scaled_bbox=SIZE)), axis=0)


def test_raw_results_and_data(service, add, tmp_path):
    raw = tmp_path / "raw.glb"
    raw.write_bytes(b"glTF and nonsense")
    code = add(glb(wavy()), raw_result=str(raw), raw_data={"caption": 7, "extra": None})
    assert refined(service, code) == b"glTF and nonsense"
    data = service.session(code)
    assert (data["caption"], data["extra"]) == (7, None)
    failing = add(glb(wavy()), style="2024", fail_refine=True)
    service.refine(failing)
    assert wait(service, failing)["status"] == "refine_failed"
    elsewhere = add(glb(wavy()), storage_base="http://127.0.0.1:9")
    assert service.session(elsewhere)["mesh_url_glb"].startswith("http://127.0.0.1:9/inference-outputs/")
