# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text of the extension that a person can read in Blender, found by reading its source.

A text with something filled in (an f-string, or ``say("… {name}", name=…)``) becomes a template: the same words with
placeholders. The catalogs in ``csm_blender/locale`` hold exactly these texts.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "csm_blender"
LAYERS = ("core", "worker", "converter", "scene", "ui")
"""The command line speaks English."""

_SHOWN = frozenset(
    {
        "text",
        "title",
        "message",
        "note",
        "confirm_text",
        "placeholder",
        "heading",
        "name",
        "description",
        "_DIMENSIONS",
        "_REMARKS",
        "bl_label",
        "bl_description",
    }
)
"""Arguments and variables whose value is shown, however short it is."""

_SPEAKERS = frozenset({"say", "report", "poll_message_set"})
"""Functions whose arguments are shown."""

_NOT_FOR_PEOPLE = frozenset({"_log", "logging", "re", "execute", "executescript", "_select", "getLogger", "compile"})
"""Whose arguments are SQL, patterns, or for the log, which is English."""

_MARKS = frozenset(
    {
        # what is looked for in the messages of others
        "self-signed certificate in certificate chain",
        "self signed",
        "unable to get local issuer",
        "hostname mismatch",
        "doesn't match",
        "wrong version number",
        "ca certs",
        "file is encrypted",
        "unable to open",
        "not a database",
        # the service's words for states
        "preview done",
        "refine done",
        "training refine",
        # for programs
        "gzip, deflate",
        "Application Support",
        "not loaded",
        "*{SUFFIX};*.csv;*.json",
        "{OURS} from {session_code} (job {job_id})",
        "Refined by CSM",
        # names of datablocks and files, the same in every language
        "CSM Preview",
        "CSM Previews",
        "{name} preview",
        "{name} as placed",
        "{stem} {number}.blend",
        "{SUFFIX};.csv",
        "state IN ({value})",
        "Operator",
        # the API's own names and numbers
        "scaled_bbox: {numbers} m",
        "pivot_point: {numbers}",
        "CSM: {object_name}, {say}",
    }
)
"""Texts that nobody is shown."""

_SINGLE_WORDS = ("ui/", "scene/", "core/jobs/quality_report.py")
"""Where a single capitalised word is something to read; elsewhere it is a header or a key."""

_SEVERAL_WORDS = re.compile(r"[^\W\d_]{2,}\S* (a )?\S*[^\W\d_]{2,}")
_CODE = re.compile(r"(#|BEGIN|DELETE|INSERT|PRAGMA|SELECT|UPDATE|WHERE|import) |\(lease_owner |%\(")
_QUANTITY = re.compile(r"\{\w+\} (s|min|h|d|y)( \{\w+\} \w+)?")


def spoken_texts(package: Path = PACKAGE) -> dict[str, str]:
    """All texts, each with the place it was found first (``ui/panel.py:12``), in the order of the source."""
    trees = {path.relative_to(package).as_posix(): ast.parse(path.read_text("utf-8")) for path in _modules(package)}
    errors = _error_classes(trees.values())
    found: dict[str, str] = {}
    for module, tree in trees.items():
        reader = _Reader(module, errors)
        reader.visit(tree)
        for words, line in sorted(reader.found, key=lambda text: text[1]):
            found.setdefault(words, f"{module}:{line}")
    return found


def composed_in_ui(package: Path = PACKAGE) -> list[str]:
    """F-strings with words in ``ui`` that are no error's: Blender cannot translate what is put together already."""
    found = []
    for path in _modules(package):
        tree = ast.parse(path.read_text("utf-8"))
        raised = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Raise) for inner in ast.walk(node)}
        found += [
            f"ui/{path.name}:{node.lineno} {template(node)}"
            for node in ast.walk(tree)
            if path.parent.name == "ui" and isinstance(node, ast.JoinedStr) and id(node) not in raised
            if template(node) not in _MARKS and re.search(r"[^\W\d_]{2,}", re.sub(r"\{\w+\}", "", template(node)))
        ]
    return found


def template(text: ast.JoinedStr) -> str:
    """An f-string's words, with placeholders named after what is filled in."""
    parts: list[str] = []
    names: list[str] = []
    for value in text.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        elif isinstance(value, ast.FormattedValue):
            name = _name_of(value.value)
            names.append(name)
            parts.append(f"{{{name}{names.count(name) if names.count(name) > 1 else ''}}}")
    return "".join(parts)


