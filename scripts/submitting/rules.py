# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of Blender's extensions platform, as far as a program can check them.

Sources, read in stored copies of 2026: the manual's "How to Create Extensions", "Extensions Tags" and "Extension
Licenses"; the platform's terms of service (10 August 2026) and the moderators' guidelines; the checks of Blender's own
tool (``pkg_manifest_validate_terse_description_or_error``), which builds and validates the zip besides. Of pictures,
the platform's meeting notes say 16:9, at least 1080 lines, no small text.

Not known: the icon's size and how large a picture's file may be. They stand in the upload form only, which needs an
account; neither the stored documents nor the stored sources of others name them (searched on 28 November 2026). What is
written below is from memory of that form: look at it before uploading. Of the zip, the release notes of another
extension (RELEASING of ebgenius/kinema) say that about 200 MB are allowed; ours has less than one.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

TAGS = frozenset({
    *("3D View", "Add Curve", "Add Mesh", "Animation", "Bake", "Camera", "Compositing", "Development", "Game Engine"),
    *("Geometry Nodes", "Grease Pencil", "Import-Export", "Lighting", "Material", "Modeling", "Mesh", "Node", "Object"),
    *("Paint", "Pipeline", "Physics", "Render", "Rigging", "Scene", "Sculpt", "Sequencer", "System", "Text Editor"),
    *("Tracking", "User Interface", "UV"),
})  # fmt: skip
PERMISSIONS = frozenset({"files", "network", "clipboard", "camera", "microphone"})
LONGEST_LINE = 64
REQUIRED = (
    "schema_version",
    "id",
    "version",
    "name",
    "tagline",
    "maintainer",
    "type",
    "license",
    "blender_version_min",
)
ICON_SIZE = (256, 256)
PICTURE_SIZE = (1920, 1080)
LARGEST_BYTES = 10 * 1024**2
USES = {"network": re.compile(r"^\s*import requests", re.MULTILINE), "clipboard": re.compile(r"\.clipboard\b")}
"""What in the code means that a permission is needed. ``files`` is needed by whatever writes outside its own folder."""
_FORBIDDEN = {
    r"\bsys\.path(?:\.(?:insert|append|extend)|\s*\+?=)": "changes sys.path",
    r"\b(?:eval|exec)\(": "runs text as code",
    r"['\"]pip['\"]": "installs packages",
    r"^\s*(?:from|import) bl_ext\b": "names its own repository",
}
EXPLAINED = {"cli/farm/dask_work.py changes sys.path."}
"""What is not so in Blender's own process; submitting/reviewers.md says it."""
_COMPILED = {".pyc", ".pyd", ".so", ".dll", ".dylib", ".whl", ".exe"}


def manifest_problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the platform would refuse of a manifest, in sentences."""
    for name in REQUIRED:
        if not manifest.get(name):
            yield f"{name} is missing or empty."
    for name, fits, words in _FIELDS:
        if not fits(manifest.get(name)):
            yield f"{name} {words}"
    yield from _line_problems("tagline", manifest.get("tagline", ""))
    if unknown := sorted(set(manifest.get("tags", ())) - TAGS):
        yield f"tags that the platform does not know: {', '.join(unknown)}."
    for name, reason in manifest.get("permissions", {}).items():
        if name not in PERMISSIONS:
            yield f"permission {name} does not exist."
        yield from _line_problems(f"the reason for permission {name}", reason)


def _is_version(value: Any) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+", str(value)) is not None


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(value)))


_FIELDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("schema_version", lambda value: value == "1.0.0", "has to be 1.0.0."),
    ("version", _is_version, "has to be three numbers."),
    ("blender_version_min", _is_version, "has to be three numbers."),
    ("blender_version_min", lambda value: _numbers(value) >= (4, 2, 0), "has to be 4.2.0 or later."),
    ("name", lambda value: "blender" not in str(value).lower(), "must not contain Blender."),
    ("type", lambda value: value == "add-on", "has to be add-on."),
    ("license", lambda value: value == ["SPDX:GPL-3.0-or-later"], "of an add-on has to be SPDX:GPL-3.0-or-later."),
)


def _line_problems(what: str, text: str) -> Iterator[str]:
    if not text or text != text.strip():
        yield f"{what} is empty or has blanks at its ends."
    elif not (text[-1].isalnum() or text[-1] in ")]}"):
        yield f"{what} must not end with a stop."
    if len(text) > LONGEST_LINE:
        yield f"{what} has {len(text)} letters, {LONGEST_LINE} are allowed."


def package_problems(archive: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the moderators would refuse of the zip, in sentences."""
    needed = set()
    with zipfile.ZipFile(archive) as bundle:
        for name in bundle.namelist():
            if Path(name).suffix in _COMPILED:
                yield f"{name} is compiled: an extension is Python only."
            if not name.endswith(".py"):
                continue
            text = bundle.read(name).decode("utf-8")
            needed |= {permission for permission, used in USES.items() if used.search(text)}
            for pattern, what in _FORBIDDEN.items():
                problem = f"{name} {what}."
                if re.search(pattern, text, re.MULTILINE) and problem not in EXPLAINED:
                    yield problem
    declared = set(manifest.get("permissions", {}))
    for permission in sorted(needed - declared):
        yield f"permission {permission} is used and not declared."
    for permission in sorted((declared & USES.keys()) - needed):
        yield f"permission {permission} is declared and not used."
