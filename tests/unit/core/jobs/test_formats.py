# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to 1.0.0, with its own code out of its released zip: it reads a store that it can, and refuses the others.

The rule is written in docs/job-store.md.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from data_of_1_0_0 import RELEASED_ZIP
from jobs_at_hand import spec

from csm_blender.core.jobs import cleanup, rows
from csm_blender.core.jobs.store import Store
from csm_blender.core.models import Choices
from csm_blender.core.sources import Engine, Facing, Source, SourceKind

A_FILE = {"file_or_object": Source(SourceKind.FILE, "/chair.glb"), "choices": Choices(engine=Engine.LOCAL)}
OPEN_WITH_1_0_0 = """
import json, sys
from pathlib import Path
from csm_blender.core import cleaning, store
from csm_blender.core.errors import CsmError
try:
    opened = store.Store(Path(sys.argv[1]))
except CsmError as error:
    print(json.dumps({"error": error.as_dict()}))
else:
    cleaning.clean(opened)
    print(json.dumps({"jobs": [job.spec.session_code for job in opened.jobs()]}))
"""


@pytest.fixture(scope="module")
def old_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package of 1.0.0."""
    folder = tmp_path_factory.mktemp("code-of-1.0.0")
    with zipfile.ZipFile(RELEASED_ZIP) as bundle:
        bundle.extractall(folder / "csm_blender")
    return folder


def opened_by_1_0_0(home: Path, code: Path) -> dict[str, Any]:
    call = [sys.executable, "-c", OPEN_WITH_1_0_0, str(home)]
    done = subprocess.run(call, cwd=code, capture_output=True, text=True, check=False)  # imports from where it runs
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def format_on_disk(store: Store) -> int:
    with closing(sqlite3.connect(store.path)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def put_file(store: Store, job_id: str) -> Path:
    """The copy of a job's file, two hours old: a leftover, for whoever does not know the job."""
    copy = store.folder(job_id) / "delivered.mesh"
    copy.parent.mkdir()
    copy.write_bytes(b"mesh")
    old = time.time() - 7200
    for path in (copy, copy.parent):
        os.utime(path, (old, old))
    return copy


def test_a_store_with_sessions_only_is_read_by_1_0_0(tmp_path: Path, old_code: Path) -> None:
    with closing(Store(tmp_path)) as store:
        job = store.add(spec("SESSION_1"), "http://127.0.0.1:1")
        copy = put_file(store, job.job_id)
        assert format_on_disk(store) == rows.FORMAT_OF_1_0_0
        assert opened_by_1_0_0(tmp_path, old_code) == {"jobs": ["SESSION_1"]}
        assert copy.exists()


@pytest.mark.parametrize(
    "changes",
    [
        A_FILE,
        {"choices": Choices(engine=Engine.LOCAL)},
        {"choices": Choices(facing=Facing.AUTO)},
        {"shape": "of the block-out"},
    ],
    ids=["file", "engine", "facing", "shape"],
)
def test_a_store_with_a_job_that_1_0_0_cannot_read_is_refused_by_it_and_stays_as_it_is(
    tmp_path: Path, old_code: Path, changes: dict[str, Any]
) -> None:
    with closing(Store(tmp_path)) as store:
        store.add(spec("SESSION_1"), "http://127.0.0.1:1")
        job = store.add(spec("SESSION_2", **changes), "http://127.0.0.1:1")
        copy = put_file(store, job.job_id)
        assert format_on_disk(store) == rows.NEWEST_FORMAT
        error = opened_by_1_0_0(tmp_path, old_code)["error"]
        assert error["message"].endswith("was written by a newer CSM Refine (format 2).")
        assert error["hint"] == "Update CSM Refine. The store was not touched."
        assert copy.exists()
    with closing(Store(tmp_path)) as again:
        assert {found.job_id for found in again.jobs()} == again.job_ids()
        assert len(again.job_ids()) == 2


def test_files_of_a_job_whose_row_cannot_be_read_are_no_leftovers(tmp_path: Path) -> None:
    """As 1.0.0 took them for."""
    with closing(Store(tmp_path)) as store:
        copy = put_file(store, store.add(spec("SESSION_1"), "http://127.0.0.1:1").job_id)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
            database.execute('UPDATE jobs SET spec_json=\'{"of": "tomorrow"}\'')
    with closing(Store(tmp_path)) as store:
        assert store.jobs() == []
        cleanup.clean(store, limit_bytes=0)
        assert copy.exists()