def _name_of(node: ast.expr) -> str:  # noqa: PLR0911 - one for each kind of expression
    match node:
        case ast.Name():
            return node.id.strip("_")
        case ast.Attribute():
            return node.attr.strip("_")
        case ast.Call(func=ast.Name(id=name), args=arguments) if hasattr(builtins, name) and arguments:
            return _name_of(arguments[-1])
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            return _name_of(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if hasattr(str, method):
            return _name_of(inner)
        case ast.Call(func=function):
            return _name_of(function)
        case ast.BinOp(left=inner) | ast.Subscript(value=inner) | ast.BoolOp(values=[inner, *_]):
            return _name_of(inner)
        case ast.GeneratorExp(elt=inner) | ast.IfExp(body=inner):
            return _name_of(inner)
        case ast.JoinedStr(values=values):
            return next((_name_of(value.value) for value in values if isinstance(value, ast.FormattedValue)), "more")
        case _:
            return "value"


def _modules(package: Path) -> list[Path]:
    return [path for layer in LAYERS for path in sorted((package / layer).rglob("*.py"))]


def _error_classes(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Names of all classes below ``CsmError``."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = {"CsmError", "ThumbnailFailed"}  # the latter is told in a note
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return frozenset(known)


class _Reader(ast.NodeVisitor):
    """Collects the texts of one module, with their lines."""

    def __init__(self, module: str, errors: frozenset[str]) -> None:
        self.found: list[tuple[str, int]] = []
        self._errors = errors
        self._single_words = module.startswith(_SINGLE_WORDS)
        self._is_shown = False

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """An operator's docstring is its tooltip."""
        if "_OT_" in node.name:
            tooltip = ast.get_docstring(node)
            assert tooltip, f"{node.name} has no tooltip"
            self.found.append((tooltip, node.lineno))
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Docstrings are for programmers."""
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Only this project's errors come to be read."""
        match node.exc:
            case ast.Call(func=ast.Name(id=name)) if name[:1].isupper() and name not in self._errors:
                return
            case ast.Call(func=ast.Attribute()):
                return
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        """For programmers."""

    def visit_Compare(self, node: ast.Compare) -> None:
        """What is compared is not shown."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Nor are keys and types."""
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The annotations of properties are calls, the others types."""
        if isinstance(node.annotation, ast.Call):
            self.visit(node.annotation)
        if node.value is not None:
            self._visit_value(node.target, node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        """``text = "…"`` comes to be shown; ``row.operator(…, text="…").job_id = …`` is shown on the left."""
        for target in node.targets:
            self.visit(target)
        self._visit_value(node.targets[0], node.value)

    def _visit_value(self, target: ast.expr, value: ast.expr) -> None:
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        self._visit_as(value, shown=name in _SHOWN)

    def visit_Call(self, node: ast.Call) -> None:
        """Arguments tell by their names, or by the function's, whether they are shown."""
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        if {name, owner, ast.unparse(node.func).partition("(")[0].partition(".")[0]} & _NOT_FOR_PEOPLE:
            return
        self.visit(node.func)
        for argument in node.args:
            self._visit_as(argument, shown=name in _SPEAKERS)
        for keyword in node.keywords:
            self._visit_as(keyword.value, shown=keyword.arg in _SHOWN)

    def visit_Dict(self, node: ast.Dict) -> None:
        """Keys are for programs."""
        for value in node.values:
            self.visit(value)

    def _visit_as(self, node: ast.expr, *, shown: bool) -> None:
        before, self._is_shown = self._is_shown, shown
        self.visit(node)
        self._is_shown = before

    def visit_Constant(self, node: ast.Constant) -> None:
        """A text as it is."""
        if isinstance(node.value, str):
            self._take(node.value, node.lineno)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """A text with something filled in, and the texts in what is filled in."""
        words = template(node)
        if re.sub(r"\{\w+\}", "", words).strip():
            self._take(words, node.lineno)
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self._visit_as(value.value, shown=False)

    def _take(self, text: str, line: int) -> None:
        words = text.strip()
        letters = re.sub(r"\{\w+\}", "", words)
        if _CODE.match(words) or words in _MARKS or not re.search(r"[a-z]", letters):
            return
        is_word = re.fullmatch(r"[A-Za-z][a-z]+(-[a-z]+)?('s)?…?", words) and (
            self._is_shown or (self._single_words and words[0].isupper())
        )
        is_phrase = _SEVERAL_WORDS.search(words) or (self._is_shown and re.search(r"[a-z]\W|\W [a-z]", letters))
        if is_word or is_phrase or _QUANTITY.fullmatch(words):
            self.found.append((words, line))
