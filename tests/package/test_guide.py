# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the README, the guide and the page of the command line, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from blenders import blenders_for_tests
from common import ROOT, load_script
from mesh_files import write_glb

MAKE_SCENE = """
import bpy, sys
bpy.ops.wm.read_factory_settings(use_empty=True)
for name, place in (("Chair", (0, 0, 0.5)), ("Table", (2, 1, 0.4))):
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=place, rotation=(0, 0, 0.7), scale=(0.5, 0.6, 0.9))
    bpy.context.object.name = name
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


def block(document: str, heading: str, kind: str) -> str:
    """The first code block of *kind* below a *heading*."""
    text = (ROOT / document).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    found = re.search(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{document} has no such section, or no such block in it"
    return found[1]


@pytest.fixture
def newcomer(tmp_path: Path, service: Any) -> dict[str, str]:
    """The surroundings of somebody who has just installed the extension: ``blender`` and ``python`` are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "blender").symlink_to(blenders_for_tests()[-1])
    python = load_script("environment.py").python_of("bpy-5.2")
    around = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CSM_")},
        "PATH": os.pathsep.join([str(folder), str(python.parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "BLENDER_USER_RESOURCES": str(tmp_path / "resources"),
        "CSM_API_KEY": service.key,
        "CSM_BASE_URL": service.url,
    }
    build = [sys.executable, str(ROOT / "scripts" / "build.py"), "--output", str(tmp_path)]
    archive = subprocess.run(build, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    install = ["blender", "--command", "extension", "install-file", "-r", "user_default", "-e", archive]
    subprocess.run(install, env=around, check=True, capture_output=True)
    make = ["blender", "--background", "--factory-startup", "--python-expr", MAKE_SCENE, "--"]
    subprocess.run([*make, str(tmp_path / "scene.blend")], env=around, check=True, capture_output=True)
    for name in ("scripts", "csm_blender"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "jobs.csv").write_text(block("docs/guide.md", "6. Without a window", ""), encoding="utf-8")
    return around


def outputs(commands: str, around: dict[str, str], folder: Path) -> list[str]:
    """What each line of *commands* printed; all must succeed."""
    printed = []
    for line in commands.strip().splitlines():
        done = subprocess.run(line, shell=True, cwd=folder, env=around, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        printed.append(done.stdout)
    return printed


def test_the_guide_lists_looks_and_refines_without_a_window(
    newcomer: dict[str, str], tmp_path: Path, service: Any
) -> None:
    commands = block("docs/guide.md", "6. Without a window", "sh")
    listed, looked_at, _refined = outputs(commands, newcomer, tmp_path)
    assert '"sessions"' in listed
    assert "DRY_RUN" in looked_at
    jobs = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["jobs"]
    assert [(job["object"], job["status"]) for job in jobs] == [("Chair", "PLACED"), ("Table", "PLACED")]
    assert (tmp_path / "refined.blend").is_file()
    assert set(service.counts()["post"].values()) == {1}


def test_the_readme_starts_it_in_three_ways(newcomer: dict[str, str], tmp_path: Path, service: Any) -> None:
    commands = block("README.md", "Without a window", "sh")
    assert len(outputs(commands, newcomer, tmp_path)) == 3
    assert (tmp_path / "refined.blend").is_file()
    jobs = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["jobs"]
    assert {job["status"] for job in jobs} == {"PLACED"}
    assert set(service.counts()["post"].values()) == {1}, "what one of the calls paid for is fetched by the others"


def test_the_readme_refines_a_file_without_an_account(newcomer: dict[str, str], tmp_path: Path, service: Any) -> None:
    write_glb(tmp_path / "chair.glb")
    no_account = {name: value for name, value in newcomer.items() if not name.startswith("CSM_")}
    commands = block("README.md", "First refine: you have a GLB and a block-out", "sh")
    (printed,) = outputs(commands, no_account, tmp_path)
    assert "PLACED" in printed
    assert (tmp_path / "refined.blend").is_file()
    assert service.counts()["post"] == {}


def test_all_other_commands_of_the_documents_run_as_they_stand(
    newcomer: dict[str, str], tmp_path: Path, service: Any
) -> None:
    """Those that the tests above have not run; with the sessions' first, as ``resume`` finishes nothing here."""
    run_above = [
        *block("docs/guide.md", "6. Without a window", "sh").splitlines(),
        *block("README.md", "Without a window", "sh").splitlines(),
        *block("README.md", "First refine: you have a GLB and a block-out", "sh").splitlines(),
    ]
    lines = []
    for document in ("README.md", *(f"docs/{name}.md" for name in ("index", "guide", "command-line", "remesh"))):
        for body in re.findall(
            r"^```sh\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            lines += [
                line
                for line in body.splitlines()
                if re.search(r"csm(?:_blender|\.py --|) (?:refine|remesh|resume)", line)
            ]
    left = [line for line in dict.fromkeys(line.replace("$PY", "python") for line in lines) if line not in run_above]
    assert len(left) >= 5
    for name in ("chair.glb", "rough.glb"):
        write_glb(tmp_path / name)
    for line, printed in zip(left, outputs("\n".join(left), newcomer, tmp_path), strict=True):
        assert {"refine": "Chair", "remesh": "triangles", "resume": ""}[
            re.findall("refine|remesh|resume", line)[0]
        ] in printed
    assert (tmp_path / "clean.glb").read_bytes().startswith(b"glTF")
    script = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "operators.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )[0]
    (tmp_path / "script.py").write_text(f"{script}print([job.status for job in bpy.context.scene.csm.jobs])")
    (printed,) = outputs("blender --background scene.blend --python script.py", newcomer, tmp_path)
    assert "['PLACED']" in printed
    assert service.counts()["post"] == {}, "--dry-run sends nothing, and files need no service"
