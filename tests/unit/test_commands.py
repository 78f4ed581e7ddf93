# SPDX-License-Identifier: GPL-3.0-or-later
"""Each command that a document shows is one that works: the parser takes it, and a test runs it or its program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from common import ROOT

from csm_blender.cli.parser import build_parser
from csm_blender.core.jobs.store import DATABASE_NAME, Store

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
PROGRAM = re.compile(r"(?:\w+=\S+ )*(?:python3?|blender|\$PY|curl|pytest|scripts/\S+\.\w+|\.venvs/\S+/python) \S")
CSM = re.compile(r"(?:--command csm|csm\.py --|-m csm_blender)(?: (.+))?$")
SCRIPT = re.compile(r"(?:scripts|benchmarks)/\w+(?:\.\w+)?")
RUN_BY = {
    "benchmarks/run.py": "tests/reliability/test_benchmarks_run.py",
    "scripts/build.py": "tests/package/test_zip.py",
    "scripts/csm.py": "tests/package/test_guide.py",
    "scripts/csm_server": "tests/server/test_server_adding.py",
    "scripts/deliveries.py": "tests/integration/test_deliveries.py",
    "scripts/demo.py": "tests/package/test_demo.py",
    "scripts/environment.py": "tests/unit/test_environment.py",
    "scripts/fuzz_glb.py": "tests/reliability/test_hostile.py",
    "scripts/get_blender.sh": ".ci/run",
    "scripts/pictures.py": "tests/gui/test_pictures.py",
    "scripts/raise_version.py": "tests/package/test_release.py",
    "scripts/release.py": "tests/package/test_release.py",
    "scripts/remesh_quality.py": "tests/integration/remesh/test_quality.py",
    "scripts/site.py": "tests/package/test_site.py",
    "scripts/soak.py": "tests/reliability/test_soak.py",
    "scripts/submission.py": "tests/package/test_submission.py",
    "scripts/test.py": ".ci/run",
    "scripts/translations.py": "tests/unit/test_languages.py",
}
"""The test that runs each program, or what it consists of."""


@dataclass(frozen=True)
class Command:
    document: str
    line: str

    def __str__(self) -> str:
        return f"{self.document}: {self.line}"


def commands() -> list[Command]:
    """All command lines of the documents, from blocks and from the running text, without comments and redirections."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        blocks = [body for kind, body in FENCE.findall(text) if kind == "sh"]
        lines = [line for body in blocks for line in body.replace("\\\n", " ").splitlines()]
        lines += INLINE.findall(FENCE.sub("", text))
        for line in lines:
            plain = re.sub(r"\s+(#.*|> \S+)$", "", line.strip())
            if PROGRAM.match(plain) or plain in blocks:
                found.append(Command(document.relative_to(ROOT).as_posix(), plain))
    return list(dict.fromkeys(found))


ALL = commands()
OF_CSM = [each for each in ALL if CSM.search(each.line)]
OF_SCRIPTS = [each for each in ALL if SCRIPT.search(each.line) and each not in OF_CSM]


def test_commands_are_found_in_all_places() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/command-line.md", "docs/guide.md", "docs/local-service.md"} <= {
        each.document for each in ALL
    }
    assert len(OF_CSM) >= 12
    assert len(OF_SCRIPTS) >= 12
    others = [each for each in ALL if each not in OF_CSM and each not in OF_SCRIPTS]
    assert all(
        each.line.startswith(("curl ", "pytest ", "python -m pip ", ".venvs/", "blender --background"))
        for each in others
    ), others


@pytest.mark.parametrize("command", OF_CSM, ids=str)
def test_the_parser_takes_what_a_document_says(command: Command) -> None:
    found = CSM.search(command.line)
    assert found is not None
    words = shlex.split(found[1] or "")
    if not words or words[-1] == "…":
        return
    if len(words) == 1:  # named in a sentence: its arguments are elsewhere
        words.append("--help")
        with pytest.raises(SystemExit, match="0"):
            build_parser("csm").parse_args(words)
        return
    build_parser("csm").parse_args(words)


@pytest.mark.parametrize("command", OF_SCRIPTS, ids=str)
def test_a_program_has_a_test_and_takes_its_options(command: Command) -> None:
    found = SCRIPT.search(command.line)
    assert found is not None
    program = found[0]
    assert (ROOT / program).exists()
    test = (ROOT / RUN_BY[program]).read_text(encoding="utf-8")
    name = program.rpartition("/")[2]
    assert name in test or name.removesuffix(".py") in test or "server" in name, (
        f"{RUN_BY[program]} does not run {name}"
    )
    options = [word for word in shlex.split(command.line.partition(program)[2]) if word.startswith("--")]
    if options and options != ["--help"]:
        words = shlex.split(command.line.partition(program)[2])
        positional = [word for word in words[:1] if not word.startswith("-")]
        call = [sys.executable, str(ROOT / program), *positional, "--help"]
        shown = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)
        assert shown.returncode == 0, shown.stderr
        assert [option for option in options if option not in shown.stdout] == []


@pytest.mark.parametrize("words", [["--", "jobs", "--json"], ["jobs", "--json"]])
def test_a_python_takes_the_words_with_or_without_the_mark_that_blender_needs(words: list[str], tmp_path: Path) -> None:
    call = [sys.executable, str(ROOT / "scripts" / "csm.py"), *words]
    around = {**os.environ, "CSM_HOME": str(tmp_path)}
    shown = subprocess.run(call, capture_output=True, text=True, check=False, env=around)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["jobs"] == []


def test_the_questions_to_the_job_store_are_answered(tmp_path: Path) -> None:
    """The SQL of docs/job-store.md, asked of a new store."""
    Store(tmp_path).close()
    text = (ROOT / "docs" / "job-store.md").read_text(encoding="utf-8")
    asked = re.findall(r'^sqlite3 jobs\.sqlite3 "(.+)"$', text, re.MULTILINE)
    assert len(asked) == 2
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database:
        for question in asked:
            assert database.execute(question).fetchall() == []
