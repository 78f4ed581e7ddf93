# SPDX-License-Identifier: GPL-3.0-or-later
"""What a child does with its parent's pipe; test_child_process.py has the two sides together."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from common import ROOT

from csm_blender.core.processes.child_side import PARENT_GONE_STATUS

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import os
from csm_blender.core.processes.child_side import Parent
os.write(1, b"half a line")
parent = Parent(exit_with_parent=sys.argv[2] == "exit")
print("chatter is no message")
line = parent.next_line()
parent.report_progress(0.5, "Half")
parent.send_answer({"heard": line.decode()})
assert parent.next_line() == b""
assert parent.is_gone()
"""


@pytest.mark.parametrize(("way", "status"), [("exit", PARENT_GONE_STATUS), ("clean up", 0)])
def test_messages_alone_go_to_standard_output_and_a_closed_pipe_ends_the_child(way: str, status: int) -> None:
    command = [sys.executable, "-c", CHILD, str(ROOT), way]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"hello\n")
    child.stdin.flush()
    lines = [child.stdout.readline() for _ in range(3)]
    assert lines[0] == b"half a line\n", "what was printed before does not spoil the first message"
    said = [json.loads(line) for line in lines[1:]]
    out, errors = child.communicate(timeout=10)
    assert said == [{"progress": 0.5, "text": "Half"}, {"answer": {"heard": "hello"}}]
    assert (out, child.returncode) == (b"", status), errors
    assert b"chatter" in errors
