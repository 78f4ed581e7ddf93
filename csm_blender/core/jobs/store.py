# SPDX-License-Identifier: GPL-3.0-or-later
"""The job store: the only truth about jobs, shared by all Blenders and workers of this machine.

Everything is written before it is acted on, so that a process can be killed at any moment. A job is changed by one
worker at a time, which holds a lease on it; changes made on a lost lease do not go through.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import StoreUnusable
from ..models import JobSpec
from ..settings import LONGEST_LEASE_S
from . import holder
from .database import BUSY_TIMEOUT_S, identity, open_database, storage_faults_explained
from .job import Job
from .job_records import IllegalMove, LeaseLost, SentBefore, check_move, is_lasting
from .rows import columns_from, format_of, jobs_from, spec_from
from .shared_refine import blocking_job
from .states import ACTIVE, FINISHED, JobState

DATABASE_NAME = "jobs.sqlite3"
CACHED_SPECS = 1000
"""A changed job is read many times, and its spec is most of the work."""
_FREE = "(lease_owner IN ('', :owner) OR lease_until<:now OR lease_until>:now+:longest)"
"""No other worker holds the job. A lease that reaches too far into the future is from before the clock was set back."""


class Store:
    """One connection to the store. Not for sharing between threads; open another one there.

    ``notice`` is a sentence for people when a new store had to be created, else empty.
    """

    def __init__(self, home: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Open the store in the folder *home*. Raises a :class:`.errors.StoreTrouble`.

        A lock of another program is waited for *busy_timeout_s* seconds, in every call: give little in a thread that a
        person waits for.
        """
        self.home = home
        self.path = home / DATABASE_NAME
        self._db, self.notice = open_database(self.path, busy_timeout_s)
        self._identity = identity(self.path)
        self._read_spec = lru_cache(CACHED_SPECS)(spec_from)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def folder(self, job_id: str) -> Path:
        """Where the files of a job lie; not necessarily there yet."""
        return self.home / job_id

    def get(self, job_id: str) -> Job | None:
        """The job, or ``None`` if it was removed."""
        return next(iter(self._select("WHERE job_id=?", [job_id])), None)

    def jobs(self, states: Iterable[JobState] | None = None, run_id: str | None = None) -> list[Job]:
        """Jobs, oldest first; of some states or of one command-line call where asked."""
        wanted = "1" if states is None else f"state IN ({_quoted(states)})"
        return self._select(f"WHERE {wanted} AND (? IS NULL OR run_id=?) ORDER BY created_at, rowid", [run_id, run_id])

    def latest(self, count: int) -> list[Job]:
        """The *count* jobs made last, newest first."""
        return self._select("ORDER BY created_at DESC, rowid DESC LIMIT ?", [count])

    def job_ids(self) -> set[str]:
        """The ids of all jobs, also of those whose rows cannot be read."""
        with self._explained():
            return {row["job_id"] for row in self._db.execute("SELECT job_id FROM jobs")}

    def siblings(self, job: Job) -> list[Job]:
        """The other jobs for the same session of the same service, oldest first."""
        return self._select(
            "WHERE session_code=? AND base_url=? AND job_id<>? ORDER BY created_at, rowid",
            [job.session_code, job.base_url, job.job_id],
        )

    def changed_since(self, revision: int, limit: int = -1) -> list[Job]:
        """Jobs changed after *revision*, in order of change, at most *limit*: its cost grows with what changed."""
        return self._select("WHERE revision>? ORDER BY revision LIMIT ?", [revision, limit])

    def revision(self) -> int:
        """The number of the last change."""
        with self._explained():
            return int(self._db.execute("SELECT revision FROM counter").fetchone()[0])

    def data_version(self) -> int:
        """Changes when another connection has written: the cheapest question there is (SQLite's ``data_version``)."""
        with self._explained():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def events(self, job_id: str) -> list[tuple[str, str, str]]:
        """The history of a job as (time, state, message), oldest first."""
        with self._explained():
            rows = self._db.execute("SELECT at, state, message FROM events WHERE job_id=? ORDER BY rowid", [job_id])
            return [(row["at"], row["state"], row["message"]) for row in rows]

    def add(self, spec: JobSpec, base_url: str, job_id: str = "") -> Job:
        """Record a new job, QUEUED. Nothing is sent by this.

        One that asks nothing of the service is recorded without a base URL, so that any worker takes it up. *job_id* is
        given when a record that the store has lost is restored; a job that is still there stays as it is. It is given,
        too, where the job's folder holds its mesh already.
        """
        base_url = base_url if spec.needs_service else ""
        job_id = job_id or uuid.uuid4().hex
        now, data = now_text(), spec.as_dict()
        with self._transaction("NORMAL"):
            self._raise_format(format_of(data))
            done = self._db.execute(
                "INSERT OR IGNORE INTO jobs (job_id, revision, state, session_code, object_name, blend_file,"
                " scene_name, base_url, run_id, spec_json, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                [
                    *(job_id, self._next_revision(), str(JobState.QUEUED), spec.session_code, spec.object_name),
                    *(spec.blend_file, spec.scene_name, base_url, spec.run_id, json.dumps(data), now, now),
                ],
            )
            if done.rowcount == 1:
                self._record_event(job_id, JobState.QUEUED, "")
        job = self.get(job_id)
        assert job is not None
        return job

    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        """Write *changes* (fields of :class:`Job`) and give the job as it is now.

        A change of ``state`` is checked against the state machine and recorded as an event. With *owner* the change
        goes through only while that worker holds the lease, else :class:`LeaseLost`. Raises :class:`IllegalMove`.
        """
        with self._transaction("FULL" if is_lasting(changes) else "NORMAL"):
            row = self._db.execute("SELECT state, lease_owner FROM jobs WHERE job_id=?", [job.job_id]).fetchone()
            if row is None or (owner is not None and row["lease_owner"] != owner):
                raise LeaseLost(job.job_id)
            if (new := changes.get("state")) is not None:
                old = JobState(row["state"])
                check_move(old, job.state, new)
                if new in FINISHED:
                    changes.setdefault("finished_at", now_text())
                if old is not new:
                    self._record_event(job.job_id, new, changes.get("message", job.message))
            self._write(job.job_id, changes)
        fresh = self.get(job.job_id)
        if fresh is None:
            raise LeaseLost(job.job_id)
        return fresh

    def begin_post(self, job: Job, owner: str) -> Job | None:
        """Note that the refine request is about to go out: durable before the first byte is sent.

        This is the one guard against paying twice. ``None`` means go. Otherwise the job that blocks this one is given,
        see :mod:`.shared_refine`. Raises :class:`SentBefore`, :class:`LeaseLost` and :class:`IllegalMove`.
        """
        with self._transaction():
            current = self.get(job.job_id)
            if current is None or current.lease_owner != owner:
                raise LeaseLost(job.job_id)
            if current.state is not JobState.SUBMITTING or not current.spec.may_be_paid:
                raise IllegalMove(f"{current.state} with {current.spec.choices.engine} does not send")
            if current.posted_at:
                raise SentBefore(job.job_id)
            other = blocking_job(current, self.siblings(current))
            if other is None:
                self._write(job.job_id, {"posted_at": now_text(), "posts": current.posts + 1})
            return other

    def unbegin_post(self, job: Job, owner: str) -> Job:
        """Take the note back: it is certain that nothing of the request left this machine."""
        return self.update(job, owner=owner, posted_at="", posts=max(0, job.posts - 1))

    def remove(self, job: Job) -> None:
        """Forget the job and delete its files."""
        with self._transaction():
            self._db.execute("DELETE FROM jobs WHERE job_id=?", [job.job_id])
            self._db.execute("DELETE FROM events WHERE job_id=?", [job.job_id])
            self._next_revision()
        shutil.rmtree(self.folder(job.job_id), ignore_errors=True)

    def claim(self, job_id: str, owner: str, lease_s: float) -> bool:
        """Take or renew the lease on a job for *lease_s* seconds; ``False`` while another worker holds it."""
        return self._claim(job_id, owner, lease_s) or (
            self._release_gone(owner, job_id) and self._claim(job_id, owner, lease_s)
        )

    def _claim(self, job_id: str, owner: str, lease_s: float) -> bool:
        with self._transaction("NORMAL"):
            done = self._db.execute(
                f"UPDATE jobs SET lease_owner=:owner, lease_until=:now+:lease WHERE job_id=:job AND {_FREE}",  # noqa: S608 - a constant
                {"job": job_id, "lease": min(lease_s, LONGEST_LEASE_S), **_lease_terms(owner)},
            )
            return done.rowcount == 1

    def renew(self, owner: str, lease_s: float) -> None:
        """Renew every lease of *owner*: the heartbeat of a process that is alive."""
        with self._transaction("NORMAL"):
            until = time.time() + min(lease_s, LONGEST_LEASE_S)
            self._db.execute("UPDATE jobs SET lease_until=? WHERE lease_owner=?", [until, owner])

    def release(self, owner: str) -> None:
        """Give back every lease of *owner*: it ends, or it is known to be dead."""
        with self._transaction("NORMAL"):
            self._db.execute("UPDATE jobs SET lease_owner='', lease_until=0 WHERE lease_owner=?", [owner])
        holder.forget(owner)

    def _release_gone(self, owner: str, job_id: str | None = None) -> bool:
        """Give back the leases of workers of this machine that were killed: on one job, or on all; whether any was."""
        with self._explained():
            rows = self._db.execute(
                "SELECT DISTINCT lease_owner FROM jobs WHERE lease_owner NOT IN ('', ?) AND (? IS NULL OR job_id=?)",
                [owner, job_id, job_id],
            )
            gone = [row["lease_owner"] for row in rows if holder.is_gone(row["lease_owner"])]
        for other in gone:
            self.release(other)
        return bool(gone)

    def waiting_for_worker(self, base_url: str, owner: str = "") -> list[str]:
        """Ids of the jobs of this service, and of those that need none, that have no worker, or have *owner*."""
        self._release_gone(owner)
        with self._explained():
            rows = self._db.execute(
                f"SELECT job_id FROM jobs WHERE base_url IN (:base, '') AND {_FREE}"  # noqa: S608 - constants
                f" AND (state IN ({_quoted(ACTIVE)}) OR (state='UNCERTAIN' AND looks_left>0)"
                f" OR (cancel_requested AND state NOT IN ({_quoted(FINISHED)}))) ORDER BY created_at, rowid",
                {"base": base_url, **_lease_terms(owner)},
            )
            return [row["job_id"] for row in rows]

    def _select(self, clause: str, values: list[Any]) -> list[Job]:
        with self._explained():
            return jobs_from(self._db.execute(f"SELECT * FROM jobs {clause}", values), self._read_spec)  # noqa: S608 - constants

    def _write(self, job_id: str, changes: dict[str, Any]) -> None:
        columns = {"revision": self._next_revision(), "updated_at": now_text(), **columns_from(changes)}
        assignments = ", ".join(f"{name}=?" for name in columns)
        change = f"UPDATE jobs SET {assignments} WHERE job_id=?"  # noqa: S608 - names of our own columns
        self._db.execute(change, [*columns.values(), job_id])

    def _raise_format(self, needed: int) -> None:
        """Write into the file which versions can read it from now on."""
        if self._db.execute("PRAGMA user_version").fetchone()[0] < needed:
            self._db.execute(f"PRAGMA user_version={needed:d}")

    def _record_event(self, job_id: str, state: JobState, message: str) -> None:
        self._db.execute("INSERT INTO events VALUES (?,?,?,?)", [job_id, now_text(), str(state), message])

    def _next_revision(self) -> int:
        return int(self._db.execute("UPDATE counter SET revision=revision+1 RETURNING revision").fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self, synchronous: str = "FULL") -> Iterator[None]:
        """All or nothing. With *synchronous* ``FULL`` it is on the disk when this ends (``PRAGMA synchronous``).

        ``NORMAL`` is for what costs no more than a repeated read if it is lost: it outlives this process at once, and a
        failing power supply from the next ``FULL`` transaction of any process on. That order is never changed.
        """
        with self._explained():
            self._db.execute(f"PRAGMA synchronous={synchronous}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        if identity(self.path) != self._identity:
            # SQLite would go on writing into a file that no other process can see any more.
            raise StoreUnusable(
                "The job folder {folder} was deleted or replaced while it was in use.", folder=self.home
            )
        with storage_faults_explained(self.path):
            yield


def is_leased(job: Job) -> bool:
    """Whether a worker holds the lease on the job right now."""
    now = time.time()
    is_valid = bool(job.lease_owner) and now <= job.lease_until <= now + LONGEST_LEASE_S
    return is_valid and not holder.is_gone(job.lease_owner)


def _quoted(states: Iterable[JobState]) -> str:
    """*states* as SQL."""
    return ",".join(f"'{state}'" for state in states)


def _lease_terms(owner: str) -> dict[str, str | float]:
    return {"owner": owner, "now": time.time(), "longest": LONGEST_LEASE_S}


def now_text() -> str:
    """This moment, as the store writes times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
