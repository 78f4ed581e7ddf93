# SPDX-License-Identifier: GPL-3.0-or-later
"""A static extension repository: ``index.json`` for Blender and ``index.html`` for people, any web server will do.

Both are made by Blender's own tool (``blender --command extension server-generate --html``), of our template.
"""

from __future__ import annotations

import html
import re
import tempfile
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .versions import Section

TEMPLATE = Path(__file__).with_name("page.html")
PICTURE = "docs/images/demo.jpg"
"""What the page shows, from the root of the project."""


def make_repository(folder: Path, manifest: dict[str, Any], section: Section, run_tool: Callable[..., None]) -> None:
    """Make the zips in *folder* a repository. *run_tool* starts Blender's tool with its arguments."""
    archive = f"{manifest['id']}-{manifest['version']}.zip"
    filled = TEMPLATE.read_text(encoding="utf-8")
    for name, value in {
        "NAME": html.escape(manifest["name"]),
        "VERSION": html.escape(manifest["version"]),
        "DATE": html.escape(section.date),
        "TAGLINE": html.escape(manifest["tagline"]),
        "BLENDER": html.escape(manifest["blender_version_min"].removesuffix(".0")),
        "LICENSE": html.escape(", ".join(text.removeprefix("SPDX:") for text in manifest["license"])),
        "ARCHIVE": html.escape(archive),
        "DRAG_LINK": html.escape(drag_link(archive, manifest)),
        "PICTURE": html.escape(Path(PICTURE).name),
        "PERMISSIONS": "\n".join(
            f"<li><b>{html.escape(name)}</b>: {html.escape(reason)}</li>"
            for name, reason in manifest["permissions"].items()
        ),
        "CHANGES": changes_as_html(section.text),
    }.items():
        filled = filled.replace(f"@{name}@", value.replace("$", "$$"))  # the tool replaces $names
    with tempfile.TemporaryDirectory() as place:
        template = Path(place) / "page.html"
        template.write_text(filled, encoding="utf-8", newline="\n")
        run_tool("server-generate", "--repo-dir", str(folder), "--html", "--html-template", str(template))


def drag_link(archive: str, manifest: dict[str, Any]) -> str:
    """The link that Blender takes when it is dropped on its window: it names the repository, for later updates."""
    query = {"repository": "./index.json", "blender_version_min": manifest["blender_version_min"]}
    return f"./{urllib.parse.quote(archive)}?{urllib.parse.urlencode(query)}"


def changes_as_html(text: str) -> str:
    """A section of the change log: headings and lists of one level, with ``code`` in them."""
    parts: list[str] = []
    for block in re.split(r"\n(?=### )", text):
        heading, _, rest = block.partition("\n") if block.startswith("### ") else ("", "", block)
        parts += [f"<h3>{html.escape(heading[4:])}</h3>"] if heading else []
        entries = [" ".join(entry.split()) for entry in re.split(r"(?m)^- ", rest) if entry.strip()]
        parts += ["<ul>", *(f"<li>{_with_code(entry)}</li>" for entry in entries), "</ul>"]
    return "\n".join(parts)


def _with_code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
