# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in the language of Blender.

Blender looks up by itself what it shows as it is written: labels, names, tooltips, items. What is put together, and
what was written in English elsewhere, goes through one of the three voices, which follow Blender's three switches
(Preferences > Interface > Translation): :data:`labels`, :data:`tooltips`, :data:`reports`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ...core.sentences import Phrasebook, filled
from ..blender.bpy_typing import current
from .environment import PACKAGE

LANGUAGES = ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")
"""As Blender names them, from 4.2 on."""

OURS = "CSM"
"""A context in which Blender has no words: some of ours it knows in another sense, and its own come first."""

_CONTEXTS = ("*", "Operator", OURS)
"""Blender looks up names of operators and texts of their buttons in the second, all else in the first."""

_CATALOGS = Path(__file__).resolve().parents[2] / "locale"
_translations: Any = bpy.app.translations
_book = Phrasebook(())


def start() -> None:
    """Give Blender the catalogs; it looks only into that of its own language."""
    global _book  # noqa: PLW0603 - made of the catalogs
    catalogs = {language: catalog(language) for language in LANGUAGES}
    _book = Phrasebook(catalogs[LANGUAGES[0]])
    stop()
    _translations.register(
        PACKAGE,
        {
            language: {(context, words): told for words, told in found.items() for context in _CONTEXTS}
            for language, found in catalogs.items()
        },
    )


def stop() -> None:
    """Take them back."""
    _retold.cache_clear()
    _translations.unregister(PACKAGE)


def catalog(language: str) -> dict[str, str]:
    """Each text of the add-on and its translation."""
    found: dict[str, str] = json.loads((_CATALOGS / f"{language}.json").read_text(encoding="utf-8"))
    return found


class Voice:
    """Says things the way one of Blender's switches wants it."""

    def __init__(self, look_up: str, switch: str) -> None:
        self._look_up = look_up
        self._switch = switch

    def say(self, words: str, **values: object) -> str:
        """*words*, which the catalogs hold, with *values* in place of their placeholders."""
        return filled(self._told(words), {name: str(value) for name, value in values.items()})

    def translate(self, sentence: str) -> str:
        """A finished English *sentence*, or several, such as an error or a job's message."""
        language = _translations.locale
        if language not in LANGUAGES or not getattr(current.preferences.view, self._switch):
            return sentence
        return _retold(sentence, language, self)

    def _told(self, words: str) -> str:
        look_up = getattr(_translations, self._look_up)
        told: str = look_up(words, OURS)
        if told == words:
            told = look_up(words)
        return told


@lru_cache(maxsize=1024)
def _retold(sentence: str, _language: str, voice: Voice) -> str:
    return _book.translate(sentence, voice._told)  # noqa: SLF001 - of this module


labels = Voice("pgettext_iface", "use_translate_interface")
tooltips = Voice("pgettext_tip", "use_translate_tooltips")
reports = Voice("pgettext_rpt", "use_translate_reports")
