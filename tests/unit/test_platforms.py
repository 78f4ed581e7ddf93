# SPDX-License-Identifier: GPL-3.0-or-later
"""The package keeps to what every platform has. docs/platforms.md tells of each difference; mypy checks all three."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from common import ROOT

PACKAGE = ROOT / "csm_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOT_EVERYWHERE = {"fcntl", "grp", "msvcrt", "multiprocessing", "posix", "pwd", "resource", "termios", "winreg"}
"""Modules of one platform; and ``multiprocessing``, which starts an artist's Blender anew where it cannot fork."""
OF_ONE_SYSTEM = {
    "core/farm/journal.py": {"/proc/self/ns/pid", "/proc/sys/kernel/random/boot_id"},
    "core/processes/memory.py": {"/proc/meminfo", "/sys/fs/cgroup", "/proc/"},
}
"""Paths of one system, where the module asks that system and does without elsewhere."""
RENAMES = {"core/file_system.py"}
SAYS_WHAT_WENT_WRONG = {
    "core/files/preview_cache.py: target.unlink(missing_ok=True)",
    "scene/placement/assets.py: path.unlink()",
}
"""What removes a file and tells its user where it cannot."""


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def calls(module: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each call in *module*, with the last part of what is called."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            yield node, called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_files_are_renamed_in_one_place_which_knows_that_others_may_hold_them() -> None:
    found = [
        f"{name_of(module)}: {ast.unparse(node)}"
        for module in MODULES
        if name_of(module) not in RENAMES
        for node, called in calls(module)
        if called in {"rename", "renames", "unlink"}
        or (called == "replace" and len(node.args) == 1 and not node.keywords)  # a text's replace has two
        or ast.unparse(node.func) in {"os.replace", "os.remove", "shutil.move"}
    ]
    assert set(found) <= SAYS_WHAT_WENT_WRONG


def test_text_is_never_read_or_written_in_the_encoding_of_the_machine() -> None:
    found = []
    for module in MODULES:
        for node, called in calls(module):
            written = ast.unparse(node)
            is_other = written.startswith(("gzip.", "bundle.", "archive.", "os.", "bpy.", "webbrowser."))
            is_text = called in {"read_text", "write_text"} or (
                called == "open" and not re.search(r"\('[rwax+]*b|, '[rwax+]*b", written)
            )
            if is_text and not is_other and "encoding" not in {keyword.arg for keyword in node.keywords}:
                found.append(f"{name_of(module)}: {written}")
    assert found == []


def test_no_module_needs_what_one_platform_has_alone() -> None:
    for module in MODULES:
        nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
        imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not imported & NOT_EVERYWHERE, module
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        places = {text for text in texts if re.match(r"/(dev|proc|sys|tmp|var|home|etc|usr)\b", text)}
        assert places <= OF_ONE_SYSTEM.get(name_of(module), set()), module


def test_each_row_of_the_page_names_code_and_a_test_that_are_there() -> None:
    text = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    rows = [
        line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| difference", "|---"))
    ]
    assert len(rows) >= 12
    for row in rows:
        place, does, test = [cell.strip() for cell in row.strip("|").split("|")][1:4]
        assert re.search(r"`[\w/]+(\.py)?`", place), row
        assert does, row
        for file, function in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", test):
            assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{function}"
        assert "`tests/" in test or "not simulated" in test, row
