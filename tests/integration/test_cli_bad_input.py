# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input gets a clear sentence, a hint and an exit status; nothing is sent and no file is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender_scenes import Csm, add_box, save_scene
from common import asset, local_service
from farm import file_spec, plan_of

from csm_blender.cli.farm.assemble import output_for
from csm_blender.core.errors import BadOutput

SESSION = "SESSION_1700000002_0000002"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A block-out, an empty mesh, a camera, a light."""

    def build() -> None:
        add_box("Chair", (0.5, 0.6, 0.9))
        for name, data in (
            ("Nothing", bpy.data.meshes.new("Nothing")),
            ("Camera", bpy.data.cameras.new("Camera")),
            ("Lamp", bpy.data.lights.new("Lamp", "POINT")),
        ):
            bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, data))

    return save_scene(tmp_path / "scene.blend", build)


@pytest.fixture(scope="module")
def idle_service(service_samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One local service for all tests that must not send it anything, ever."""
    data = tmp_path_factory.mktemp("idle") / "service"
    shutil.copytree(service_samples, data)
    with local_service(data, "--control") as running:
        yield running


def requests_seen(service: Any) -> int:
    counts = service.counts()
    return sum(sum(counts[kind].values()) for kind in ("get", "post", "download")) + counts["list"]


# What needs no more of Blender than an open file is read alike in each of them: it is tried in one.
ONE_WILL_DO = pytest.mark.one_blender("our own parser and checks of words, before anything is looked up in the scene")
IN_THE_SCENE = [
    (["--job", f"{SESSION}=Stool"], "no_such_object", "no object 'Stool'"),
    (["--job", f"{SESSION}=chair"], "no_such_object", "Did you mean 'Chair'"),
    (["--job", SESSION], "no_such_object", "has no object"),
    (["--job", f"{SESSION}=Nothing"], "no_size", "'Nothing' has no size"),
    (["--job", f"{SESSION}=Camera"], "no_size", "camera"),
    (["--job", f"{SESSION}=Lamp"], "no_size", "light"),
    (["--job", f"{SESSION}=Chair", "--scene", "Kitchen"], "wrong_use", "no scene 'Kitchen'"),
]
IN_WORDS = [
    (["--job", "Chair"], "bad_session_code", "'Chair' is not a session code"),
    (["--job", "nope=Chair"], "bad_session_code", "'nope' is not a session code"),
    (["--job", "SESSION_1/../2=Chair"], "bad_session_code", "is not a session code"),
    (["--job", "ASSET_1700000000_1234567=Chair"], "bad_session_code", "the code of an asset"),
    (["--job", "https://example.com/nothing=Chair"], "bad_session_code", "contains no session code"),
    (["--job", f"{SESSION}=Chair", "--jobs", "missing.csv"], "bad_jobs_file", "cannot be read"),
    (["--job", f"{SESSION}=Chair", "--output", "."], "bad_output", "is a directory"),
    (["--job", f"{SESSION}=Chair", "--output", "out.txt"], "bad_output", "does not end in .blend"),
    (["--job", f"{SESSION}=Chair", "--output", "no/such/folder/out.blend"], "bad_output", "does not exist"),
    (["--job", f"{SESSION}=Chair", "--output", "scene.blend"], "bad_output", "is the input file"),
    (["--job", f"{SESSION}=Chair", "--output", "a.blend", "--in-place"], "bad_output", "contradict"),
    (["--job", f"{SESSION}=Chair", "--pivot", "top"], "bad_value", "--pivot is origin, center, base"),
    (["--job", f"{SESSION}=Chair", "--pivot", "0,0.6,0"], "bad_value", "between -0.5 and 0.5"),
    (["--job", f"{SESSION}=Chair", "--pivot", "0,nan,0"], "bad_value", "between -0.5 and 0.5"),
    (["--job", SESSION, "--bbox", "1,2"], "bad_value", "--bbox needs three numbers"),
    (["--job", SESSION, "--bbox", "1,0,2"], "bad_value", "three positive sizes"),
    (["--job", SESSION, "--bbox", "1,inf,2"], "bad_value", "three positive sizes"),
    (["--job", f"{SESSION}=Chair", "--bbox", "1,1,1"], "wrong_use", "contradict"),
    (["--job", f"{SESSION}=Chair", "--base-url", "ftp://x"], "bad_value", "is not a URL"),
    (["--job", f"{SESSION}=Chair", "--base-url", "http://example.com"], "bad_value", "plain http"),
    ([], "wrong_use", "nothing to refine"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "says"), [*IN_THE_SCENE, *(pytest.param(*case, marks=ONE_WILL_DO) for case in IN_WORDS)]
)
def test_wrong_use_is_status_2_and_sends_nothing(
    idle_service: Any,
    tmp_path: Path,
    scene: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    code: str,
    says: str,
) -> None:
    csm = Csm(tmp_path, idle_service)
    monkeypatch.chdir(scene.parent)
    before = scene.read_bytes()
    paths = [
        str(scene.parent / word) if word.endswith((".blend", ".txt", ".csv")) or word == "." else word
        for word in arguments
    ]
    done = csm("refine", "--blend", scene, *paths, "--json")
    assert done.status == 2, done.stderr
    assert done.report["error"]["code"] == code
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()[-2:]) == 2, "a sentence and a hint"
    assert "Traceback" not in done.stderr
    assert requests_seen(csm.service) == 0
    assert scene.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["refine", "--fit", "loose"], "invalid choice"),
        (["refine", "--concurrency", "0"], "invalid positive whole number"),
        (["refine", "--timeout", "nan"], "invalid positive number"),
        (["refine", "--frobnicate"], "nrecognized arguments"),
        (["polish"], "invalid choice"),
        ([], "required"),
    ],
)
def test_options_that_do_not_exist_are_status_2(csm_without_service: Csm, arguments: list[str], says: str) -> None:
    done = csm_without_service(*arguments)
    assert done.status == 2
    assert says in done.stderr
    assert "--help" in done.stderr


