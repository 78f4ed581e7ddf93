# SPDX-License-Identifier: GPL-3.0-or-later
"""State lies in the runtime, not in modules: nothing in a module changes after it was imported, and there is one timer.

Names in UPPER_CASE are constants: they may be lists and dicts as long as nobody changes them. Other names at module
level may hold what cannot change: numbers, texts, loggers, objects of classes that never write to themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "csm_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
HOLDER = PACKAGE / "scene" / "blender" / "runtime.py"
IMMUTABLE_BASES = {"str", "int", "float", "tuple", "NamedTuple", "Enum", "StrEnum", "IntEnum"}
MUTABLE_MAKERS = {"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "bytearray", "local"}
CHANGING_METHODS = {
    *("append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "setdefault", "add", "discard"),
    *("sort", "reverse", "difference_update", "intersection_update"),
}
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def places(path: Path, node: ast.AST, what: str) -> str:
    return f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)} {what}"


def is_constant_name(name: str) -> bool:
    return name.strip("_") != "" and name == name.upper()


def name_of(node: ast.expr) -> str:
    """The last name of a dotted one."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def assigned(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target that is given a value directly in *body*, also below ``if`` and ``try``, and the value."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from assigned(getattr(node, part, []))


def is_frozen(cls: ast.ClassDef) -> bool:
    """Whether objects of the class stay as they were made."""
    if {name_of(base) for base in cls.bases} & IMMUTABLE_BASES:
        return True
    for decorator in cls.decorator_list:
        if isinstance(decorator, ast.Call) and name_of(decorator.func) == "dataclass":
            return any(
                k.arg == "frozen" and isinstance(k.value, ast.Constant) and k.value.value for k in decorator.keywords
            )
        if name_of(decorator) == "dataclass":
            return False
    methods = [node for node in cls.body if isinstance(node, FUNCTIONS)]
    writes_later = any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and name_of(node.value) == "self"
        for method in methods
        if method.name != "__init__"
        for node in ast.walk(method)
    )
    made = [node for method in methods if method.name == "__init__" for node in assigned(method.body)]
    holds_mutable = any(is_mutable(value, {}) for _target, value in made)
    return not writes_later and not holds_mutable and not any(is_mutable(value, {}) for _t, value in assigned(cls.body))


def is_mutable(value: ast.expr, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether *value* makes something that can change."""
    if isinstance(value, DISPLAYS):
        return True
    if not isinstance(value, ast.Call):
        return False
    made = name_of(value.func)
    return made in MUTABLE_MAKERS or (made in classes and not is_frozen(classes[made]))


CLASSES = {node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def mutable_globals(path: Path, tree: ast.Module) -> list[str]:
    found = []
    for target, value in assigned(tree.body):
        for name in (each.id for each in ast.walk(target) if isinstance(each, ast.Name)):
            mutable = is_mutable(value, CLASSES)
            is_own_object = isinstance(value, ast.Call) and name_of(value.func) in CLASSES
            if mutable and (is_own_object or not is_constant_name(name)):
                found.append(places(path, target, name))
    return found


def changed_constants(path: Path, tree: ast.Module) -> list[str]:
    """Where something that stands at module level is changed by a function."""
    names = {each.id for target, _ in assigned(tree.body) for each in ast.walk(target) if isinstance(each, ast.Name)}
    found = []
    for function in [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]:
        own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        for node in ast.walk(function):
            if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
                name = name_of(node.value) if isinstance(node.value, ast.Name) else ""
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_name = isinstance(node.func.value, ast.Name) and node.func.attr in CHANGING_METHODS
                name = name_of(node.func.value) if is_name else ""
            else:
                continue
            if name in names - own:
                found.append(places(path, node, name))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_holds_what_changes(path: Path) -> None:
    tree = TREES[path]
    found = [place for place in mutable_globals(path, tree) if path != HOLDER or not place.endswith(" _holder")]
    found += [place for place in changed_constants(path, tree) if path != HOLDER or not place.endswith(" _holder")]
    found += [
        places(path, node, f"global {', '.join(node.names)}") for node in ast.walk(tree) if isinstance(node, ast.Global)
    ]
    found += [
        places(path, node, f"{node.name} keeps its results for ever")
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS)
        for decorator in node.decorator_list
        if name_of(decorator.func if isinstance(decorator, ast.Call) else decorator) in {"cache", "lru_cache"}
    ]
    assert found == []


def test_there_is_one_timer() -> None:
    calls = [
        path.relative_to(PACKAGE).as_posix()
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "register" and name_of(node.value) == "timers"
    ]
    assert calls == ["scene/blender/main_timer.py"]


@pytest.mark.parametrize(
    "text",
    [
        "_orders: dict[int, str] = {}",
        "commands = []",
        "seen = set()",
        "if True:\n    seen = set()",
        "desk = FileState()",
        "DESK = FileState()",
        "usage = DiskUsage()",
        "now = ActiveDrag()",
    ],
)
def test_the_rule_finds_what_it_is_there_for(text: str) -> None:
    assert mutable_globals(PACKAGE / "made_up.py", ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "_FOUND = {}\ndef find(name):\n    _FOUND[name] = 1",
        "_FOUND = []\ndef find(name):\n    _FOUND.append(name)",
        "counter = object()\ndef count():\n    counter.times = 1",
    ],
)
def test_the_rule_finds_constants_that_are_none(text: str) -> None:
    assert changed_constants(PACKAGE / "made_up.py", ast.parse(text))


@pytest.mark.parametrize(
    "text", ["WORDS = {'a': 'b'}", "_log = logging.getLogger(__name__)", "labels = Translator('a')", "NOTHING = ''"]
)
def test_the_rule_leaves_constants_alone(text: str) -> None:
    assert not mutable_globals(PACKAGE / "made_up.py", ast.parse(text))
