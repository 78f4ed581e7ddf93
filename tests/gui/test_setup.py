"""What is missing is said, with a button that leads to it; and the panel draws in every state."""

from __future__ import annotations

from typing import Any

from harness import Blender, Result

SCENARIOS = "scenarios/setup.py"
SESSION = "SESSION_P_44569824122"


def run(blender: Blender, service: Any, function: str, **more: Any) -> Result:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    return blender.run(f"{SCENARIOS}:{function}", env=env, timeout=120, params={"session": SESSION}, **more)


def test_no_key(blender: Blender) -> None:
    seen = blender.run(f"{SCENARIOS}:no_key").value
    assert seen == {"poll": False, "preferences": True}


def test_button_is_disabled_until_all_is_there(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    assert blender.run(f"{SCENARIOS}:nothing_entered", env=env).value == [False, False, True, False]


def test_online_access_switched_off(blender: Blender, service: Any) -> None:
    env = {"CSM_API_KEY": service.key}
    params = {"session": SESSION, "url": service.url}
    seen = blender.run(f"{SCENARIOS}:online_switched_off", env=env, params=params).value
    assert seen == {"poll": False, "section": "SYSTEM"}


def test_offline_mode(blender: Blender) -> None:
    env = {"CSM_BASE_URL": "https://csm.invalid", "CSM_API_KEY": "k" * 32}
    assert blender.run(f"{SCENARIOS}:offline", env=env, online=False).value == {"poll": False}


def test_refused_key_and_the_right_one(blender: Blender, service: Any) -> None:
    seen = blender.run(
        f"{SCENARIOS}:refused_key",
        env={"CSM_BASE_URL": service.url},
        params={"session": SESSION, "good_key": service.key},
        timeout=90,
    ).value
    assert seen["code"] == "refused_key"
    assert "key" in seen["hint"]


def test_connection_test(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    seen = blender.run(f"{SCENARIOS}:test_the_connection", env=env).value
    assert seen["good"][0] is True
    assert seen["bad"][0] is False
    assert "key" in seen["bad"][1]


def test_paste(blender: Blender) -> None:
    texts = [
        " SESSION_1689257215_1674078 ",
        "https://3d.csm.ai/tools/image-to-3d?session=SESSION_1689257215_1674078#x",
        "Look: SESSION_P_44569824122, is it not nice?",
        "nothing",
    ]
    env = {"CSM_API_KEY": "k" * 32}
    seen = blender.run(f"{SCENARIOS}:paste", env=env, params={"texts": texts}).value
    assert seen == ["SESSION_1689257215_1674078", "SESSION_1689257215_1674078", "SESSION_P_44569824122", ""]


def test_polls_in_every_editor(blender: Blender, service: Any) -> None:
    seen = run(blender, service, "polls").value
    assert {
        "refine",
        "refine_selected",
        "cancel",
        "retry",
        "place",
        "remove",
        "clear_finished",
        "toggle_original",
    } <= set(seen["names"])
    assert seen["wrong"] == []
    assert all(count > 20 for count in seen["asked"].values())


def test_panel_in_every_state(blender: Blender, service: Any) -> None:
    drawn = run(blender, service, "every_state").value["drawn"]
    assert len(drawn) == 11
