# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text of the extension that a person can read in Blender, found by reading its source.

Texts stand in four places: ``Message("…")``; errors ``BadValue("…", "hint")`` and the ``hint`` of their class;
``.say("…")``; and what Blender looks up itself in the user interface: labels, names, descriptions, items, tooltips,
reports. The catalogs in ``csm_blender/locale`` hold exactly these texts.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "csm_blender"
LAYERS = ("core", "worker", "remesh", "converter", "scene", "ui")
"""The command line speaks English."""

_TEXT_FIRST = frozenset({"Message", "say", "poll_message_set"})
"""Functions whose first argument is a text."""

_SHOWN = frozenset({"text", "title", "message", "confirm_text", "placeholder", "heading", "name", "description"})
"""Arguments of Blender's functions that it shows."""


_ALL_LANGUAGES = re.compile(r"([^a-z]|\{\w+\})*")
"""What is the same in every language: numbers, signs, codes."""


_PASS_ON = frozenset({"core/errors.py", "core/jobs/rows.py", "scene/addon/translation.py"})
"""Modules that make messages of texts which they are given."""


def spoken_texts(package: Path = PACKAGE) -> dict[str, str]:
    """All texts, each with the place it was found first (``ui/panel.py:12``), in the order of the source."""
    found: dict[str, str] = {}
    for module, nodes in _text_nodes(package):
        for node in sorted(nodes, key=lambda node: node.lineno):
            if isinstance(node, ast.Constant) and not _ALL_LANGUAGES.fullmatch(node.value.strip()):
                found.setdefault(node.value.strip(), f"{module}:{node.lineno}")
    return found


def composed_texts(package: Path = PACKAGE) -> list[str]:
    """Where a text is put together, or comes out of a parameter: no catalog can hold it, so nobody can translate it."""
    return [
        f"{module}:{node.lineno} {ast.unparse(node)}"
        for module, nodes in _text_nodes(package)
        for node in nodes
        if (module not in _PASS_ON if isinstance(node, ast.Name) else _is_composed(node))
    ]


def _text_nodes(package: Path) -> Iterator[tuple[str, list[ast.expr]]]:
    """Each module with what stands in it where a text is expected: constants, and what composes a text."""
    paths = [path for layer in LAYERS for path in sorted((package / layer).rglob("*.py"))]
    trees = {path.relative_to(package).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}
    errors = _error_classes(trees.values())
    for module, tree in trees.items():
        yield module, _Module(tree, errors, drawn=module.startswith("ui/") or module == "scene/properties.py").found


def _error_classes(trees: Iterable[ast.Module]) -> set[str]:
    """Names of all classes below ``CsmError``."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known, count = {"CsmError"}, 0
    while len(known) > count:
        count = len(known)
        known |= {node.name for node in classes if known & {ast.unparse(base) for base in node.bases}}
    return known


class _Module:
    """What stands in one module where a text is expected. *drawn* says that Blender looks up texts in it itself."""

    def __init__(self, tree: ast.Module, errors: set[str], *, drawn: bool) -> None:
        self.found: list[ast.expr] = []
        self._errors = errors
        self._drawn = drawn
        self._values: defaultdict[str, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._values[name].append(value)
        self._assigned = frozenset(self._values)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.ClassDef):
                self._class(node)

    def _class(self, node: ast.ClassDef) -> None:
        if node.name in self._errors:
            for keyword in node.keywords:
                if keyword.arg == "hint":
                    self._take(keyword.value)
        for statement in node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="bl_label")], value=value):
                    self._take(value)
        if "_OT_" in node.name:  # its docstring is its tooltip
            match node.body[0]:
                case ast.Expr(value=ast.Constant() as tooltip):
                    self._take(tooltip)

    def _call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in self._errors:
            for text in (*node.args[:2], *(value for key, value in named.items() if key == "hint")):
                self._take(text)
        elif name in _TEXT_FIRST:
            self._take(node.args[0])
            if isinstance(node.args[0], ast.Name) and node.args[0].id not in self._assigned:
                self.found.append(node.args[0])
        elif self._drawn:
            if name == "report":
                self._take(node.args[1])
            if "translate" not in named:
                for text in (value for key, value in named.items() if key in _SHOWN):
                    self._take(text)
            self._items(named.get("items"))

    def _items(self, node: ast.expr | None) -> None:
        """The labels and descriptions of an enumeration."""
        match node:
            case ast.Name(id=name):
                for value in self._values[name]:
                    self._items(value)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                for item in items:
                    for text in getattr(item, "elts", [])[1:3]:
                        self._take(text)

    def _take(self, node: ast.expr) -> None:
        """Take the texts that *node* can be, following names of this module; what gives none is found elsewhere."""
        match node:
            case ast.Name(id=name):
                for value in self._values.pop(name, []):
                    self._take(value)
            case ast.IfExp(body=one, orelse=other):
                self._take(one)
                self._take(other)
            case ast.BoolOp(values=values):
                for value in values:
                    self._take(value)
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
                self.found.append(node)
            case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Constant())):
                self.found.append(node)


def _is_composed(node: ast.expr) -> bool:
    return not isinstance(node, ast.Constant) and bool(re.search(r"[^\W\d_]{2}", "".join(_words_in(node))))


def _words_in(node: ast.expr) -> Iterator[str]:
    """The words that stand in a composed text itself, not in what is filled in."""
    match node:
        case ast.Constant(value=str() as words):
            yield words
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from _words_in(part)
        case ast.BinOp(left=left, right=right):
            yield from _words_in(left)
            yield from _words_in(right)
        case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Constant() as words)):
            yield from _words_in(words)
