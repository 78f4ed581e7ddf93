# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the site of the docs: ``python3 scripts/site.py`` writes ``dist/site``. Once its tools are there, it is offline.

Pages are ``docs/*.md``, with the change log, CONTRIBUTING and SECURITY of the top folder, and the references of the
command line and of the operators, made of the parser and the classes themselves (``scripts/site_making``). A warning of
Sphinx, a link that leads nowhere or a resource from outside is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

import environment
from output_folder import check_output
from site_making.check import Findings, check

DOCS = ROOT / "docs"
CHAPTERS = {
    "Using it": ["guide", "farm", "The local engine <remesh>", "deliveries", "fit"],
    "Reference": ["command-line", "operators", "reliability", "security", "local-service", "benchmarks"],
    "Inside": [
        "architecture",
        "job-store",
        "job-folders",
        "platforms",
        "contributing",
        "changelog",
        "Reporting a vulnerability <reporting>",
    ],
}
"""The order of the pages. A page that is not written is left out, and one that is not named stands at the end."""
FROM_ABOVE = {
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
"""Pages that lie in the top folder, where people and forges look for them."""
GENERATED = ("command-line.md", "operators.md")
"""Pages whose end is made of the parser and the classes."""
MADE_BY_SPHINX = "searchindex.js"
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


class Broken(RuntimeError):
    """The site cannot be made as it should be; the text says why."""


def main() -> int:
    """Lay out, build, check, tell. Gives the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "site", metavar="DIR", help="default: dist/site")
    output = parser.parse_args().output.absolute()
    check_output(output, MADE_BY_SPHINX)
    try:
        with tempfile.TemporaryDirectory() as folder:
            lay_out(Path(folder) / "pages")
            build(Path(folder) / "pages", output)
        found = check(output)
    except (Broken, environment.MissingPython) as broken:
        sys.exit(str(broken))
    tell(found, output)
    return int(bool(found.problems))


def lay_out(folder: Path) -> None:
    """All pages into *folder*, with links among themselves only. Raises :class:`Broken`."""
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*-introduction.md", "__pycache__"))
    for name, page in FROM_ABOVE.items():
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / page)
    make_references(folder)
    for page in folder.glob("*.md"):
        beside = ROOT if page.name in FROM_ABOVE.values() else DOCS
        text = page.read_text(encoding="utf-8")
        page.write_text(_LINK.sub(lambda found, beside=beside: _in_site(found, beside), text), encoding="utf-8")
    index = folder / "index.md"
    index.write_text(index.read_text(encoding="utf-8") + "\n" + contents(folder), encoding="utf-8")


def _in_site(found: re.Match[str], beside: Path) -> str:
    """A link of a page in the folder *beside*, as it is in the site; files that are no pages are only named."""
    words, target = found[1], found[2]
    path, hash_sign, place = target.partition("#")
    there = (beside / path).resolve()
    if "://" in target or not path or not there.is_relative_to(ROOT):
        return found[0]
    if there.is_relative_to(DOCS):
        return f"[{words}]({there.relative_to(DOCS).as_posix()}{hash_sign}{place})"
    name = there.relative_to(ROOT).as_posix()
    if name in FROM_ABOVE:
        return f"[{words}]({FROM_ABOVE[name]}{hash_sign}{place})"
    return words if there.exists() else found[0]


def make_references(folder: Path) -> None:
    """Have the add-on itself, in a Blender as a module, write what it offers."""
    for version in reversed(environment.BLENDERS):
        try:
            python = environment.python_of(f"bpy-{version}")
            break
        except environment.MissingPython as error:
            missing = error
    else:
        raise missing
    call = [python, ROOT / "scripts" / "site_making" / "reference.py", *(folder / name for name in GENERATED)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise Broken(f"The references could not be made:\n{done.stdout}{done.stderr}")


def contents(folder: Path) -> str:
    """The table of contents, in Sphinx's words."""
    there = {page.stem for page in folder.glob("*.md")} - {"index"}
    named = {page_of(name) for names in CHAPTERS.values() for name in names}
    chapters = {title: [name for name in names if page_of(name) in there] for title, names in CHAPTERS.items()}
    chapters["More"] = sorted(there - named)
    blocks = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *names, "```"])
        for title, names in chapters.items()
        if names
    ]
    return "\n\n".join(blocks) + "\n"


def page_of(entry: str) -> str:
    """The page of an entry of the table of contents, which may have a title of its own: ``Title <page>``."""
    return entry.rpartition("<")[2].rstrip(">")


def build(pages: Path, output: Path) -> None:
    """Sphinx. Raises :class:`Broken` for each of its warnings."""
    shutil.rmtree(output, ignore_errors=True)
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    around = {**os.environ, "CSM_VERSION": manifest["version"], "PYTHONDONTWRITEBYTECODE": "1"}
    call = [environment.python_of("docs"), "-m", "sphinx", "-b", "html", "-q", "-n", "-W", "--keep-going", "-E"]
    work = pages.parent / "doctrees"
    done = subprocess.run(
        [*call, "-d", work, pages, output], env=around, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise Broken(f"Sphinx is not content:\n{done.stdout}{done.stderr}".replace(str(pages), "docs"))
    for leftover in (".buildinfo", "objects.inv"):
        (output / leftover).unlink(missing_ok=True)


def tell(found: Findings, output: Path) -> None:
    """What was made, and what was found."""
    for problem in found.problems:
        print(problem)
    print(f"{found.pages} pages, {found.links} links inside, all checked.")
    if found.outside:
        print(f"{len(found.outside)} links lead outside; these were not opened:")
        print("\n".join(f"  {address}" for address in sorted(found.outside)))
    print(output / "index.html")


if __name__ == "__main__":
    sys.exit(main())
