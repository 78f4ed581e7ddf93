# SPDX-License-Identifier: GPL-3.0-or-later
"""The version that the sources say, those that were released before, and the change log that tells of them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

PLACES = {
    "blender_manifest.toml": r'(?m)^(version = ")([^"]+)(")',
    "pyproject.toml": r'(?m)^(version = ")([^"]+)(")',
    "csm_blender/core/version.py": r'(?m)^(VERSION = ")([^"]+)(")',
}
"""Where the version stands; the middle group is it."""
CHANGELOG = "CHANGELOG.md"
_HEADING = re.compile(r"^## (\S+)(?: - (\S+))?\s*$", re.MULTILINE)
_NUMBER = re.compile(r"\d+\.\d+\.\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Section:
    """A part of the change log: of which version, when it was released (empty if not said), what it says."""

    version: str
    date: str
    text: str

    @property
    def is_dated_release(self) -> bool:
        """Whether it is of a version with a number, and has a date."""
        return bool(_NUMBER.fullmatch(self.version) and _DATE.fullmatch(self.date))


def as_numbers(version: str) -> tuple[int, ...]:
    """``"1.10.0"`` as numbers, to compare versions by."""
    return tuple(int(part) for part in version.split("."))


def said_versions(root: Path) -> dict[str, str]:
    """The version as each place says it."""
    found = {}
    for place, pattern in PLACES.items():
        match = re.search(pattern, (root / place).read_text(encoding="utf-8"))
        found[place] = match[2] if match else ""
    return found


def manifest(root: Path) -> dict[str, object]:
    """What ``blender_manifest.toml`` says."""
    return tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))


def sections(root: Path) -> list[Section]:
    """The change log, newest first."""
    text = (root / CHANGELOG).read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [
        Section(heading[1].strip("[]"), heading[2] or "", text[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    ]


def released_before(root: Path) -> dict[str, str]:
    """Each version that was released before this commit, and what says so: a tag, or the change log."""
    found = {section.version: f"{CHANGELOG} has a section of it" for section in sections(root)[1:]}
    here = set(_git(root, "tag", "--points-at", "HEAD"))
    found |= {tag[1:]: f"the tag {tag}" for tag in _git(root, "tag", "--list", "v*") if tag not in here}
    return {version: reason for version, reason in found.items() if _NUMBER.fullmatch(version)}


def raise_version(root: Path, version: str, date: str) -> list[str]:
    """Write *version* wherever it is said, and *date* into the heading of the change log. Gives the changed files.

    Raises ``ValueError`` for what is no version or no date.
    """
    if not _NUMBER.fullmatch(version) or not _DATE.fullmatch(date):
        raise ValueError(f"A version is three numbers and a date YYYY-MM-DD, not {version!r} and {date!r}")
    old = said_versions(root)["blender_manifest.toml"]
    changed = []
    for place, pattern in PLACES.items():
        changed += _replace(root / place, pattern, rf"\g<1>{version}\g<3>")
    changed += _replace(
        root / CHANGELOG, rf"(?m)^## (?:Unreleased|{re.escape(version)}\b.*)$", f"## {version} - {date}"
    )
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:  # the name of the zip
        changed += _replace(page, re.escape(f"csm_blender-{old}.zip"), f"csm_blender-{version}.zip")
    return [str(path.relative_to(root)) for path in changed]


def _replace(path: Path, pattern: str, new: str) -> list[Path]:
    text = path.read_text(encoding="utf-8")
    written = re.sub(pattern, new, text)
    if written == text:
        return []
    path.write_text(written, encoding="utf-8", newline="\n")
    return [path]


def _git(root: Path, *words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.split()
