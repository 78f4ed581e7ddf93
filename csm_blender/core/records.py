# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses that go through JSON: to the store, into .blend files, between processes.

The types of the fields say how they are read: other records, enums, paths, numbers, texts, tuples, and ``None`` where
it is allowed. What the metadata of a field can say is in :data:`FLAT`, :data:`NOT_KEPT` and :func:`key`.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self, get_args, get_origin, get_type_hints

FLAT: Mapping[str, Any] = {"key": ""}
"""The field is a record itself, and its values are beside the others in JSON."""
NOT_KEPT: Mapping[str, Any] = {"key": None}
"""The field does not go into JSON."""


def key(name: str) -> Mapping[str, Any]:
    """The field is called *name* in JSON."""
    return {"key": name}


class Record:
    """Base of a frozen dataclass that goes through JSON."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` reads it."""
        data: dict[str, Any] = {}
        for member in _members(type(self)):
            value = _as_data(getattr(self, member.field.name))
            data |= {member.key: value} if member.key else value or {}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`as_dict` wrote; other values in *data* are ignored.

        Fields that are missing get their defaults. Raises ``TypeError`` or ``ValueError`` where that cannot be.
        """
        if not isinstance(data, Mapping):
            raise TypeError(f"{data!r} is no record")
        values = {}
        for member in _members(cls):
            if member.needed <= data.keys():
                values[member.field.name] = member.read(data[member.key] if member.key else data)
        return cls(**values)

    @classmethod
    def keys(cls, *, required: bool = False) -> set[str]:
        """What the values are called in JSON; if *required*, only of fields that have no default."""
        chosen = [each for each in _members(cls) if not required or each.field.default is MISSING]
        return {name for each in chosen for name in ([each.key] if each.key else each.kind.keys(required=required))}


class _Member(NamedTuple):
    """How one field of a record goes through JSON."""

    field: Field[Any]
    key: str
    """Empty where the field is flat."""
    kind: Any
    needed: frozenset[str]
    """The keys that must be there for the field to be read."""
    read: Callable[[Any], Any]


def _member(field: Field[Any], hint: Any) -> _Member:
    key, kind = field.metadata.get("key", field.name), _inner(hint)
    return _Member(field, key, kind, frozenset([key] if key else kind.keys(required=True)), _reader(hint))


def _find_members(record: Any) -> tuple[_Member, ...]:
    hints = get_type_hints(record)
    return tuple(_member(each, hints[each.name]) for each in fields(record) if each.metadata != NOT_KEPT)


_members: Callable[[Any], tuple[_Member, ...]] = cache(_find_members)


def _inner(kind: Any) -> Any:
    """The X of ``X | None``, and of X itself."""
    return next(each for each in (get_args(kind) or (kind,)) if each is not types.NoneType)


def _as_data(value: Any) -> Any:
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, tuple):
        return [_as_data(part) for part in value]
    return str(value) if isinstance(value, (Enum, Path)) else value


def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that turns a value from JSON into the type *kind*."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        read = _reader(_inner(kind))
        return lambda value: None if value is None else read(value)
    if origin is tuple and parts[-1] is Ellipsis:
        read = _reader(parts[0])
        return lambda value: tuple(map(read, value))
    if origin is tuple:
        reads = tuple(map(_reader, parts))
        return lambda value: tuple(each(part) for each, part in zip(reads, value, strict=True))
    plain: dict[Any, Callable[[Any], Any]] = {str: _text, int: operator.index}
    reader: Callable[[Any], Any] = kind.from_dict if issubclass(kind, Record) else plain.get(kind, kind)
    return reader


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value  # not str(value): a Message keeps its template
