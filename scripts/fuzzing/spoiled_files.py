# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PLR2004 - dice have numbers
"""Small GLB files, whole and spoiled by dice: in their bytes, their headers, their JSON."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any

from tiny_glb import box_binary, box_document, glb

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "assets"
LARGEST_SEED_BYTES = 200_000
ODD_VALUES: list[Any] = [
    0, -1, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 10**400, 1.5, 1e308, -0.0, "", "x", "../../etc/passwd", "data:,",
    None,
    True, [], {}, [[]], "file:///etc/passwd", "http://127.0.0.1/x.bin", "data:;base64,AAAA", "9" * 5000,
]  # fmt: skip
ODD_NUMBERS = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, 12, 20]


def seeds() -> list[bytes]:
    """Small whole files: our own, and the shared samples where they are on this machine."""
    skinned = box_document()
    skinned |= {"skins": [{"joints": [0]}], "animations": [{"channels": [], "samplers": []}]}
    textured = box_document()
    textured |= {
        "images": [{"uri": "data:image/png;base64,iVBORw0KGgo="}],
        "extensionsRequired": ["KHR_texture_transform"],
    }
    found = [glb(), glb(skinned), glb(textured), glb(box_document(), box_binary() + b"\0" * 64)]
    samples = sorted(SAMPLES.glob("*.glb"))
    return found + [path.read_bytes() for path in samples if path.stat().st_size <= LARGEST_SEED_BYTES]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """*data* with one to four things wrong: in its bytes, its headers, or its JSON."""
    for _ in range(dice.randint(1, 4)):
        data = dice.choice((_bytes, _header, _document, _document, _document, _cut))(data, dice)
    return data


def _bytes(data: bytes, dice: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        if spoiled:
            spoiled[dice.randrange(min(len(spoiled), 4000))] = dice.randrange(256)
    return bytes(spoiled)


def _header(data: bytes, dice: random.Random) -> bytes:
    place = dice.choice((4, 8, 12, 16))
    return data[:place] + struct.pack("<I", dice.choice(ODD_NUMBERS)) + data[place + 4 :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)] if dice.random() < 0.3 else data + b"\0" * dice.randrange(40)


def _document(data: bytes, dice: random.Random) -> bytes:
    """The JSON with a value somewhere replaced, doubled or gone, in a container that is right again."""
    try:
        (length,) = struct.unpack("<I", data[12:16])
        document = json.loads(data[20 : 20 + length])
        binary = data[28 + length :]
    except (struct.error, ValueError):
        return data
    places: list[tuple[Any, Any]] = []
    _collect(document, places)
    if not places:
        return data
    holder, key = dice.choice(places)
    fate = dice.random()
    if fate < 0.15:
        del holder[key]
    elif fate < 0.25 and isinstance(holder, list):
        holder.extend([holder[key]] * dice.choice((1, 10, 1000)))
    elif fate < 0.35:
        for _ in range(dice.choice((5, 500))):
            holder[key] = [holder[key]]
    elif isinstance(holder[key], int) and fate < 0.7:
        holder[key] += dice.choice((-1, 1, 4, 1000, 2**31))
    else:
        holder[key] = dice.choice(ODD_VALUES)
    try:
        return glb(document, binary)
    except (ValueError, RecursionError, struct.error):
        return data


def _collect(value: Any, places: list[tuple[Any, Any]], depth: int = 0) -> None:
    if depth > 20:
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        places.append((value, key))
        _collect(inner, places, depth + 1)
