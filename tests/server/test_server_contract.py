# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's answers against the documented contract."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time

import pytest
from glbs import glb, wavy
from serving import wait

SAMPLE = "SESSION_P_44569824122"
PAGE = json.loads(r"""{
  "error": "", "message": "Generating Mesh", "statusCode": 200,
  "data": {
    "scenario": "SESSION_P_44569824122",
    "unique_trial_key": "168923176748ZJ@NcRfUjXn2r5u8x",
    "status": "unprocessed",
    "complete_job_data": {
      "scenario": "SESSION_P_44569824122", "job_priority": "2", "username": "admin@test.com",
      "call": "dreamfusion", "user_id": "000000", "status": "unprocessed", "start_time": "1689231769.6472576",
      "unique_trial_key": "168923176748ZJ@NcRfUjXn2r5u8x",
      "task_data": "TASK",
      "id": "job:dreamfusion:SESSION_P_44569824122_168923176748ZJ@NcRfUjXn2r5u8x"
    }
  }
}""")
"""The documentation page's sample reply; its task_data stands below."""
PAGE_TASK = {
    "scenario": "SESSION_P_44569824122",
    "unique_trial_key": "168923176748ZJ@NcRfUjXn2r5u8x",
    "customer_email": "admin@yopmail.com",
    "image_url": "https://via.placeholder.com/300/09f/fff.png",
    "text_prompt": "Walk",
    "keyword": "",
    "discord_user_id": "",
}
"""What the sample's task_data, JSON in a string, holds."""


def shape(value):
    """The names and JSON types of a value."""
    return {name: shape(entry) for name, entry in value.items()} if isinstance(value, dict) else type(value)


def test_the_refine_reply_has_every_field_of_the_page(service, add):
    code = add(glb(wavy()))
    reply = service.refine(code).json
    assert shape(reply) == shape(PAGE)
    assert {name: reply[name] for name in ("error", "message", "statusCode")} == {
        "error": "", "message": "Generating Mesh", "statusCode": 200,
    }  # fmt: skip
    data, job = reply["data"], reply["data"]["complete_job_data"]
    assert data["scenario"] == job["scenario"] == code
    assert data["unique_trial_key"] == job["unique_trial_key"]
    assert data["status"] == job["status"] == "unprocessed"
    assert job["id"] == f"job:dreamfusion:{code}_{job['unique_trial_key']}"
    assert abs(float(job["start_time"]) - time.time()) < 30
    task = json.loads(job["task_data"])
    assert shape(task) == shape(PAGE_TASK)
    assert task["scenario"] == code


def test_the_pages_curl_sample_works(service):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    done = subprocess.run(
        ["curl", "-k", "--silent", "--location", f"{service.url}/image-to-3d-sessions/get-3d/refine/{SAMPLE}",
         "--header", f"x-api-key: {service.key}", "--header", "Content-Type: application/json", "--data", "{}"],
        capture_output=True, check=True,
    )  # fmt: skip
    assert shape(json.loads(done.stdout)) == shape(PAGE)
    assert wait(service, SAMPLE)["status"] == "refine_done"


def test_the_2024_style(service, add):
    code = add(glb(wavy()), style="2024", caption="Egg")
    before = service.session(code)
    assert before["status"] == "preview_done"
    assert before["session_code"] == code
    assert before["caption"] == "Egg"
    assert "session_status" not in before
    for name in ("preview_mesh_url", "preview_mesh_url_glb", "preview_mesh_url_obj", "preview_mesh_url_zip"):
        assert before[name].startswith(service.url)
    for name in ("mesh_url", "mesh_url_glb", "mesh_url_obj", "mesh_url_zip", "mesh_url_fbx", "mesh_url_usdz"):
        assert before[name] == ""
    service.refine(code)
    during = service.session(code)
    assert (during["status"], during["mesh_url_glb"]) == ("training_refine", "")
    assert during["updated_at"] > before["updated_at"]
    after = wait(service, code)
    assert (after["status"], after["percentage"]) == ("refine_done", 100)
    assert after["updated_at"] > during["updated_at"]
    for name in ("mesh_url_glb", "mesh_url_obj", "mesh_url_zip"):
        assert service.request("GET", after[name]).status == 200
    assert after["mesh_url"] == after["mesh_url_zip"]
    assert after["mesh_url_fbx"] == after["mesh_url_usdz"] == ""


