# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents tell of things that are there: files, pictures, tests, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from common import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`((?:csm_blender|tests|scripts|benchmarks|docs)/[\w./-]+\.\w+)`")
MODULE = re.compile(r"`((?:core|worker|remesh|converter|scene|ui|cli)(?:/[\w*]+)+(?:\.\w+)?)`")
"""A file or folder below ``csm_blender``, perhaps with a ``*``."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_and_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = [name for name in LINK.findall(text) if "://" not in name]
    missing = [name for name in linked if not (document.parent / name).exists()]
    missing += [name for name in FILE.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in MODULE.findall(text) if not list((ROOT / "csm_blender").glob(name))]
    assert not missing


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        (document.parent / name).resolve()
        for document in DOCUMENTS
        for name in LINK.findall(document.read_text(encoding="utf-8"))
        if "://" not in name
    }
    assert not [path.name for path in (ROOT / "docs" / "images").iterdir() if path.resolve() not in shown]


def test_every_step_of_the_guide_names_the_test_that_performs_it() -> None:
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    steps = re.findall(r"^## (\d+)\. ", text, re.MULTILINE)
    table = text.partition("## Which test performs which step")[2]
    performed = {row[0] for row in re.findall(r"^\| (\d+)[^|]*\| `tests/", table, re.MULTILINE)}
    assert steps
    assert set(steps) == performed
