# SPDX-License-Identifier: GPL-3.0-or-later
"""Translation of the add-on's texts into the language of Blender.

Blender translates constant texts itself: labels, names, tooltips, items. Texts with values, and messages of other
processes, go through :data:`labels`, :data:`tooltips` or :data:`reports`, which follow the three switches of Blender
(Preferences > Interface > Translation).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy

from ...core.messages import Message, fill
from ..blender.bpy_typing import current
from .environment import PACKAGE

LANGUAGES = ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS")
"""As Blender names them, from 4.2 on."""

OURS = "CSM"
"""A translation context of our own, for words that Blender has in another sense: its own come first."""

_CONTEXTS = ("*", "Operator", OURS)
"""Blender uses the second for names of operators and their buttons, the first for all else."""

_CATALOGS = Path(__file__).resolve().parents[2] / "locale"
_translations: Any = bpy.app.translations
_SPACE_AFTER_IDEOGRAPHIC_STOP = re.compile("(?<=\N{IDEOGRAPHIC FULL STOP}) ")
"""The space between sentences, which Chinese and Japanese do without."""


def start() -> None:
    """Register the catalogs in Blender."""
    catalogs = {
        language: {
            (context, text): translated for text, translated in catalog(language).items() for context in _CONTEXTS
        }
        for language in LANGUAGES
    }
    stop()
    _translations.register(PACKAGE, catalogs)


def stop() -> None:
    """Unregister them."""
    _translations.unregister(PACKAGE)


def catalog(language: str) -> dict[str, str]:
    """Each text of the add-on and its translation."""
    found: dict[str, str] = json.loads((_CATALOGS / f"{language}.json").read_text(encoding="utf-8"))
    return found


class Translator:
    """Translates texts if one of Blender's switches is on."""

    def __init__(self, look_up: str, switch: str) -> None:
        self._look_up = look_up
        self._switch = switch

    def say(self, template: str, **values: Any) -> str:
        """*template*, which the catalogs hold, with *values* in place of its placeholders."""
        return self.translate(Message(template, **values))

    def translate(self, text: str) -> str:
        """*text* in Blender's language: a message by its template and values, any other text as a whole."""
        if _translations.locale not in LANGUAGES or not getattr(current.preferences.view, self._switch):
            return str(text)
        return _SPACE_AFTER_IDEOGRAPHIC_STOP.sub("", self._filled(Message.of(text)))

    def _filled(self, message: Message) -> str:
        values = {name: self._value(value) for name, value in message.values.items()}
        return fill(self._template(message.template), values)

    def _value(self, value: object) -> str:
        if isinstance(value, Message):
            return self._filled(value)
        if isinstance(value, (tuple, list)):
            return self._template(", ").join(map(self._value, value))
        return str(value)

    def _template(self, template: str) -> str:
        look_up = getattr(_translations, self._look_up)
        found: str = look_up(template, OURS)
        return found if found != template else str(look_up(template))


labels = Translator("pgettext_iface", "use_translate_interface")
tooltips = Translator("pgettext_tip", "use_translate_tooltips")
reports = Translator("pgettext_rpt", "use_translate_reports")
