# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses that go through JSON: to the store, into .blend files, between processes.

The types of the fields say how they are read: other records, enums, paths, numbers, texts, tuples, and ``None``
where it is allowed. What the metadata of a field can say is in :data:`FLAT`, :data:`NOT_KEPT`, :data:`IF_SET`
and :func:`key`.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args, get_origin, get_type_hints

FLAT: Mapping[str, Any] = {"key": ""}
"""The field is a record itself, and its values are beside the others in JSON."""
NOT_KEPT: Mapping[str, Any] = {"key": None}
"""The field does not go into JSON."""

IF_SET: Mapping[str, Any] = {"if_set": True}
"""The field goes into JSON only where it is not its default: what earlier versions do not know is hidden from them."""


def key(name: str) -> Mapping[str, Any]:
    """The field is called *name* in JSON."""
    return {"key": name}


class Record:
    """Base of a frozen dataclass that goes through JSON."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` reads it."""
        data: dict[str, Any] = {}
        for field, name in _written(type(self)):
            value = getattr(self, field.name)
            if "if_set" not in field.metadata or value != field.default:
                data |= {name: _as_data(value)} if name else _as_data(value) or {}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`as_dict` wrote; other values in *data* are ignored.

        Fields that are missing get their defaults. Raises ``TypeError`` or ``ValueError`` where that cannot be.
        """
        if not isinstance(data, Mapping):
            raise TypeError(f"{data!r} is no record")
        values = {}
        for name, key, needed, read in _members(cls):
            if key in data if key else needed <= data.keys():
                values[name] = read(data[key] if key else data)
        return cls(**values)

    @classmethod
    def keys(cls, *, required: bool = False) -> frozenset[str]:
        """What the values are called in JSON; if *required*, only of fields that have no default."""
        return _keys(cls, required=required)


_Member = tuple[str, str, frozenset[str], Callable[[Any], Any]]
"""A field: its name, its key in JSON or, where it is flat, the keys that must be there, and what reads its value."""


def _kept(record: Any) -> Iterator[tuple[Field[Any], str, Any]]:
    """The fields that go into JSON, with key (empty where it is flat) and type."""
    hints = get_type_hints(record)
    for field in fields(record):
        if field.metadata != NOT_KEPT:
            yield field, field.metadata.get("key", field.name), hints[field.name]


def _find_members(record: Any) -> tuple[_Member, ...]:
    return tuple(
        (field.name, key, frozenset() if key else _inner(kind).keys(required=True), _reader(kind))
        for field, key, kind in _kept(record)
    )


def _find_keys(record: Any, *, required: bool) -> frozenset[str]:
    chosen = [(key, kind) for field, key, kind in _kept(record) if not required or field.default is MISSING]
    return frozenset(name for key, kind in chosen for name in ([key] if key else _inner(kind).keys(required=required)))


def _find_written(record: Any) -> tuple[tuple[Field[Any], str], ...]:
    return tuple((field, key) for field, key, _kind in _kept(record))


_written: Callable[[Any], tuple[tuple[Field[Any], str], ...]] = cache(_find_written)
_members: Callable[[Any], tuple[_Member, ...]] = cache(_find_members)
_keys: Callable[..., frozenset[str]] = cache(_find_keys)


_PLAIN = frozenset({float, int, str, bool, types.NoneType})


def _inner(kind: Any) -> Any:
    """The X of ``X | None``, and of X itself."""
    return next(each for each in (get_args(kind) or (kind,)) if each is not types.NoneType)


def _as_data(value: Any) -> Any:
    if type(value) in _PLAIN:  # most of all values
        return value
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
