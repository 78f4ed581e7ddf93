# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module of ``csm_blender/core`` has a unit test in the same place: ``core/api/client`` in
``core/api/test_client``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from common import ROOT

CORE = ROOT / "csm_blender" / "core"
TESTS = ROOT / "tests" / "unit" / "core"
MODULES = sorted(path.relative_to(CORE) for path in CORE.rglob("*.py") if path.name != "__init__.py")


def place_of_test(module: Path) -> Path:
    """Where the test of a module of ``core`` lies."""
    return TESTS / module.parent / f"test_{module.name}"


def modules_imported(test: Path) -> set[str]:
    """Dotted names of everything that *test* imports, and of what it imports from there."""
    found = set()
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_there_are_modules_to_look_for() -> None:
    assert {"errors.py", "api/client.py", "jobs/store.py", "pipeline/pipeline.py"} <= {
        path.as_posix() for path in MODULES
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.as_posix())
def test_a_module_of_core_has_a_unit_test_that_imports_it(module: Path) -> None:
    test = place_of_test(module)
    assert test.is_file(), f"csm_blender/core/{module.as_posix()} has no {test.relative_to(ROOT).as_posix()}"
    name = ".".join(("csm_blender", "core", *module.with_suffix("").parts))
    assert name in modules_imported(test)
    assert any(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for node in ast.walk(ast.parse(test.read_text(encoding="utf-8")))
    ), "and a test"
