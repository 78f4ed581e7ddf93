# SPDX-License-Identifier: GPL-3.0-or-later
"""Real child processes: what they say arrives, and they end when they are asked to, when they must, or with us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from common import ROOT

from csm_blender.core.messages import Message
from csm_blender.core.processes.child_process import ChildProcess, Ending, Progress

CHILD = f"""
import json, sys, time
sys.path.insert(0, {str(ROOT)!r})
from csm_blender.core.messages import Message
from csm_blender.core.processes.child_side import Parent, log_to
"""
STUBBORN = f"{CHILD}\nParent(exit_with_parent=False)\nprint('up', flush=True)\ntime.sleep(60)"
"""Does not end when it is asked to."""

Start = Callable[..., ChildProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a child that runs a script; all children are gone after the test."""
    children: list[ChildProcess] = []

    def start(script: str, **limits: object) -> ChildProcess:
        child = ChildProcess([sys.executable, "-c", script], log=tmp_path / "child.log", **limits)  # type: ignore[arg-type]  # any limits
        children.append(child)
        return child

    yield start
    for child in children:
        child.stop(0.0)


def wait_until(met: Callable[[], object], limit_s: float = 10.0) -> None:
    """Look until *met* says so."""
    end_s = time.monotonic() + limit_s
    while not met():
        assert time.monotonic() < end_s, "nothing came"
        time.sleep(0.005)


def wait_for_end(child: ChildProcess) -> None:
    wait_until(lambda: not child.is_running())


def wait_for_answer(child: ChildProcess) -> None:
    def answered() -> bool:
        assert child.is_running() or child.answer is not None, child.last_output()
        return child.answer is not None

    wait_until(answered)


def test_a_request_is_answered_and_so_is_the_next_one(start: Start) -> None:
    child = start(
        f"{CHILD}\nparent = Parent()\n"
        "while line := parent.next_line(): parent.send_answer({'twice': 2 * json.loads(line)['number']})"
    )
    for number in (1, 21):
        assert child.send(json.dumps({"number": number}).encode() + b"\n")
        wait_for_answer(child)
        assert child.answer == {"twice": 2 * number}
    assert child.ending is None


def test_progress_arrives_as_message_and_only_grows(start: Start) -> None:
    child = start(
        f"{CHILD}\nparent = Parent()\n"
        "parent.report_progress(0.5, Message('Part {number}', number=3))\nparent.next_line()\n"
        "parent.report_progress(0.2, 'back')\nparent.send_answer({})"
    )
    wait_until(lambda: child.is_running() and child.progress.share)
    assert child.progress == Progress(0.5, Message("Part 3"))
    assert child.progress.text.template == "Part {number}"
    child.send(b"{}\n")
    assert child.progress == Progress(), "a new request begins at 0"
    wait_for_end(child)
    assert child.progress == Progress(0.2, Message("back"))


def test_what_it_prints_is_no_message(start: Start, tmp_path: Path) -> None:
    child = start(
        "print('Blender 4.2')\n" + f"{CHILD}\nparent = Parent()\nprint('printed')\nprint(json.dumps({{'answer': 1}}))\n"
        "parent.send_answer({'good': True})"
    )
    wait_for_end(child)
    assert child.answer == {"good": True}
    assert (tmp_path / "child.log").read_text().splitlines() == ["printed", '{"answer": 1}']


def test_output_goes_to_another_file_for_another_request(start: Start, tmp_path: Path) -> None:
    child = start(
        f"{CHILD}\nparent = Parent()\n"
        "while line := parent.next_line():\n"
        "    log_to(json.loads(line)['log']); print('about', line.decode()); parent.send_answer({})"
    )
    for name in ("one.log", "two.log"):
        child.send(json.dumps({"log": str(tmp_path / name)}).encode() + b"\n", tmp_path / name)
        wait_for_answer(child)
    child.stop()
    assert [name in (tmp_path / name).read_text() for name in ("one.log", "two.log")] == [True, True]
    assert "two.log" in child.last_output()


