# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit that a USD file says it is in: Blender's importer has looked at it only since 4.4.

A .usda says so in its first lines. A .usdc ("crate") holds tables of tokens and fields, compressed by LZ4 and by a
code for integers that differ little; of these only what leads to one number is read. A .usdz is an archive whose
first file, not compressed, is one of them.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

DEFAULT_M = 0.01
"""Meters per unit of a file that does not say so: USD's units are centimeters then."""

_UNIT = b"metersPerUnit"
_HEAD_BYTES = 65536
_ENTRY = struct.Struct("<4s5H3I2H")
_SECTION = struct.Struct("<16sqq")
_DOUBLE, _FLOAT = 9, 8
_INLINED = 1 << 62
_CODED = struct.Struct("<i")


def meters_per_unit(path: Path) -> float:
    """Meters per unit of the .usda, .usdc or .usdz at *path*; 0.01, USD's own default, where it does not say."""
    data = path.read_bytes()
    try:
        if data.startswith(b"PK"):
            head = _ENTRY.unpack_from(data)
            start = _ENTRY.size + head[9] + head[10]
            data = data[start : start + head[7]]
        found = _of_crate(data) if data.startswith(b"PXR-USDC") else _of_text(data)
    except (struct.error, IndexError, ValueError, OverflowError):  # damaged: the importer will say so
        found = None
    return found if found is not None and found > 0.0 else DEFAULT_M


def _of_text(data: bytes) -> float | None:
    found = re.search(rb"^\s*metersPerUnit\s*=\s*([-+.\deE]+)", data[:_HEAD_BYTES], re.MULTILINE)
    return float(found[1]) if found else None


def _of_crate(data: bytes) -> float | None:
    (contents,) = struct.unpack_from("<q", data, 16)
    (count,) = struct.unpack_from("<Q", data, contents)
    sections = {}
    for number in range(min(count, 64)):
        name, start, _size = _SECTION.unpack_from(data, contents + 8 + number * _SECTION.size)
        sections[name.rstrip(b"\0")] = start
    start = sections.get(b"TOKENS", 0)
    _tokens, text_bytes, packed = struct.unpack_from("<3Q", data, start)
    tokens = _unpacked(data[start + 24 : start + 24 + packed], text_bytes).split(b"\0")
    if _UNIT not in tokens:
        return None
    start = sections.get(b"FIELDS", 0)
    fields, packed = struct.unpack_from("<2Q", data, start)
    names = _integers(_unpacked(data[start + 16 : start + 16 + packed], 5 * fields + 16), fields)
    field = names.index(tokens.index(_UNIT))
    start += 16 + packed
    (packed,) = struct.unpack_from("<Q", data, start)
    (value,) = struct.unpack_from("<Q", _unpacked(data[start + 8 : start + 8 + packed], 8 * fields), 8 * field)
    return _number(data, value)


def _number(data: bytes, value: int) -> float | None:
    """The number of a value: its type in bits 48 to 55, and in the lower ones it itself as a float or its place."""
    kind, payload = value >> 48 & 0xFF, value & 0xFFFFFFFFFFFF
    if kind not in (_DOUBLE, _FLOAT):
        return None
    if value & _INLINED:
        return float(struct.unpack("<f", struct.pack("<I", payload & 0xFFFFFFFF))[0])
    return float(struct.unpack_from("<d" if kind == _DOUBLE else "<f", data, payload)[0])


def _unpacked(packed: bytes, most: int) -> bytes:
    """What USD has compressed, of at most *most* bytes: a number of chunks, 0 for one without its length."""
    if packed[:1] == b"\0":
        return _lz4(packed[1:], most)
    made, at = b"", 1
    for _chunk in range(packed[0]):
        (size,) = struct.unpack_from("<i", packed, at)
        made += _lz4(packed[at + 4 : at + 4 + size], most - len(made))
        at += 4 + size
    return made


def _lz4(packed: bytes, most: int) -> bytes:
    """A block of LZ4: bytes as they are and, in turn, copies of earlier ones. Raises ``ValueError`` beyond *most*."""
    made, at = bytearray(), 0
    while at < len(packed):
        lengths, at = packed[at], at + 1
        plain, at = _length(packed, at, lengths >> 4)
        made += packed[at : at + plain]
        at += plain
        if at >= len(packed):
            break
        back, at = int.from_bytes(packed[at : at + 2], "little"), at + 2
        copied, at = _length(packed, at, lengths & 15)
        copied += 4
        if not 0 < back <= len(made) or len(made) + copied > most:
            raise ValueError("no LZ4")
        start = len(made) - back
        pattern = bytes(made[start : start + copied])
        made += (pattern * (copied // len(pattern) + 1))[:copied]
    return bytes(made)


def _length(packed: bytes, at: int, length: int) -> tuple[int, int]:
    """A length that goes on in the next bytes where it is 15, and where they end."""
    more = 255 if length == 15 else 0  # noqa: PLR2004 - four bits
    while more == 255:  # noqa: PLR2004 - eight bits
        more, at = packed[at], at + 1
        length += more
    return length, at


def _integers(coded: bytes, count: int) -> list[int]:
    """*count* integers, each the one before plus a difference: the commonest one, or one of 1, 2 or 4 bytes.

    Two bits each say which, after the commonest one and before the differences.
    """
    (commonest,) = _CODED.unpack_from(coded)
    at = 4 + (2 * count + 7) // 8
    numbers, last = [], 0
    for number in range(count):
        size = (0, 1, 2, 4)[coded[4 + number // 4] >> 2 * (number % 4) & 3]
        last += int.from_bytes(coded[at : at + size], "little", signed=True) if size else commonest
        at += size
        numbers.append(last)
    return numbers
