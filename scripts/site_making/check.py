# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks over a folder of HTML pages: each link has to lead somewhere, and nothing may come from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"img": "src", "script": "src", "source": "src", "video": "src", "iframe": "src", "link": "href"}
"""What a browser fetches by itself."""
_NOT_FETCHED = {"canonical", "index", "search", "next", "prev", "author", "copyright"}
"""Values of ``rel`` that only name another page."""
_IN_STYLE = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])([^'")]+)""")


@dataclass
class Findings:
    """What there is, and what is wrong with it, in sentences."""

    pages: int = 0
    links: int = 0
    outside: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """The names that links can point to, the links, and what is fetched by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.without_words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.names |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "img" and not values.get("alt"):
            self.without_words.append(values.get("src", ""))
        fetched = values.get(_LOADED.get(tag, ""))
        if fetched and not (tag == "link" and set(values.get("rel", "").split()) & _NOT_FETCHED):
            self.loaded.append(fetched)
        self.loaded += _IN_STYLE.findall(values.get("style", ""))


def check(folder: Path) -> Findings:
    """Look over all pages and style sheets below *folder*."""
    found = Findings()
    pages = {path: _read(path) for path in sorted(folder.rglob("*.html"))}
    found.pages = len(pages)
    for path, page in pages.items():
        where = path.relative_to(folder).as_posix()
        for link in page.links:
            if _is_outside(link):
                if urlsplit(link).scheme in {"http", "https"}:
                    found.outside.add(link)
                continue
            found.links += 1
            if not _leads_somewhere(link, path, pages):
                found.problems.append(f"{where}: the link {link} leads nowhere.")
        _check_loaded(page.loaded, path, where, found)
        found.problems += [f"{where}: the picture {name} has no words for those who cannot see it."
                           for name in page.without_words]  # fmt: skip
    for path in sorted(folder.rglob("*.css")):
        loaded = _IN_STYLE.findall(path.read_text(encoding="utf-8"))
        _check_loaded(loaded, path, path.relative_to(folder).as_posix(), found)
    if not pages:
        found.problems.append(f"There is no page in {folder}.")
    return found


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _is_outside(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def _leads_somewhere(link: str, path: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return False
    return not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].names


def _check_loaded(loaded: list[str], path: Path, where: str, found: Findings) -> None:
    for address in loaded:
        if address.startswith(("data:", "#")):
            continue
        if _is_outside(address):
            found.problems.append(f"{where}: {address} would be fetched from outside.")
        elif not (path.parent / unquote(urlsplit(address).path)).is_file():
            found.problems.append(f"{where}: {address} is missing.")
