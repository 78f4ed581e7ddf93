# SPDX-License-Identifier: GPL-3.0-or-later
"""Build ``dist/csm_blender-VERSION.zip`` with Blender's own tool, and have that tool validate it.

The last line on stdout is the zip's path. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMESTAMP = 1_767_225_600  # 2026-01-01 UTC: a zip holds times, and they must not differ between two builds
NEWEST = "5.2"  # 4.2's tool accepts broken layouts silently
TOOL = "scripts/addons_core/bl_pkg/cli/blender_ext.py"


def build(output: Path) -> Path:
    """Stage, build, validate; the path of the zip. Raises ``subprocess.CalledProcessError`` when the tool refuses."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    archive = output / f"{manifest['id']}-{manifest['version']}.zip"
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / manifest["id"]
        stage(staged)
        run_tool("build", "--source-dir", str(staged), "--output-filepath", str(archive))
    run_tool("validate", str(archive))
    return archive


def stage(folder: Path) -> None:
    """Copy what belongs into the extension to *folder*, with times and permissions that are the same everywhere."""
    shutil.copytree(ROOT / "csm_blender", folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in ("blender_manifest.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for path in sorted([folder, *folder.rglob("*")]):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (TIMESTAMP, TIMESTAMP))


def run_tool(*arguments: str) -> None:
    """Run Blender's extension tool out of the newest wheel; it needs no Blender binary."""
    python = _environments().python_of(f"bpy-{NEWEST}")
    find = "import importlib.util as u; print(u.find_spec('bpy').submodule_search_locations[0])"
    package = subprocess.run([python, "-c", find], check=True, capture_output=True, text=True).stdout.strip()
    tool = Path(package) / NEWEST / TOOL
    subprocess.run([python, str(tool), *arguments], check=True, stdout=sys.stderr, env={**os.environ, "TZ": "UTC"})


def _environments():  # noqa: ANN202 - a module
    spec = importlib.util.spec_from_file_location("environment", ROOT / "scripts" / "environment.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR", help="default: dist")
    print(build(parser.parse_args().output))
