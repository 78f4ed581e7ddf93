# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a file: held by one, also within a process, until it is given back or its process ends."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from common import ROOT

from csm_blender.core.processes.process_lock import ProcessLock, sqlite_address

HOLD = """
import sys
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
sys.path.insert(0, sys.argv[1])
from csm_blender.core.processes.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[2]))
print(lock.acquire(), flush=True)
sys.stdin.readline()
"""


def test_it_is_held_by_one_until_that_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "a name with ? and #.lock"
    one, other = ProcessLock(path), ProcessLock(path)
    assert one.acquire()
    assert not other.acquire(), "the rest of the process is locked out, too"
    assert not other.acquire(), "to have asked does not take it away"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    one.release()
    assert other.acquire()
    other.release()


def test_it_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ROOT), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with ProcessLock(path) as here:
            assert not here.acquire()
        holder.kill()
        holder.wait()
        with ProcessLock(path) as here:
            assert here.acquire(10.0)


def test_a_file_that_is_missing_is_not_made_unless_wanted(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        ProcessLock(tmp_path / "lock").acquire(create=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (PurePosixPath("/tmp/a b#c?.lock"), "file:///tmp/a%20b%23c%3F.lock?mode=rw"),
        (PureWindowsPath("C:\\Temp\\ä.lock"), "file:///C:/Temp/%C3%A4.lock?mode=rw"),
        (PureWindowsPath("//server/share/x.lock"), "file:////server/share/x.lock?mode=rw"),
    ],
)
def test_the_address_is_one_that_sqlite_takes_on_each_system(path: PurePath, address: str) -> None:
    assert sqlite_address(path, "rw") == address
