# SPDX-License-Identifier: GPL-3.0-or-later
"""Make what a submission to Blender's extensions platform needs: ``python3 scripts/submission.py``.

It checks manifest and zip against the platform's rules, and writes to ``dist/submission``: the zip, the texts for the
form, an icon, a featured picture, previews of 1920 x 1080 and a short film. Pictures are renders of the demo and
windows of a real Blender (see scripts/get_blender.sh); the film needs ffmpeg. Nothing is uploaded: that takes the
account of a person.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import environment
from submitting.rules import PICTURE_SIZE, manifest_problems, package_problems

PARTS = ROOT / "scripts" / "submitting"
WINDOWS = ("ui-file.png", "ui-file-progress.png", "ui-file-done.png")


def main() -> int:
    """Check, then make what was asked for. Gives the exit status: 1 for what the platform would refuse."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    folder = ROOT / "dist" / "submission"
    parser.add_argument("--output", type=Path, default=folder, metavar="DIR", help="default: dist/submission")
    parser.add_argument("--no-pictures", action="store_true", help="only check, and write zip and texts")
    parser.add_argument(
        "--sources", type=Path, metavar="DIR", help="where renders and windows are kept, and taken from if there"
    )
    options = parser.parse_args()
    output = options.output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    archive = build(output)
    problems = [*manifest_problems(manifest), *package_problems(archive, manifest)]
    for problem in problems:
        print(f"The platform would refuse this: {problem}")
    write_texts(output, manifest)
    if not options.no_pictures:
        sources = (options.sources or output / "sources").absolute()
        make_sources(sources)
        draw(sources, output)
    print(f"{'Not ready' if problems else 'Ready'}: {output}")
    return int(bool(problems))


def build(output: Path) -> Path:
    """The zip, built and validated by Blender's own tool."""
    call = [sys.executable, ROOT / "scripts" / "build.py", "--output", output]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The zip cannot be built:\n{done.stdout}{done.stderr}")
    return Path(done.stdout.strip().splitlines()[-1])


def write_texts(output: Path, manifest: dict) -> None:
    """The texts, and a page with everything that the form asks for."""
    for text in PARTS.glob("*.md"):
        shutil.copy(text, output)
    permissions = "\n".join(f"- {name}: {reason}" for name, reason in manifest["permissions"].items())
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    notes = changes.partition("\n## ")[2].partition("\n## ")[0]
    form = [
        f"# Form\n\n- name: {manifest['name']}\n- tagline: {manifest['tagline']}",
        f"- version: {manifest['version']}, Blender {manifest['blender_version_min']} or later",
        f"- license: {', '.join(manifest['license'])}\n- tags: {', '.join(manifest['tags'])}",
        "- support: the issues of the project's repository; website: the site made by scripts/site.py",
        "- icon.png; featured.png; preview-….png in their order, then film.mp4",
        f"\n## Permissions\n\n{permissions}\n\n## Description\n\nThe text of description.md.",
        f"\n## Release notes\n\n{notes.partition(chr(10))[2].strip()}",
    ]
    (output / "form.md").write_text("\n".join(form) + "\n", encoding="utf-8")


def make_sources(folder: Path) -> None:
    """Renders of the demo before and after, and windows; what is there already is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = PICTURE_SIZE
    if not all((folder / name).is_file() for name in ("before.png", "after.png", "refined.blend")):
        call = [sys.executable, ROOT / "scripts" / "demo.py", "--output", folder, "--width", width]
        subprocess.run(list(map(str, call)), check=True)
    if not all((folder / name).is_file() for name in WINDOWS):
        around = {**os.environ, "CSM_PICTURES": str(folder), "CSM_SCREEN_SIZE": f"{width}x{height}"}
        test = [environment.python_of("test"), "-m", "pytest", "-q", "tests/gui/test_pictures.py", "-k", "5.2 and file"]
        subprocess.run(list(map(str, test)), cwd=ROOT, env=around, check=True)
    if not (folder / "icon.png").is_file():
        python = environment.python_of(f"bpy-{list(environment.BLENDERS)[-1]}")
        icon = [python, PARTS / "icon.py", folder / "refined.blend", folder / "icon.png"]
        subprocess.run(list(map(str, icon)), check=True, stdout=subprocess.DEVNULL)


def draw(sources: Path, output: Path) -> None:
    """Put the pictures and the film together."""
    call = [environment.python_of("test"), PARTS / "pictures.py", sources, ROOT / "docs" / "images", output]
    subprocess.run(list(map(str, call)), check=True)


if __name__ == "__main__":
    sys.exit(main())
