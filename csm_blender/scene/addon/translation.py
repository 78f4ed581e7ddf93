# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in the language of Blender.

Blender looks up by itself what it shows as it is written: labels, names, tooltips, items. What is put together, and
what was written in English elsewhere, goes through one of the three voices, which follow Blender's three switches
(Preferences > Interface > Translation): :data:`labels`, :data:`tooltips`, :data:`reports`.
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
"""A context in which Blender has no words: some of ours it knows in another sense, and its own come first."""

_CONTEXTS = ("*", "Operator", OURS)
"""Blender looks up names of operators and texts of their buttons in the second, all else in the first."""

_CATALOGS = Path(__file__).resolve().parents[2] / "locale"
_translations: Any = bpy.app.translations
_JOINT_AFTER_IDEOGRAPHIC_STOP = re.compile("(\N{IDEOGRAPHIC FULL STOP}) ")
"""Sentences are joined by a space, which Chinese and Japanese do without."""


def start() -> None:
    """Give Blender the catalogs; it looks only into that of its own language."""
    catalogs = {language: catalog(language) for language in LANGUAGES}
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

    def say(self, template: str, **values: Any) -> str:
        """*template*, which the catalogs hold, with *values* in place of its placeholders."""
        return self.translate(Message(template, **values))

    def translate(self, text: str) -> str:
        """*text* in Blender's language: a message by its template, any other text as a whole."""
        if _translations.locale not in LANGUAGES or not getattr(current.preferences.view, self._switch):
            return str(text)
        return _JOINT_AFTER_IDEOGRAPHIC_STOP.sub(r"\1", self._filled(Message.of(text)))

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
        if found == template:
            found = look_up(template)
        return found


labels = Voice("pgettext_iface", "use_translate_interface")
tooltips = Voice("pgettext_tip", "use_translate_tooltips")
reports = Voice("pgettext_rpt", "use_translate_reports")
