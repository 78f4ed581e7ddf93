# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of docs/architecture.md: imports point one way, and the rules that go with them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "csm_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAY_IMPORT = {
    "core": {"core"},
    "worker": {"core", "worker"},
    "remesh": {"core", "remesh"},
    "converter": {"core", "remesh", "converter"},
    "scene": {"core", "worker", "converter", "scene"},
    "ui": {"core", "worker", "converter", "scene", "ui"},
    "cli": {"core", "worker", "converter", "scene", "cli"},
    "registration": {"core", "worker", "converter", "scene", "ui", "cli", "registration"},
    "__main__": {"cli"},
    "__init__": {"registration"},
}
FOLDERS = {
    "core": ("", "api", "geometry", "gltf", "files", "processes", "jobs", "pipeline", "farm"),
    "remesh": ("geometry", "shape", "material", "texture", ""),
    "converter": ("gltf", "mesh", "files", ""),
    "scene": ("blender", "addon", "versions", "measure", "", "background", "placement", "jobs", "commands"),
}
"""The folders of a layer from left to right; an empty name stands for the modules directly in it."""
MOST_MODULES = {"ui": 30}
MOST_LINES = {"core/errors.py": 500}
BLENDER_MODULES = {"bpy", "mathutils", "bmesh", "gpu", "gpu_extras", "blf", "bl_ui", "addon_utils", "bpy_extras"}


def imports(module: Path) -> list[tuple[str, int, list[str]]]:
    """(module named, level of dots, names) of each import statement."""
    found = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", node.level, [alias.name for alias in node.names]))
    return found


def layer_of(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def layers_imported(module: Path) -> set[str]:
    """The layers that the relative imports of *module* reach into."""
    inside = module.relative_to(PACKAGE).parts[:-1]
    reached = set()
    for name, level, names in imports(module):
        if level:
            base = inside[: len(inside) - level + 1]
            target = (*base, *(name.split(".") if name else ()))
            reached |= {target[0]} if target else {imported.split(".")[0] for imported in names}
    return reached


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_left_only(module: Path) -> None:
    assert layers_imported(module) <= MAY_IMPORT[layer_of(module)]


def modules_imported(module: Path) -> set[tuple[str, ...]]:
    """The modules of the package that *module* imports, as their parts."""
    known = {path.relative_to(PACKAGE).with_suffix("").parts for path in MODULES}
    inside = module.relative_to(PACKAGE).parts[:-1]
    found = set()
    for name, level, names in imports(module):
        if level:
            base = (*inside[: len(inside) - level + 1], *(name.split(".") if name else ()))
            found |= {(*base, each) if (*base, each) in known else base for each in names}
    return found


@pytest.mark.parametrize("layer", FOLDERS)
def test_folders_of_a_layer_import_from_left_to_right(layer: str) -> None:
    order = FOLDERS[layer]
    wrong = [
        f"{module.relative_to(PACKAGE)} imports {'/'.join(target)}"
        for module in MODULES
        if layer_of(module) == layer and module.name != "__init__.py"
        for target in modules_imported(module)
        if target[0] == layer
        if order.index("/".join(target[1:-1])) > order.index("/".join(module.relative_to(PACKAGE).parts[1:-1]))
    ]
    assert wrong == []


def test_every_folder_has_its_place_in_the_order() -> None:
    for layer, order in FOLDERS.items():
        folders = {path.parent.relative_to(PACKAGE / layer).as_posix() for path in (PACKAGE / layer).rglob("*.py")}
        assert folders == {name or "." for name in order}


def test_no_folder_and_no_module_is_too_large_to_look_over() -> None:
    for folder in {path.parent for path in MODULES}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES.get(folder.name, 12), folder
    for module in MODULES:
        lines = len(module.read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES.get(module.relative_to(PACKAGE).as_posix(), 330), module


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_inside_the_package_are_relative(module: Path) -> None:
    assert not [name for name, level, _ in imports(module) if level == 0 and name.split(".")[0] == "csm_blender"]


@pytest.mark.parametrize("layer", ["core", "worker"])
def test_no_blender_below_the_scene_layer(layer: str) -> None:
    users = {
        str(module.relative_to(PACKAGE))
        for module in MODULES
        if layer_of(module) == layer
        for name, level, _ in imports(module)
        if level == 0 and name.split(".")[0] in BLENDER_MODULES
    }
    assert users == set()


@pytest.mark.parametrize("layer", ["scene", "ui"])
def test_no_threads_and_no_network_in_the_blender_process(layer: str) -> None:
    forbidden = {
        "threading",
        "_thread",
        "concurrent",
        "asyncio",
        "multiprocessing",
        "socket",
        "requests",
        "urllib3",
        "http",
    }
    users = {
        (str(module.relative_to(PACKAGE)), name)
        for module in MODULES
        if layer_of(module) == layer
        for name, level, _ in imports(module)
        if level == 0 and name.split(".")[0] in forbidden
    }
    assert users == set()


def test_core_and_the_package_itself_load_without_bpy() -> None:
    code = (
        "import sys; sys.modules['bpy'] = sys.modules['mathutils'] = None\n"
        "import pkgutil, importlib, csm_blender, csm_blender.core as core\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(core.__path__, 'csm_blender.core.')]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_never_prints() -> None:
    printing = {
        str(module.relative_to(PACKAGE))
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == set()


def test_every_module_names_its_licence_and_its_purpose() -> None:
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        assert text.startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n"), module
        assert ast.get_docstring(ast.parse(text)), module