@pytest.mark.parametrize("text", [b"", b"this is no blend file", b"BLENDER-v402" + b"\x00" * 100])
def test_an_unreadable_blend_is_status_2(idle_service: Any, tmp_path: Path, text: bytes) -> None:
    csm = Csm(tmp_path, idle_service)
    broken = tmp_path / "broken.blend"
    broken.write_bytes(text)
    for path in (broken, tmp_path / "missing.blend"):
        done = csm("refine", "--blend", path, "--job", f"{SESSION}=Chair", "--json")
        assert done.status == 2, done.stderr
        assert done.report["error"]["code"] == "bad_blend_file"
    assert requests_seen(csm.service) == 0


def test_help_and_version_need_neither_key_nor_scene(csm_without_service: Csm) -> None:
    for words in (["--help"], ["refine", "--help"], ["--version"]):
        done = csm_without_service(*words)
        assert done.status == 0
        assert done.stdout.strip()
    assert "exit status" in csm_without_service("--help").stdout


def test_no_key_is_status_3(idle_service: Any, tmp_path: Path, scene: Path) -> None:
    csm = Csm(tmp_path, idle_service, {"CSM_API_KEY": ""})
    for command in (["refine", "--blend", scene, "--job", f"{SESSION}=Chair"], ["status", SESSION], ["sessions"]):
        done = csm(*command, "--json")
        assert done.status == 3, done.stderr
        assert done.report["error"]["code"] == "no_key"
        assert "CSM_API_KEY" in done.stderr
    assert requests_seen(csm.service) == 0


@pytest.mark.parametrize("key", ["wrong-key-0000", "ключ"])
def test_a_refused_key_is_status_3(csm: Csm, scene: Path, key: str) -> None:
    csm.more = {"CSM_API_KEY": key}
    done = csm("refine", "--blend", scene, "--job", f"{SESSION}=Chair", "--json")
    if key.isascii():
        assert done.status == 3, done.stderr
        assert done.jobs[0]["error"]["code"] == "refused_key"
    else:
        assert done.status == 2, done.stderr
    assert key not in done.stdout + done.stderr
    assert csm.service.counts()["post"] == {}


