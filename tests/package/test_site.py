# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the docs: made without a warning, whole, offline, with the references of this very version."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from common import ROOT, load_script


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, str(ROOT / "scripts" / "site.py"), "--output", str(folder)]
    return subprocess.run(call, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    done = make(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class _Words(HTMLParser):
    """The text of a page, and the targets of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def read(page: Path) -> _Words:
    found = _Words()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_every_page_is_reached_from_the_start_page(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md") if not path.stem.endswith("-introduction")}
    pages |= {"changelog", "contributing", "reporting"}
    linked = {link.partition("#")[0] for link in read(site / "index.html").links}
    assert {f"{page}.html" for page in pages - {"index"}} <= linked


def test_the_reference_has_every_command_option_and_operator(site: Path) -> None:
    from csm_blender.cli.parser import build_parser

    text = " ".join(read(site / "command-line.html").words)
    [choices] = [action.choices for action in build_parser("csm")._actions if isinstance(action.choices, dict)]
    for name, sub in choices.items():
        for action in sub._actions:
            for option in action.option_strings:
                assert option in text or option in {"-h", "--help"}, f"{name} {option}"
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "csm_blender" / "ui").glob("*.py"))
    operators = set(re.findall(r'bl_idname = "(csm\.\w+)"', source))
    shown = " ".join(read(site / "operators.html").words)
    assert len(operators) > 20
    assert [name for name in sorted(operators) if name not in shown] == []


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<a href="index.html#gone">x</a>', "index.html#gone leads nowhere"),
        ('<img src="gone.png" alt="x">', "gone.png is missing"),
        ('<img src="there.png">', "no words"),
        ('<link rel="stylesheet" href="https://fonts.example/a.css">', "fetched from outside"),
        ('<script src="//cdn.example/a.js"></script>', "fetched from outside"),
        ("<p style=\"background: url('http://x.example/a.png')\">x</p>", "fetched from outside"),
    ],
)
def test_the_check_finds_what_is_broken(tmp_path: Path, page: str, says: str) -> None:
    (tmp_path / "there.png").write_bytes(b"png")
    (tmp_path / "index.html").write_text(f"<html><body id='top'>{page}<a href='#top'>up</a></body></html>")
    (tmp_path / "a.css").write_text("@import 'https://y.example/b.css';")
    found = load_script("site_making/check.py").check(tmp_path)
    assert len(found.problems) == 2
    assert any(says in problem for problem in found.problems)
    assert any("a.css" in problem for problem in found.problems)


def test_a_page_with_a_warning_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = load_script("site.py")
    pages = tmp_path / "pages"
    pages.mkdir()
    for name in ("conf.py", "_static"):
        (pages / name).symlink_to(ROOT / "docs" / name)
    (pages / "index.md").write_text("# Start\n\n[away](nowhere.md)\n")
    with pytest.raises(site.Broken, match="nowhere"):
        site.build(pages, tmp_path / "html")