def test_the_2025_style(service, add):
    code = add(glb(wavy()), style="2025", refine_seconds=0.6)
    before = service.session(code)
    assert (before["session_status"], before["percent_done"]) == ("complete", 100)
    assert "status" not in before
    assert "/preview/mesh.glb?" in before["mesh_url_glb"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", before["updated_at"])
    service.refine(code, scaled_bbox=[1, 2, 3])
    seen = []
    while (data := service.session(code))["session_status"] == "in_progress":
        seen.append(data["percent_done"])
        time.sleep(0.05)
    assert len(set(seen)) > 2, "the percentage advances"
    assert seen == sorted(seen)
    assert seen[-1] < 100
    assert (data["session_status"], data["percent_done"]) == ("complete", 100)
    assert "/refined-1/mesh.glb?" in data["mesh_url_glb"]
    assert data["updated_at"] > before["updated_at"]
    assert data["scaled_bbox"] == [1, 2, 3]


def test_refining_again_makes_a_new_mesh(service, add):
    code = add(glb(wavy()), style="2024")
    service.refine(code)
    first = wait(service, code)
    service.refine(code)
    assert service.session(code)["status"] == "training_refine"
    second = wait(service, code)
    assert second["updated_at"] > first["updated_at"]
    assert "/refined-2/" in second["mesh_url_glb"]
    assert service.request("GET", first["mesh_url_glb"]).status == 200, "the old result stays"


def test_a_refine_that_fails(service, add, assets):
    for style, field, word in (("2024", "status", "refine_failed"), ("2025", "session_status", "failed")):
        code = add(assets / "empty_nodes.glb", style=style)
        assert service.refine(code).status == 200
        assert "status_message" not in service.session(code)
        data = wait(service, code)
        assert data[field] == word
        assert "no mesh" in data["status_message"]
        assert f"{code}: the refine failed: {data['status_message']}" in service.output
        assert service.session(code) == data, "it stays failed"


@pytest.mark.parametrize("status", ["training_refine", "training_preview", "preview_failed", "spin_generate_done"])
def test_a_session_that_is_not_at_the_preview_stage(service, add, status):
    code = add(glb(wavy()), style="2024", status=status)
    answer = service.refine(code)
    assert_failure(answer, 400)
    assert status in answer.json["message"]
    assert service.session(code)["status"] == status
    assert code not in service.counts()["refines"]


@pytest.mark.parametrize("style", ["2024", "2025"])
@pytest.mark.parametrize("status", ["uploaded", "training_preview", "preview_failed"])
def test_a_session_without_a_preview_offers_no_mesh(service, add, style, status):
    data = service.session(add(glb(wavy()), style=style, status=status))
    assert {value for name, value in data.items() if "mesh_url" in name} == {""}


def test_a_second_call_during_a_refine_is_refused(service, add):
    code = add(glb(wavy()))
    assert service.refine(code).status == 200
    assert_failure(service.refine(code), 400)
    assert service.counts()["refines"][code] == 1
    wait(service, code)


BAD_BODIES = {
    "no JSON": b"{",
    "a list": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "not UTF-8": b'{"a": "\xff"}',
    "deep": b"[" * 100_000,
    "too few": b'{"scaled_bbox": [1, 2]}',
    "too many": b'{"scaled_bbox": [1, 2, 3, 4]}',
    "no list": b'{"scaled_bbox": 1}',
    "null field": b'{"scaled_bbox": null}',
    "strings": b'{"scaled_bbox": ["1", "2", "3"]}',
    "booleans": b'{"scaled_bbox": [true, 1, 1]}',
    "nested": b'{"scaled_bbox": [[1], 1, 1]}',
    "zero": b'{"scaled_bbox": [0, 1, 1]}',
    "negative": b'{"scaled_bbox": [-1, -1, -1]}',
    "NaN": b'{"scaled_bbox": [NaN, 1, 1]}',
    "infinite": b'{"scaled_bbox": [Infinity, 1, 1]}',
    "overflow": b'{"scaled_bbox": [1e999, 1, 1]}',
    "huge integer": b'{"scaled_bbox": [1' + b"0" * 400 + b", 1, 1]}",
    "pivot outside": b'{"pivot_point": [0, 0.51, 0]}',
    "pivot far outside": b'{"pivot_point": [0, 0, -1]}',
    "pivot too short": b'{"pivot_point": []}',
    "pivot NaN": b'{"pivot_point": [NaN, 0, 0]}',
    "pivot an object": b'{"pivot_point": {"x": 0}}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_bad_values_are_refused_and_start_nothing(service, add, body):
    code = add(glb(wavy()), style="2024")
    answer = service.request("POST", f"/image-to-3d-sessions/get-3d/refine/{code}", body)
    assert_failure(answer, 400)
    assert len(answer.json["message"]) > 20
    assert service.session(code)["status"] == "preview_done"
    assert code not in service.counts()["refines"]


def test_a_bad_body_is_called_so_once(service, add):
    code = add(glb(wavy()), style="2024")
    for body in (b"{", b'{"scaled_bbox": [NaN, 1, 1]}'):
        answer = service.request("POST", f"/image-to-3d-sessions/get-3d/refine/{code}", body)
        assert answer.json["message"].count("JSON") <= 2
        assert answer.json["message"].count("The body is not valid JSON") == 1


def test_unknown_fields_are_logged_by_name(service, add):
    code = add(glb(wavy()), style="2024")
    assert service.refine(code, scaled_box=[1, 1, 1], **{"a\nb": 1}).status == 200
    assert wait(service, code)["scaled_bbox"] == [-1, -1, -1]
    assert f'{code}: unknown fields of the body, ignored: "scaled_box", "a\\nb"' in service.output.splitlines()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "a.localhost", "127.0.0.1", "[::1]:99", "friend.example:8080"]
)
def test_its_own_names_are_answered_to(service, host):
    assert service.request("GET", f"/image-to-3d-sessions/{SAMPLE}", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "10.0.0.9", "[", ""]
)
@pytest.mark.parametrize("path", ["/image-to-3d-sessions", "/nothing", "/inference-outputs/local/x/preview/mesh.glb"])
def test_a_foreign_host_is_refused(service, host, path):
    """Else a web page whose name is made to point here could read the answers (DNS rebinding)."""
    answer = service.request("GET", path, headers={"Host": host})
    assert_failure(answer, 421)
    assert "--allow-host" in answer.json["message"]


