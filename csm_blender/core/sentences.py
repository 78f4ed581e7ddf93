# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a finished English sentence in another language.

Errors and messages are written in English, for the store, the logs and the command line, often by another process.
Where they are shown they are told again: the *template* they were made of is found by its words, translated, and filled
with what was filled in. What matches nothing stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import islice

LookUp = Callable[[str], str]
"""Gives the translation of a text or template, or the text itself where there is none."""

SPOKEN = frozenset(
    {
        *("broken", "dimension", "error", "fault", "found", "host", "how", "kind", "known", "last_line"),
        *("mode_name", "needs", "network_reason", "problem", "reason", "waited"),
    }
)
"""Placeholders that hold words of this program, which are told again too; others hold names, numbers, others' words."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_END_OF_SENTENCE = re.compile(r"(?<=[.?!]) ")
_LIST = re.compile(r", | and ")
LONGEST = 4
"""So many sentences a text of the catalogs has at most. It keeps drawing quick when a service sends hundreds."""

_IDEOGRAPHIC = re.compile(r"[\u3000-\u9fff]")


def filled(template: str, values: dict[str, str]) -> str:
    """*template* with *values* in place of its placeholders; braces in values are nothing special."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


class Template:
    """A text with placeholders, recognised in what was made of it. It is compiled when it is first needed."""

    def __init__(self, words: str) -> None:
        self.words = words
        self._pieces = PLACEHOLDER.split(words)[::2]
        self._mark = max(self._pieces, key=len)

    @property
    def weight(self) -> int:
        """Number of its own letters: of two templates that match, the one that says more is meant."""
        return sum(map(len, self._pieces))

    def values_in(self, sentence: str) -> dict[str, str] | None:
        """What was filled in, where *sentence* was made of this template."""
        if self._mark not in sentence:
            return None
        found = self._pattern.fullmatch(sentence)
        return found.groupdict() if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = PLACEHOLDER.findall(self.words)
        parts = [re.escape(self._pieces[0])]
        for name, piece in zip(names, self._pieces[1:], strict=True):
            # What is filled in does not run over the end of a sentence, nor at the beginning of one over a colon.
            ends = "[.?!]" if parts[-1] else "[.?!:]"
            parts.append(rf"(?P<{name}>(?:(?!{ends} ).)*?){re.escape(piece)}")
        return re.compile("".join(parts), re.DOTALL)


class Phrasebook:
    """All templates."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Those of *texts* that have placeholders."""
        templates = [Template(text) for text in texts if PLACEHOLDER.search(text)]
        self._templates = sorted(templates, key=lambda template: template.weight, reverse=True)

    def translate(self, text: str, look_up: LookUp) -> str:
        """*text*, of one sentence or several, as far as it is known; the rest as it is."""
        known = self._known(text, look_up)
        if known is not None:
            return known
        ends = [found.start() for found in islice(_END_OF_SENTENCE.finditer(text), LONGEST)]
        for end in reversed(ends):
            known = self._known(text[:end], look_up)
            if known is not None:
                return _joined(known, self.translate(text[end + 1 :], look_up))
        return _joined(text[: ends[0]], self.translate(text[ends[0] + 1 :], look_up)) if ends else text

    def _known(self, text: str, look_up: LookUp) -> str | None:
        told = look_up(text)
        if told != text:
            return told
        for template in self._templates:
            values = template.values_in(text)
            if values is None:
                continue
            told = look_up(template.words)
            if told != template.words:
                spoken = {name: self._retell_list(value, look_up) for name, value in values.items() if name in SPOKEN}
                return filled(told, values | spoken)
        return None

    def _retell_list(self, text: str, look_up: LookUp) -> str:
        parts = [self._known(part, look_up) for part in _LIST.split(text)]
        if len(parts) > 1 and all(parts):
            told = [part for part in parts if part]
            return ("、" if _IDEOGRAPHIC.search(told[0]) else ", ").join(told)
        return self.translate(text, look_up)


def _joined(first: str, second: str) -> str:
    return f"{first}{second}" if first.endswith("。") else f"{first} {second}"
