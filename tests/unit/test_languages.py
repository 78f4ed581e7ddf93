# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogs hold every text that a person can read in Blender, in every language, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from common import ROOT

from csm_blender.core.sentences import PLACEHOLDER, Phrasebook, filled

sys.path.insert(0, str(ROOT / "scripts"))

import spoken_texts
import translations

TO_MEND = "\npython3 scripts/translations.py > todo.json; fill it in; python3 scripts/translations.py todo.json"


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_the_catalog_is_complete(language: str) -> None:
    complaints = translations.complaints(language)
    assert not complaints, "\n".join(["", *complaints, TO_MEND])


def test_there_are_the_languages_that_were_promised() -> None:
    assert translations.LANGUAGES == ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")


def test_what_is_put_together_in_the_ui_goes_through_a_voice() -> None:
    """Blender looks up what is shown; ``labels.say("Assign to {name}", name=…)`` can be found, an f-string cannot."""
    assert spoken_texts.composed_in_ui() == []


def test_what_is_said_gets_all_its_values() -> None:
    said = 0
    for path in (ROOT / "csm_blender").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="say"), args=[ast.Constant(value=str() as words)]):
                    wanted = set(re.findall(r"\{(\w+)\}", words))
                    given = {keyword.arg for keyword in node.keywords}
                    assert wanted == given or None in given, f"{path.name}:{node.lineno} {words}"
                    said += 1
    assert said > 20


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_every_text_is_told_again_as_its_own_translation(language: str) -> None:
    """No other template takes what was made of one, or it says the same."""
    texts = translations.catalog(language)
    book = Phrasebook(texts)
    for words, told in texts.items():
        values = {name: f"v{number}" for number, name in enumerate(PLACEHOLDER.findall(words))}
        assert book.translate(filled(words, values), lambda text: texts.get(text, text)) == filled(told, values), words


def test_the_reader_finds_texts_of_every_kind(tmp_path: Path) -> None:
    """Else the catalogs could be complete and the panel not."""
    for layer in spoken_texts.LAYERS:
        (tmp_path / layer).mkdir()
    (tmp_path / "core" / "errors.py").write_text(
        '''
"""Not this."""
class CsmError(Exception):
    """Nor this one."""
class Mishap(CsmError):
    default_hint = "Do something else."
def fail(path, error, count):
    _log.warning("Not this for %s", path)
    db.execute("SELECT this FROM that")
    if "not this either" in path:
        raise Mishap(f"The file {path.name} cannot be read: {error.strerror or error}.", "Try another.")
    if count:
        raise ValueError("Nor such a thing.")
    return update(message="Retrying", note=f"{len(count)} jobs of {path}")
'''
    )
    (tmp_path / "ui" / "panel.py").write_text(
        '''
ITEMS = (("A_KEY", "Fast", "Quick and dirty"),)
class CSM_OT_thing(bpy.types.Operator):
    """Do the thing"""
    bl_idname = "csm.thing"
    bl_label = "Thing"
    speed: EnumProperty(name="Speed", description="How fast it goes", items=ITEMS)
    def draw(self, context):
        layout.label(text="Two words" if context else "Word", icon="ERROR")
        layout.label(text=labels.say("Give {name}", name=obj.name))
        layout.prop(self, "speed", text="")
        layout.operator("csm.thing", text="Do It Now").speed = "A_KEY"
        self.report({"INFO"}, "Reported")
        cls.poll_message_set("Polled")
'''
    )
    assert set(spoken_texts.spoken_texts(tmp_path)) == {
        "Do something else.",
        "The file {name} cannot be read: {strerror}.",
        "Try another.",
        "Retrying",
        "{count} jobs of {path}",
        "Do the thing",
        "Thing",
        "Speed",
        "How fast it goes",
        "Fast",
        "Quick and dirty",
        "Two words",
        "Word",
        "Give {name}",
        "Do It Now",
        "Reported",
        "Polled",
    }


def test_a_gap_is_listed_in_a_form_to_fill_in_and_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "de_DE.json").write_text('{"Gone": "Weg", "Kept": "Behalten"}')
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    monkeypatch.setattr(translations, "LANGUAGES", ("de_DE",))
    monkeypatch.setattr(translations, "spoken_texts", lambda: {"New": "ui/a.py:1", "Kept": "ui/a.py:2"})
    form = translations.missing()
    assert form == {"New": {"where": "ui/a.py:1", "de_DE": ""}}
    assert len(translations.complaints("de_DE")) == 2
    form["New"]["de_DE"] = "Neu"
    translations.take_in(form)
    assert translations.catalog("de_DE") == {"New": "Neu", "Kept": "Behalten"}
    assert translations.complaints("de_DE") == []


@pytest.mark.parametrize(
    ("words", "told", "problem"),
    [
        ("Send {count}", "Senden", "other placeholders"),
        ("Send", "", "empty"),
        ("Send", "Send", "not translated"),
        ("It is sent.", "Es ist gesendet", "does not end in"),
        ("Send it", "Senden.", "ends in a stop"),
        ("Send it", "senden", "small letter"),
        ("Send it", "Senden }", "brace"),
    ],
)
def test_bad_translations_are_complained_about(words: str, told: str, problem: str) -> None:
    assert problem in translations._problem(words, told, set())