def test_a_body_that_is_too_long(service, add):
    code = add(glb(wavy()))
    assert_failure(service.request("POST", f"/image-to-3d-sessions/get-3d/refine/{code}", b" " * 1_000_001), 413)
    assert code not in service.counts()["refines"]


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"other": 1}', b'{"pivot_point": [-0.5, 0.5, 0]}'])
def test_good_bodies(service, add, body):
    code = add(glb(wavy()))
    assert service.request("POST", f"/image-to-3d-sessions/get-3d/refine/{code}", body).status == 200
    wait(service, code)


@pytest.mark.parametrize("key", ["", "wrong", "ü"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", f"/{SAMPLE}"), ("GET", "/SESSION_1_1"), ("POST", f"/get-3d/refine/{SAMPLE}")],
)
def test_without_the_key_nothing_is_told(service, method, path, key):
    answer = service.request(method, f"/image-to-3d-sessions{path}", headers={"x-api-key": key})
    assert_failure(answer, 401)
    assert SAMPLE not in answer.body.decode()


def test_other_errors_have_the_envelope_too(service):
    assert_failure(service.request("GET", "/image-to-3d-sessions/SESSION_1_1"), 404)
    assert_failure(service.refine("SESSION_1_1"), 404)
    assert_failure(service.request("GET", "/nothing"), 404)
    assert_failure(service.request("DELETE", f"/image-to-3d-sessions/{SAMPLE}"), 405)
    assert_failure(service.request("GET", "/image-to-3d-sessions/..%2f..%2fetc"), 404)


def test_the_list_is_in_pages_newest_first(service, add):
    newest = add(glb(wavy()))
    first = service.request("GET", "/image-to-3d-sessions").json["data"]
    assert first["results"][0]["session_code"] == newest
    assert len(first["results"]) == min(10, first["total"])
    codes = []
    for page in range(1, first["total"] + 2):
        answer = service.request("GET", f"/image-to-3d-sessions?limit=3&page={page}").json
        assert answer["data"]["total"] == first["total"]
        codes += [session["session_code"] for session in answer["data"]["results"]]
    assert len(codes) == len(set(codes)) == first["total"]
    assert SAMPLE in codes
    assert {session["caption"] for session in first["results"]}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "page=0", "page=1.5", "page=²"])
def test_bad_paging(service, query):
    path = "/image-to-3d-sessions?" + query.replace("²", "%C2%B2")
    assert_failure(service.request("GET", path), 400)


def test_mesh_urls_need_their_signature_and_no_key(service):
    url = service.session(SAMPLE)["image_url"]
    assert service.request("GET", url).status == 200
    path, _, query = url.partition("?")
    assert_failure(service.request("GET", path), 403)
    for end in ("AAA%3D", "%C3%BC", "%FF"):
        assert_failure(service.request("GET", url[:-6].rstrip("%") + end), 403)
    assert_failure(service.request("GET", path.replace("thumbnail.png", "mesh.glb") + "?" + query), 403)
    later = re.sub(r"se=\d+", "se=2099", url)
    assert_failure(service.request("GET", later), 403)


def test_pictures_are_png(service):
    answer = service.request("GET", service.session("SESSION_1700000001_0000001")["image_url"])
    assert answer.body.startswith(b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"


def assert_failure(answer, status):
    """The answer has this status, in the envelope too."""
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json
    assert list(body) == ["error", "message", "statusCode", "data"]
    assert body["statusCode"] == status
    assert body["error"]
    assert body["message"]
    assert body["data"] == {}
