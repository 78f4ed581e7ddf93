# SPDX-License-Identifier: GPL-3.0-or-later
"""The forge runs the steps of .ci/run, on three systems, with pinned actions; its forms ask for the support report.

That its files are valid workflows is checked by actionlint, in the lint step.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from common import ROOT, load_script

FORGE = ROOT / ".github"
WORKFLOWS = sorted((FORGE / "workflows").glob("*.yml"))
FORMS = ["fault.yml", "wish.yml"]


def test_every_step_of_ours_runs_there_and_no_other() -> None:
    text = (FORGE / "workflows" / "tests.yml").read_text(encoding="utf-8")
    called = set(re.findall(r"scripts/test\.py ([\w.-]+)$", text, re.MULTILINE))
    called |= {f"blender-{version}" for version in re.findall(r'blender: "([\d.]+)"', text)}
    called |= set(re.findall(r"step: \[(\w+), (\w+)\]", text)[0])
    assert called == set(load_script("test.py").STEPS)
    assert {"ubuntu", "windows", "macos"} <= set(re.findall(r"(\w+)-[\d.]+", re.findall(r"os: \[(.*)\]", text)[0]))


def test_ci_runs_each_step_once() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    words = " ".join(re.findall(r"^python3 scripts/test\.py (.+?) \|\| status=1$", run, re.MULTILINE)).split()
    assert words == list(load_script("test.py").STEPS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_its_commit_and_may_only_read(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    actions = re.findall(r"uses: (\S+)(.*)", text)
    assert actions
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action, _version in actions)
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", version) for _action, version in actions)
    assert "permissions:\n  contents: read\n" in text
    assert "://" not in text


@pytest.mark.parametrize("name", FORMS)
def test_each_form_asks_for_the_support_report(name: str) -> None:
    text = (FORGE / "ISSUE_TEMPLATE" / name).read_text(encoding="utf-8")
    assert "id: report" in text
    assert '"Copy Report"' in text
    assert "blender --command csm jobs --report" in text
    assert 'bl_label = "Copy Report"' in (ROOT / "csm_blender/ui/setup_operators.py").read_text(encoding="utf-8")


def test_a_fault_is_not_reported_without_it() -> None:
    report = (FORGE / "ISSUE_TEMPLATE" / "fault.yml").read_text(encoding="utf-8").partition("id: report")[2]
    assert "required: true" in report.partition("- type:")[0]
