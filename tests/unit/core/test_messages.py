# SPDX-License-Identifier: GPL-3.0-or-later
"""A message is English text that remembers its template and values, through processes, stores and copies."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from csm_blender.core.errors import BadValue, NoSuchObject, RefusedKey, ServiceBusy, sanitized_error
from csm_blender.core.messages import NOTHING, Message, from_json, sentences, to_json

FLAWS = Message(
    "Please check: {flaws}.", flaws=(Message("{count} open edges", count="1,200"), Message("no UVs")), code="flaws"
)
WAITING = Message("Waiting: {error}", error=BadValue("{name} has no size.", name="'A {name}'"))


def test_it_is_the_english_text_to_programs() -> None:
    message = Message("{count} jobs of {path}", count=3, path=Path("scene.blend"))
    assert message == "3 jobs of scene.blend"
    assert (message.template, message.code) == ("{count} jobs of {path}", "")
    assert message.values == {"count": 3, "path": "scene.blend"}


def test_braces_in_values_are_text_and_a_placeholder_without_a_value_stays() -> None:
    assert Message("{name} and {other}", name="{other}{0}{") == "{other}{0}{ and {other}"
    assert Message("100 % {") == "100 % {"


def test_messages_and_errors_in_a_message_keep_their_own_templates() -> None:
    assert FLAWS == "Please check: 1,200 open edges, no UVs."
    assert [part.template for part in FLAWS.values["flaws"]] == ["{count} open edges", "no UVs"]
    assert WAITING == "Waiting: 'A {name}' has no size."
    assert WAITING.values["error"].template == "{name} has no size."
    assert Message("Failed: {error}", error=OSError("disk")) == "Failed: disk"


def test_a_text_becomes_a_message_once() -> None:
    assert Message.of(FLAWS) is FLAWS
    assert Message.of("Plain {text}") == "Plain {text}"
    assert not NOTHING


@pytest.mark.parametrize("message", [FLAWS, WAITING, NOTHING, Message("Plain"), sentences(FLAWS, WAITING)])
def test_copies_are_the_same_message(message: Message) -> None:
    @dataclass
    class Holder:
        message: Message

    copies = (
        Message.from_data(json.loads(json.dumps(message.as_data()))),
        copy.copy(message),
        copy.deepcopy(message),
        pickle.loads(pickle.dumps(message)),
        asdict(Holder(message))["message"],
    )
    for made in copies:
        assert made == message
        assert isinstance(made, Message)
        assert made.as_data() == message.as_data()


@pytest.mark.parametrize("data", [{}, {"template": "A", "code": ""}, {"template": "A", "code": "", "values": []}])
def test_data_that_is_no_message_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        Message.from_data(data)


def test_a_change_goes_to_all_that_was_filled_in_and_to_nothing_else() -> None:
    upper = sentences(FLAWS, Message("key {key}, {count}", key="k", count=3)).mapped(str.upper)
    assert upper == "Please check: 1,200 open edges, no UVs. key K, 3"
    assert upper.values["_0"].code == "flaws"


def test_sentences_leave_out_what_is_empty_and_are_not_wrapped_for_one() -> None:
    assert sentences("", FLAWS, NOTHING) is FLAWS
    assert sentences() == NOTHING
    both = sentences("One.", FLAWS)
    assert both == "One. Please check: 1,200 open edges, no UVs."
    assert both.values["_1"] is FLAWS


def test_json_holds_the_english_text_for_other_programs_and_gives_the_messages_back() -> None:
    data = {"error": {"message": WAITING, "hint": "Plain"}, "notes": [FLAWS, "Plain"], "count": 2}
    text = to_json(data)
    plain = json.loads(text)
    assert plain["error"]["message"] == str(WAITING)
    assert plain["notes"] == [str(FLAWS), "Plain"]
    back = from_json(text)
    assert back == data
    assert back["error"]["message"].as_data() == WAITING.as_data()
    assert back["notes"][0].as_data() == FLAWS.as_data()


def test_json_without_messages_is_what_it_always_was() -> None:
    assert json.loads(to_json({"notes": ["Plain", Message("Fixed")]})) == {"notes": ["Plain", "Fixed"]}
    assert from_json(b'["a", 1]') == ["a", 1]
    with pytest.raises(ValueError, match="Expecting value"):
        from_json("no JSON")


@pytest.mark.parametrize("sidecar", [None, [], {"Text": {"form": 7}}, {"Text": "x"}, {"Text": {"template": "T"}}])
def test_of_json_of_another_version_the_english_text_is_kept(sidecar: Any) -> None:
    assert from_json(json.dumps({"note": "Text", "messages": sidecar})) == {"note": "Text"}


def test_an_error_is_its_message_and_the_advice_adds_the_hint() -> None:
    error = BadValue("{name} has no size.", "Choose another one.", name="'A'")
    assert str(error) == error.message == "'A' has no size."
    assert error.message.values == {"name": "'A'"}
    assert error.advice == "'A' has no size. Choose another one."
    assert error.as_dict() == {"code": "bad_value", "message": "'A' has no size.", "hint": "Choose another one."}
    assert BadValue(FLAWS).message is FLAWS
    assert RefusedKey("No.").hint == RefusedKey.default_hint
    assert ServiceBusy("Wait {s} s.", retry_after_s=2.0, s=3).message == "Wait 3 s."


def test_a_guess_replaces_the_hint_about_object_names() -> None:
    guess = Message("Did you mean {name}?", name="'Cube'")
    error = NoSuchObject("There is no object {name}.", guess=guess, name="'cube'")
    assert error.hint is error.guess is guess
    assert NoSuchObject("There is no object.").hint == NoSuchObject.default_hint


def test_an_error_for_the_store_holds_no_key_and_no_endless_words_of_others() -> None:
    error = RefusedKey("The service says: {words}.", words=f"no {'x' * 1000}", hint="Key {key}")
    said = sanitized_error(error, "secret")
    assert len(said["message"]) < 400
    error = RefusedKey("The service says: {words}.", Message("Not {key}.", key="secret"), words="bad key secret")
    assert "secret" not in str(sanitized_error(error, "secret"))