def refined(csm: Csm, scene: Path, session: str, *more: str) -> tuple[int, dict[str, Any]]:
    done = csm("refine", "--blend", scene, "--job", f"{session}=Chair", "--json", *more)
    assert "Traceback" not in done.stderr
    assert not (scene.parent / "out.blend").exists()
    return done.status, done.jobs[0]


def test_an_unknown_session_is_named(csm: Csm, scene: Path) -> None:
    status, job = refined(csm, scene, "SESSION_1_2")
    assert (status, job["error"]["code"]) == (1, "unknown_session")


def test_a_session_without_a_preview_is_not_ready(csm: Csm, scene: Path) -> None:
    session = csm.service.add_session(None, asset("Duck.glb"), style="2024", status="training_preview")
    status, job = refined(csm, scene, session)
    assert (status, job["error"]["code"]) == (1, "session_not_ready")
    assert csm.service.counts()["post"] == {}


def test_a_failed_session_and_a_failing_refine_are_told_apart(csm: Csm, scene: Path) -> None:
    broken = csm.service.add_session(None, asset("Duck.glb"), style="2024", status="preview_failed")
    assert refined(csm, scene, broken)[1]["error"]["code"] == "session_failed"
    failing = csm.service.add_session(None, asset("Duck.glb"), fail_refine=True)
    assert refined(csm, scene, failing)[1]["error"]["code"] == "refine_failed"


def test_a_401_inside_a_200_is_a_refused_key(csm: Csm, scene: Path) -> None:
    body = {"error": "Unauthorized", "message": "Unauthorized", "statusCode": 401, "data": None}
    csm.service.add_fault({"status": 200, "body": body}, path=".*", times=None)
    status, job = refined(csm, scene, SESSION)
    assert (status, job["error"]["code"]) == (3, "refused_key")


def test_html_instead_of_json_is_named(csm: Csm, scene: Path) -> None:
    page = {"status": 200, "body": "<html>Maintenance</html>", "content_type": "text/html"}
    csm.service.add_fault(page, path=".*", times=None)
    status, job = refined(csm, scene, SESSION)
    assert (status, job["error"]["code"]) == (1, "unexpected_answer")
    assert csm.service.counts()["post"] == {}


def test_a_delivered_file_without_a_mesh_is_named(csm: Csm, scene: Path) -> None:
    session = csm.service.add_session(None, asset("Duck.glb"), raw_result=str(asset("empty_nodes.glb")))
    status, job = refined(csm, scene, session)
    assert (status, job["error"]["code"]) == (1, "bad_mesh")
    assert "no mesh" in job["error"]["message"]


def test_a_truncated_file_is_named(csm: Csm, scene: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.glb"
    half.write_bytes(asset("Duck.glb").read_bytes()[:60_000])
    session = csm.service.add_session(None, asset("Duck.glb"), raw_result=str(half))
    status, job = refined(csm, scene, session)
    assert (status, job["error"]["code"]) == (1, "bad_mesh")
    assert "truncated" in job["error"]["message"]


def test_a_base_url_that_does_not_resolve_gives_up_soon(csm: Csm, scene: Path) -> None:
    csm.more = {"CSM_BASE_URL": "https://csm.invalid"}
    status, job = refined(csm, scene, SESSION)
    assert (status, job["error"]["code"]) == (1, "unreachable")
    assert job["seconds"] < 45.0
    assert job["requests"]["post"] == 0


def test_assemble_does_not_save_over_the_scene_it_is_given(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "plan", [file_spec(tmp_path / "box.glb")])
    scene, other = str(tmp_path / "town.blend"), str(tmp_path / "town_refined.blend")
    assert output_for(plan, other, scene) == other
    with pytest.raises(BadOutput, match="is the input file") as caught:
        output_for(plan, scene, scene)
    assert "--in-place" not in str(caught.value.hint), "which assemble does not know"
