# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogs in a Blender without translation, as the wheels are built, and lines of languages without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import bpy
import pytest
from common import ROOT

import csm_blender
from csm_blender.core.errors import BadValue
from csm_blender.core.messages import PLACEHOLDER, Message, fill, sentences
from csm_blender.scene.addon import translation
from csm_blender.scene.addon.translation import labels, reports, tooltips
from csm_blender.ui.text_wrap import wrapped

JAPANESE = "コードと、キーがセッションを作成したアカウントのものであることを確認してください。URL を確認してください。"


@pytest.fixture
def registered() -> Iterator[None]:
    csm_blender.register()
    yield
    csm_blender.unregister()


def test_there_is_a_catalog_for_each_language_and_no_other() -> None:
    assert {path.stem for path in (ROOT / "csm_blender" / "locale").iterdir()} == set(translation.LANGUAGES)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("voice", [labels, tooltips, reports])
def test_without_translation_everything_is_said_in_english(voice: translation.Translator) -> None:
    assert voice.say("Assign to {name}", name="{name} {0}") == "Assign to {name} {0}"
    assert voice.translate("'Cube' has no size. Trying again in 4 s") == "'Cube' has no size. Trying again in 4 s"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("voice", [labels, tooltips, reports])
def test_messages_with_messages_inside_are_said_as_they_are_stored(voice: translation.Translator) -> None:
    flaws = Message("Please check: {flaws}.", flaws=(Message("{count} open edges", count="1,200"), Message("no UVs")))
    told = sentences(BadValue("{name} has no size.", name="'{count}'").message, flaws)
    assert voice.translate(told) == str(told) == "'{count}' has no size. Please check: 1,200 open edges, no UVs."
    assert voice.translate(Message("Waiting: {error}", error=BadValue("No.", "Hint."))) == "Waiting: No."
    assert type(voice.translate(told)) is str, "Blender gets plain text"


def test_every_language_fills_the_same_values() -> None:
    """The wheels hold no translations; what is filled in in a window is tested in tests/gui/test_languages.py."""
    for language in translation.LANGUAGES:
        for template, told in translation.catalog(language).items():
            names = set(PLACEHOLDER.findall(template))
            values = {name: f"<{name}>" for name in names}
            assert set(re.findall(r"<(\w+)>", fill(told, values))) == names, f"{language}: {template}"


def test_registering_again_and_again_is_fine() -> None:
    for _ in range(3):
        csm_blender.register()
        csm_blender.unregister()
    translation.stop()
    assert bpy.app.translations.pgettext_iface("Refine") == "Refine"


@pytest.mark.parametrize("width", [120, 200, 400])
def test_lines_without_spaces_are_broken_and_none_begins_with_a_stop(width: int) -> None:
    lines = wrapped(JAPANESE, width, 1.0)
    assert "".join("".join(lines).split()) == "".join(JAPANESE.split())
    limit = max(16, int(width / 6.4)) + 2  # a stop may stand out
    for line in lines:
        assert sum(2 if unicodedata.east_asian_width(sign) == "W" else 1 for sign in line) <= limit, line
        assert line[0] not in "、。ーっゃ"


def test_lines_of_words_are_broken_between_words() -> None:
    assert wrapped("Check the network connection, the proxy settings", 160, 1.0) == [
        "Check the network",
        "connection, the proxy",
        "settings",
    ]
