# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way of a release: each with its reason and what to do about it."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import translations

from . import picture_stamp, versions

_SHOWN = 5
"""So many file names or texts of one reason; the rest is counted."""


@dataclass(frozen=True)
class Refusal:
    """Why there is no release, and what helps."""

    reason: str
    hint: str

    def __str__(self) -> str:
        return f"refused: {self.reason}\n   hint: {self.hint}"


def refusals(root: Path) -> list[Refusal]:
    """All that stands in the way, so that it can be put right in one go."""
    if not (root / ".git").exists():
        return [Refusal("this is no git checkout, so nobody could say what was released", "clone the repository")]
    found = [*_uncommitted(root), *_version(root), *_translations(), *_pictures(root)]
    return [refusal for refusal in found if refusal]


def foreign_files(archive: Path, root: Path) -> list[Refusal]:
    """Files in the zip that are not in the commit: what git ignores does not show as a change."""
    committed = set(_git(root, "ls-files", "-z", "csm_blender", "blender_manifest.toml", "LICENSE"))
    committed = {name.removeprefix("csm_blender/") for name in committed}
    with zipfile.ZipFile(archive) as bundle:
        foreign = sorted({name for name in bundle.namelist() if not name.endswith("/")} - committed)
    if not foreign:
        return []
    return [
        Refusal(f"the zip would hold files that are not committed: {_listed(foreign)}", "git clean -nX csm_blender")
    ]


def _uncommitted(root: Path) -> list[Refusal]:
    changed = _git(root, "status", "--porcelain", "-z", "--untracked-files=all")
    if not changed:
        return []
    return [
        Refusal(f"there are uncommitted changes: {_listed(changed)}", "commit them, or put them aside: git stash -u")
    ]


def _version(root: Path) -> list[Refusal]:
    raise_it = "python3 scripts/raise_version.py X.Y.Z, then commit"
    said = versions.said_versions(root)
    if len(set(said.values())) > 1:
        places = ", ".join(f"{place} says {version or 'nothing'}" for place, version in said.items())
        return [Refusal(f"the version is not the same everywhere: {places}", raise_it)]
    version = said["blender_manifest.toml"]
    head = versions.sections(root)[0]
    before = versions.released_before(root)
    newest = max(before, key=versions.as_numbers, default="")
    if newest and versions.as_numbers(version) <= versions.as_numbers(newest):
        reason = f"the version {version} was not raised: {newest} was released before ({before[newest]})"
        return [Refusal(reason, raise_it)]
    if head.version != version or not head.is_dated_release:
        heading = f"## {head.version} - {head.date}".removesuffix(" - ")
        reason = f"the change log does not begin with this version and its date, but with {heading!r}"
        return [Refusal(reason, f"python3 scripts/raise_version.py {version} writes '## {version} - YYYY-MM-DD'")]
    if not head.text:
        return [Refusal(f"the change log says nothing about {version}", f"tell in {versions.CHANGELOG} what is new")]
    return []


def _translations() -> list[Refusal]:
    hint = "python3 scripts/translations.py > todo.json; fill it in; python3 scripts/translations.py todo.json"
    texts = translations.spoken_texts()
    return [
        Refusal(f"the catalog {language} is not complete: {_listed(complaints)}", hint)
        for language in translations.LANGUAGES
        if (complaints := translations.complaints(language, texts))
    ]


def _pictures(root: Path) -> list[Refusal]:
    changed = picture_stamp.changed_since_pictures(root)
    if not changed:
        return []
    hint = (
        "python3 scripts/pictures.py makes them anew; if they look the same: python3 scripts/pictures.py --still-right"
    )
    return [Refusal(f"screenshots in docs/images are older than what they show: {_listed(changed)}", hint)]


def _listed(names: list[str]) -> str:
    shown = "; ".join(name.strip() for name in names[:_SHOWN])
    return shown + (f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return [entry for entry in done.stdout.split("\0") if entry]
