# SPDX-License-Identifier: GPL-3.0-or-later
"""English sentences are told again in another language, with what was filled in."""

from __future__ import annotations

import time

import pytest

from csm_blender.core.sentences import Phrasebook, filled

GERMAN = {
    "Cancelled": "Abgebrochen",
    "Trying again in {delay} s": "Neuer Versuch in {delay} s",
    "{host} does not answer.": "{host} antwortet nicht.",
    "No connection to {host}: {network_reason}.": "Keine Verbindung zu {host}: {network_reason}.",
    "it was refused": "sie wurde abgelehnt",
    "Waits: {error}": "Wartet: {error}",
    "{name} has no size.": "{name} hat keine Größe.",
    "{name} of {other} has no size.": "{name} von {other} hat keine Größe.",
    "{minutes} h {minutes2} min": "{minutes2} min nach {minutes}",
    "Worth a look: {found}.": "Einen Blick wert: {found}.",
    "{count} open edges": "{count} offene Kanten",
    "no UVs": "keine UVs",
    "The service refuses the request ({status}){said}": "Der Dienst lehnt ab ({status}){said}",
}


def retold(text: str, catalog: dict[str, str] = GERMAN) -> str:
    return Phrasebook(GERMAN).translate(text, lambda words: catalog.get(words, words))


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Cancelled", "Abgebrochen"),
        ("Trying again in 4 s", "Neuer Versuch in 4 s"),
        ("2 h 13 min", "13 min nach 2"),
        ("api.csm.ai does not answer.", "api.csm.ai antwortet nicht."),
    ],
)
def test_a_sentence_is_told_again_with_its_values(english: str, german: str) -> None:
    assert retold(english) == german


def test_several_sentences_are_told_one_by_one() -> None:
    told = retold("api.csm.ai does not answer. Trying again in 4 s")
    assert told == "api.csm.ai antwortet nicht. Neuer Versuch in 4 s"


def test_words_of_the_program_inside_a_sentence_are_told_too() -> None:
    assert retold("No connection to a.b: it was refused.") == "Keine Verbindung zu a.b: sie wurde abgelehnt."
    assert retold("Waits: 'Cube' has no size.") == "Wartet: 'Cube' hat keine Größe."


def test_a_list_is_told_part_by_part() -> None:
    assert retold("Worth a look: 1,200 open edges, no UVs.") == "Einen Blick wert: 1,200 offene Kanten, keine UVs."


def test_names_are_never_translated() -> None:
    assert retold("Cancelled has no size.") == "Cancelled hat keine Größe."


def test_of_two_templates_that_match_the_one_that_says_more_is_meant() -> None:
    assert retold("Part of Chair has no size.") == "Part von Chair hat keine Größe."


@pytest.mark.parametrize("name", ["{name}", "{0}", "a{b", "%s", "\\1", r"\g<name>", "{{}}"])
def test_braces_and_marks_in_names_are_nothing_special(name: str) -> None:
    assert retold(f"{name} has no size.") == f"{name} hat keine Größe."


def test_what_is_unknown_stays_and_the_rest_is_told() -> None:
    assert retold("Nobody knows this.") == "Nobody knows this."
    assert retold("Nobody knows this. Trying again in 4 s") == "Nobody knows this. Neuer Versuch in 4 s"
    said = "The service refuses the request (400): Too bad. Sorry. Trying again in 4 s"
    assert retold(said) == "Der Dienst lehnt ab (400): Too bad. Sorry. Neuer Versuch in 4 s"


def test_in_english_nothing_changes() -> None:
    for text in (*GERMAN, "'Cube' has no size. Trying again in 4 s"):
        assert retold(text, {}) == text


def test_filling_in_happens_once() -> None:
    assert filled("{a} {b} {c}", {"a": "{b}", "b": "2"}) == "{b} 2 {c}"


def test_a_long_strange_text_is_given_up_on_quickly() -> None:
    book = Phrasebook(f"{{a}} and {{b}} of {{c}} in {{d}}, case {number}." for number in range(200))
    for text in ("x and y of z in " * 40 + ", case 7", "a. " * 200 + "b"):
        began = time.perf_counter()
        assert book.translate(text, lambda words: words) == text
        assert time.perf_counter() - began < 0.3, "600 letters are the longest message"
