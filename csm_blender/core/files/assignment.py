# SPDX-License-Identifier: GPL-3.0-or-later
"""Which session or file goes onto which object, as it is shown to the user before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath

from ..messages import Message

_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Pair:
    """A session's code or a file, and the name of an object. *problem* says why the two cannot be paired, if so.

    What is left over on one side has the other empty.
    """

    session: str
    object_name: str
    problem: str = ""


def natural_order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Key for sorting names as people do: Chair 2 before Chair 10, upper and lower case alike."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def in_order(codes: Sequence[str], names: Sequence[str]) -> list[Pair]:
    """The codes as they come, each with the next of the *names* in natural order, and what is left over at the end."""
    left_over = (Message("No object is left for it"), Message("No session is left for it"))
    return [
        Pair(code, name, "" if code and name else left_over[bool(name)])
        for code, name in zip_longest(codes, sorted(names, key=natural_order), fillvalue="")
    ]


def by_name(files: Sequence[str], names: Sequence[str]) -> list[Pair]:
    """The *files* (paths or names), each with the object of its name, in their order; then the objects left over.

    A file goes to the object that is called as it is without its suffix; else to the one whose name has the same words
    and numbers, whatever their case and what separates them; else to the one whose words it begins with, or that begins
    with its words. Where several fit equally nothing is guessed: they are left over, with a problem that names them.
    """
    stems = {file: _Name.of(PurePath(file).stem) for file in files}
    called = {name: _Name.of(name) for name in names}
    left_files, left_names = dict.fromkeys(files), dict.fromkeys(names)
    pairs: dict[str, Pair] = {}
    for is_same in (_is_equal, _has_same_words, _begins_alike):
        matches = {file: [name for name in left_names if is_same(stems[file], called[name])] for file in left_files}
        rivals: dict[str, list[str]] = {}
        for file, found in matches.items():
            for name in found:
                rivals.setdefault(name, []).append(file)
        for file, found in matches.items():
            if not found:
                continue
            others = [other for other in rivals[found[0]] if other != file]
            if len(found) > 1:
                pairs[file] = Pair(file, "", Message("Several objects fit its name: {names}", names=tuple(found)))
            elif others:
                also = tuple(PurePath(other).name for other in others)
                pairs[file] = Pair(file, "", Message("{name} fits {others} as well", name=repr(found[0]), others=also))
            else:
                pairs[file] = Pair(file, found[0])
        left_files = {file: None for file in left_files if file not in pairs}
        taken = {name for found in matches.values() for name in found}
        left_names = {name: None for name in left_names if name not in taken}
    nothing = Message("No object has its name")
    paired = [pairs.get(file, Pair(file, "", nothing)) for file in files]
    used = {pair.object_name for pair in paired}
    return [*paired, *(Pair("", name, Message("No file has its name")) for name in names if name not in used)]


@dataclass(frozen=True)
class _Name:
    """A name, and the words and numbers in it: ``Old-Chair02`` has three."""

    text: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Name:
        parts = _WORD.findall(text.casefold())
        return cls(text, tuple(str(int(part)) if part.isdecimal() else part for part in parts))


def _is_equal(stem: _Name, name: _Name) -> bool:
    return stem.text == name.text


def _has_same_words(stem: _Name, name: _Name) -> bool:
    return bool(stem.words) and stem.words == name.words


def _begins_alike(stem: _Name, name: _Name) -> bool:
    """Whether the words of one begin with those of the other."""
    shared = min(len(stem.words), len(name.words))
    return bool(shared) and stem.words[:shared] == name.words[:shared]


def usable(pairs: Sequence[Pair]) -> list[Pair]:
    """Those without a problem."""
    return [pair for pair in pairs if not pair.problem]
