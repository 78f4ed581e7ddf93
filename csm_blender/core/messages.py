# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as data: an English template with named values, which can be shown in another language later.

A message is written by one process (the worker, a converter) and shown by another, perhaps in another language, so it
keeps its template and values. It is a ``str`` with the English text, which the store, the logs and the command line
hold; where it is shown in Blender, :mod:`csm_blender.scene.addon.translation` fills the translated template. No logic
reads the text: what a program has to know is in :attr:`Message.code` or in a field of its own.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Self

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SIDECAR = "messages"


class Message(str):  # noqa: SLOT000 - it has attributes, and is made seldom
    """The English text of *template* filled with *values*; both are kept, with an optional *code* for programs.

    A value is a text, a number, a message (translated with the text around it) or several messages (shown as a list).
    """

    code: str
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, code: str = "", **values: Any) -> Self:
        """Fill the ``{placeholders}`` of *template*; one without a value stays as it is."""
        kept = {name: _kept(value) for name, value in values.items()}
        english = {n: ", ".join(each) if isinstance(each, (tuple, list)) else str(each) for n, each in kept.items()}
        message = super().__new__(cls, fill(template, english))
        message.code, message.template, message.values = code, template, kept
        return message

    @classmethod
    def of(cls, text: str) -> Message:
        """*text* itself if it is a message, else a message that is nothing but *text*."""
        return text if isinstance(text, Message) else cls(text)

    def mapped(self, change: Callable[[str], str]) -> Message:
        """This message with *change* applied to every text that was filled in, such as words of the service."""

        def changed(value: Any) -> Any:
            if isinstance(value, Message):
                return value.mapped(change)
            return change(value) if isinstance(value, str) else value

        return Message(self.template, code=self.code, **_each(changed, self.values))

    def as_data(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_data` takes it back."""
        values = _each(lambda value: value.as_data() if isinstance(value, Message) else value, self.values)
        return {"code": self.code, "template": self.template, "values": values}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Message:
        """The message that :meth:`as_data` wrote. Raises ``KeyError``, ``TypeError`` or ``AttributeError``."""
        values = {str(name): _value_from_data(value) for name, value in data["values"].items()}
        return cls(str(data["template"]), code=str(data["code"]), **values)


def sentences(*parts: str) -> Message:
    """Several sentences, one after the other, as one message. Empty ones are left out."""
    messages = [Message.of(part) for part in parts if part]
    if len(messages) == 1:
        return messages[0]
    values = {f"_{number}": message for number, message in enumerate(messages)}
    return Message(" ".join(f"{{{name}}}" for name in values), **values)


def fill(template: str, values: Mapping[str, str]) -> str:
    """*template* with *values* in place of its placeholders; braces in values are nothing special."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def to_json(data: Mapping[str, Any]) -> str:
    """*data* as JSON, in which each message is its English text; their templates and values are added beside them."""
    values: list[Any] = []
    _each(values.append, data)
    made = {
        str(value): value.as_data() for value in values if isinstance(value, Message) and (value.values or value.code)
    }
    return json.dumps({**data, _SIDECAR: made} if made else data)


def from_json(text: str | bytes) -> Any:
    """What :func:`to_json` wrote, with its messages. Raises ``ValueError`` for text that is not JSON."""
    data = json.loads(text)
    made = data.pop(_SIDECAR, None) if isinstance(data, dict) else None
    if not isinstance(made, dict):
        return data
    known = {}
    for english, parts in made.items():
        with contextlib.suppress(KeyError, TypeError, AttributeError):  # of another version: the English text is used
            known[english] = Message.from_data(parts)
    return _each(lambda value: known.get(value, value) if isinstance(value, str) else value, data)


def _kept(value: Any) -> Any:
    """*value* as a message keeps it: an error as its message or the system's reason, paths and the like as text."""
    if isinstance(value, BaseException):
        value = getattr(value, "message", None) or getattr(value, "strerror", None) or str(value)
    return value if isinstance(value, (str, int, float, tuple, list)) else str(value)


def _each(change: Callable[[Any], Any], data: Any) -> Any:
    """*data* with *change* applied to each value in it, through mappings, lists and tuples."""
    if isinstance(data, Mapping):
        return {name: _each(change, value) for name, value in data.items()}
    return [_each(change, value) for value in data] if isinstance(data, (list, tuple)) else change(data)


def _value_from_data(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Message.from_data(value)
    return tuple(_value_from_data(part) for part in value) if isinstance(value, list) else value


NOTHING = Message("")

ROUTINE = "routine"
"""Code of messages that say no more than the job's state and progress do."""