def test_much_output_and_a_long_answer_block_nobody(start: Start) -> None:
    child = start(
        f"{CHILD}\nparent = Parent()\nprint('x' * 3_000_000, flush=True)\n"
        "parent.send_answer({'long': 'y' * 3_000_000})"
    )
    longest_s = 0.0
    while child.ending is None:
        begun_s = time.monotonic()
        child.is_running()
        longest_s = max(longest_s, time.monotonic() - begun_s)
        time.sleep(0.01)
    assert child.answer is not None
    assert len(child.answer["long"]) == 3_000_000
    assert longest_s < 0.5
    assert len(child.last_output()) == 200


def test_its_end_is_noticed_with_status_and_last_words(start: Start) -> None:
    child = start(f"{CHILD}\nparent = Parent()\nparent.report_progress(0.5, 'half')\nprint('oh no')\nsys.exit(7)")
    wait_for_end(child)
    assert (child.ending, child.status, child.answer) == (Ending.EXITED, 7, None)
    assert child.progress.share == 0.5
    assert child.last_output() == "oh no"
    assert child.how_it_ended() == "It ended with status 7."
    assert not child.send(b"{}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_kill_from_outside_is_named(start: Start) -> None:
    child = start(STUBBORN)
    os.kill(child.pid, signal.SIGKILL)
    wait_for_end(child)
    assert (child.ending, child.how_it_ended()) == (Ending.EXITED, "It was ended by signal 9.")


def test_a_child_that_is_asked_to_end_does(start: Start) -> None:
    child = start(f"{CHILD}\nParent()\nprint('up', flush=True)\ntime.sleep(60)")
    wait_until(child.last_output)
    child.cancel(grace_s=60.0)
    wait_for_end(child)
    assert (child.ending, child.status) == (Ending.CANCELLED, 3)


def test_one_that_does_not_is_killed_after_the_grace_time(start: Start) -> None:
    child = start(STUBBORN)
    wait_until(child.last_output)
    asked_s = time.monotonic()
    child.cancel(grace_s=0.3)
    assert child.is_running()
    wait_for_end(child)
    assert 0.3 <= time.monotonic() - asked_s < 1.0
    assert child.ending is Ending.CANCELLED


def test_stop_waits_until_it_is_gone(start: Start) -> None:
    child = start(STUBBORN)
    wait_until(child.last_output)
    child.stop(grace_s=0.1)
    assert child.ending is Ending.CANCELLED
    assert child.status is not None


def test_a_request_that_takes_too_long_ends_it(start: Start) -> None:
    child = start(STUBBORN, deadline_s=0.3)
    wait_for_end(child)
    assert (child.ending, child.how_it_ended()) == (Ending.DEADLINE, "It took too long and was stopped.")


def test_a_machine_that_sleeps_takes_no_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the clock goes on meanwhile: two hours later, what was half done is not over its time."""
    child, real = start(STUBBORN, deadline_s=1800.0), time.monotonic
    wait_until(child.last_output)
    assert child.is_running()
    monkeypatch.setattr(time, "monotonic", lambda: real() + 7200.0)
    assert child.is_running()


def test_the_deadline_is_each_requests_own(start: Start) -> None:
    child = start(f"{CHILD}\nparent = Parent()\nwhile parent.next_line(): parent.send_answer({{}})", deadline_s=5.0)
    child.send(b"{}\n")
    wait_for_answer(child)
    child._deadline_s = 0.05
    time.sleep(0.1)
    assert child.is_running(), "nothing is asked for, so nothing takes long"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process takes")
def test_one_that_takes_too_much_memory_is_ended(start: Start) -> None:
    child = start("import time\nheld = bytearray(300_000_000)\ntime.sleep(60)", memory_bytes=200_000_000)
    wait_for_end(child)
    assert child.ending is Ending.MEMORY
    assert child.how_it_ended() == "It used more memory than allowed and was stopped."


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_child_ends_with_a_killed_parent(tmp_path: Path) -> None:
    child = f"{CHILD}\nParent()\ntime.sleep(60)"
    parent = (
        f"{CHILD}\nfrom csm_blender.core.processes.child_process import ChildProcess\n"
        f"print(ChildProcess([sys.executable, '-c', {child!r}]).pid, flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    os.kill(pid, 0)
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not _runs(pid))


def test_a_program_that_is_not_there_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="no-such-program"):
        ChildProcess([str(tmp_path / "no-such-program")])
    assert list(tmp_path.iterdir()) == []


def _runs(pid: int) -> bool:
    """Whether a process is alive, and no zombie that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
