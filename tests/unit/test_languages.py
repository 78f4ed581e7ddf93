# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogs hold every text that a person can read in Blender, in every language, and nothing else."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from common import ROOT

from csm_blender.core import errors
from csm_blender.core.messages import PLACEHOLDER

sys.path.insert(0, str(ROOT / "scripts"))

import spoken_texts
import translations

NOT_FILLED_IN = {"code", "hint", "guess", "retry_after_s"}
TO_MEND = "\npython3 scripts/translations.py > todo.json; fill it in; python3 scripts/translations.py todo.json"


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_the_catalog_is_complete(language: str) -> None:
    complaints = translations.complaints(language)
    assert not complaints, "\n".join(["", *complaints, TO_MEND])


def test_there_are_the_languages_that_were_promised() -> None:
    assert translations.LANGUAGES == ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")


def test_no_text_is_put_together_before_it_is_handed_over() -> None:
    """``Message("Assign to {name}", name=…)`` is found and translated; an f-string, ``.format`` or ``+`` cannot be."""
    assert spoken_texts.composed_texts() == []


def test_each_placeholder_gets_its_value() -> None:
    """``{name}`` without a value would be shown as it is. Arguments of errors that are no values are allowed."""
    filled = 0
    for path in (ROOT / "csm_blender").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(args=[ast.Constant(value=str() as words), *_], keywords=keywords) if _is_text(node):
                    wanted = set(PLACEHOLDER.findall(words))
                    given = {keyword.arg for keyword in keywords}
                    assert wanted <= given or None in given, f"{path.name}:{node.lineno} {words}"
                    assert given - wanted - {None} <= NOT_FILLED_IN, f"{path.name}:{node.lineno} {words}"
                    filled += len(wanted)
    assert filled > 100


def _is_text(node: ast.Call) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    kind = getattr(errors, name, None)
    return name in {"Message", "say"} or (isinstance(kind, type) and issubclass(kind, errors.CsmError))


def test_texts_are_found_wherever_they_can_stand(tmp_path: Path) -> None:
    """Else the catalogs could be complete and the panel not."""
    _package(
        tmp_path,
        errors='''
"""Not this."""
class CsmError(Exception):
    """Nor this one."""
class Mishap(CsmError, hint="Do something else."):
    pass
class Worse(Mishap, hint="Do something "
        "better."):
    pass
def fail(path, error, count):
    _log.warning("Not this for %s", path)
    if "not this either" in path:
        raise Mishap("The file {name} cannot be read: {reason}.", "Try another.", name=path.name, reason=error)
    if count:
        raise ValueError("Nor such a thing.")
    words = "Retrying" if count else "Trying"
    told = Worse(Message("{count} jobs", count=count), hint="Wait.")
    return update(message=Message(words), code="not_this")
''',
        panel='''
ITEMS = (("A_KEY", "Fast", "Quick and dirty"),)
LINES = {"A": Message("Line")}
class CSM_OT_thing(bpy.types.Operator):
    """Do the thing"""
    bl_idname = "csm.thing"
    bl_label = "Thing"
    speed: EnumProperty(name="Speed", description="How fast it goes", items=ITEMS)
    def draw(self, context):
        layout.label(text="Two words" if context else "Word", icon="ERROR")
        layout.label(text=labels.say("Give {name}", name=obj.name))
        layout.label(text="Not this name", translate=False)
        layout.prop(self, "speed", text="")
        layout.operator("csm.thing", text="Do It Now").speed = "A_KEY"
        self.report({"INFO"}, "Reported")
        cls.poll_message_set("Polled")
''',
    )
    assert set(spoken_texts.spoken_texts(tmp_path)) == {
        "Do something else.",
        "Do something better.",
        "The file {name} cannot be read: {reason}.",
        "Try another.",
        "Wait.",
        "Retrying",
        "Trying",
        "{count} jobs",
        "Do the thing",
        "Thing",
        "Speed",
        "How fast it goes",
        "Fast",
        "Quick and dirty",
        "Line",
        "Two words",
        "Word",
        "Give {name}",
        "Do It Now",
        "Reported",
        "Polled",
    }
    assert spoken_texts.composed_texts(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        'f"Give {name}"',
        '"Give %s" % name',
        '"Give " + name',
        '"Give {}".format(name)',
        '", or ".join(names)',
        '"Give it" if one else f"Give {name}"',
        "parameter",
    ],
)
def test_a_text_that_is_put_together_is_found(tmp_path: Path, text: str) -> None:
    _package(tmp_path, errors="class CsmError(Exception): ...", panel=f"def say(parameter):\n    Message({text})\n")
    assert len(spoken_texts.composed_texts(tmp_path)) == 1


def _package(folder: Path, **modules: str) -> None:
    for layer in spoken_texts.LAYERS:
        (folder / layer).mkdir()
    (folder / "core" / "errors.py").write_text(modules["errors"])
    (folder / "ui" / "panel.py").write_text(modules["panel"])


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
