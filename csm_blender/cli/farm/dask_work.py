# SPDX-License-Identifier: GPL-3.0-or-later
"""``work --dask``: the jobs of a plan as tasks of an existing Dask cluster, one task a job.

Tasks are idempotent through the folders of their jobs, so Dask may run one again whenever a worker is lost. This
process only submits and watches. It needs neither Blender nor key, and no task holds a key.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ...core.errors import ClusterLost, CsmError, UsageError, WorkerLost
from ...core.farm.job_folders import JobFolders
from ...core.farm.needs import memory_of_job
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.processes.converter_pool import BLEND_NAME
from ..console import say
from ..job_arguments import typed_path
from .dask_task import TASK_MODULE, DaskAnswer, DaskTask
from .work import has_ended

CONNECT_S = 10.0
LOOK_S = 1.0
"""How often the workers and the jobs under way are looked at."""
CANCEL_S = 10.0
RETRIES = 2
"""How often a task that ended in an unexpected exception is tried again, perhaps by another worker."""


@dataclass(frozen=True)
class ClusterWorker:
    """A Dask worker: how many tasks it takes at once, and the bytes of memory it may use (0: no limit)."""

    address: str
    threads: int
    memory: int

    def room_for(self, needs: int) -> int:
        """How many jobs that take *needs* bytes fit at once."""
        return min(self.threads, self.memory // max(1, needs)) if self.memory else self.threads


@dataclass
class _Given:
    """A task that was submitted: its job, what that needs, and its future."""

    index: int
    needs: int
    future: Any


@dataclass
class _Cluster:
    """The cluster as far as this call uses it. ``unfit`` are workers that could not begin, and why."""

    address: str
    client: Any
    unfit: dict[str, CsmError] = field(default_factory=dict)

    def workers(self) -> list[ClusterWorker]:
        """The workers there are now, those that are known to be unfit left out. Raises :class:`ClusterLost`."""
        if self.client.status != "running":
            raise ClusterLost("The Dask scheduler at {address} is not there any more.", address=self.address)
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return [
            ClusterWorker(address, int(each["nthreads"]), int(each["memory_limit"] or 0))
            for address, each in known.items()
            if address not in self.unfit
        ]

    def submit(self, task: DaskTask, workers: Sequence[ClusterWorker] | None) -> Any:
        """A future of *task*, for one of the *workers* or, where that is ``None``, for any."""
        chosen = {} if workers is None else {"workers": [each.address for each in workers]}
        return self.client.submit(_portable_task(), TASK_MODULE, asdict(task), pure=False, retries=RETRIES, **chosen)


def do_jobs_with_dask(  # noqa: PLR0913 - each is a choice of its own
    folders: JobFolders,
    indices: Sequence[int] | None,
    address: str,
    task: DaskTask,
    *,
    most: int | None,
    on_change: Callable[[Job], None],
) -> Counter[JobState]:
    """Have a cluster do the jobs with these *indices*, or all; gives how many ended in which state.

    *task* is the pattern of all tasks. No more than *most* are submitted at the same time, and never more than the
    workers and their memory can take. *on_change* gets each job when it has changed and, last, as it ended. Raises
    :class:`ClusterLost`, :class:`UsageError` without Dask, and what no worker at all could begin with.
    """
    ended: Counter[JobState] = Counter()

    def told(job: Job) -> None:
        if has_ended(job):
            ended[job.state] += 1
        on_change(job)

    waiting: deque[int] = deque()
    for job_id in folders.plan.ids(indices):
        job = folders.get(job_id)
        if job is not None and job.state is JobState.READY and (folders.folder(job_id) / BLEND_NAME).exists():
            told(job)
        else:
            waiting.append(folders.plan.index_of(job_id))
    if waiting:
        with _connected(address) as cluster:
            _Run(folders, cluster, task, waiting, most, told).run()
    return ended


@dataclass
class _Run:
    folders: JobFolders
    cluster: _Cluster
    task: DaskTask
    waiting: deque[int]
    most: int | None
    told: Callable[[Job], None]
    given: dict[Any, _Given] = field(default_factory=dict)
    returned: Counter[int] = field(default_factory=Counter)
    """How often a job came back before its end, though its worker was fit."""
    looked_s: float = field(default_factory=time.monotonic)
    waits_for_workers: bool = False

    def run(self) -> None:
        """Submit and watch until every job has ended."""
        try:
            while self.waiting or self.given:
                self._submit()
                self._collect()
        except BaseException:  # Ctrl-C above all: what is under way must not go on by itself
            with contextlib.suppress(Exception):
                self.cluster.client.cancel([each.future for each in self.given.values()])
                self._wait_until_let_go()
            raise

    def _submit(self) -> None:
        """Submit as many jobs as the workers have room for; a large one only to those with enough memory."""
        workers = self.cluster.workers()
        self._say_whether_there_are(workers)
        while self.waiting and workers and (self.most is None or len(self.given) < self.most):
            index = self.waiting[0]
            needs = memory_of_job(self.folders.plan, index)
            fit = [each for each in workers if each.room_for(needs)]
            if not fit:
                self.waiting.popleft()
                self._give_up(
                    index, "No Dask worker has the {needs} GB of memory that it needs.", needs=f"{needs / 1e9:.1f}"
                )
                continue
            largest = max([needs, *(each.needs for each in self.given.values())])
            if self.given and len(self.given) >= sum(each.room_for(largest) for each in workers):
                return
            self.waiting.popleft()
            everyone = len(fit) == len(workers) and not self.cluster.unfit
            future = self.cluster.submit(replace(self.task, index=index), None if everyone else fit)
            self.given[future.key] = _Given(index, needs, future)

    def _say_whether_there_are(self, workers: Sequence[ClusterWorker]) -> None:
        if workers or self.given:
            self.waits_for_workers = False
            return
        if self.cluster.unfit:
            address, error = next(iter(self.cluster.unfit.items()))
            say(f"None of the {len(self.cluster.unfit)} Dask workers can do the jobs. {address} says:")
            raise error
        if not self.waits_for_workers:
            say(f"The scheduler at {self.cluster.address} has no workers yet; the jobs wait for them.")
        self.waits_for_workers = True

    def _collect(self) -> None:
        """Wait a little, and see what has ended or changed."""
        if not self.given:
            time.sleep(LOOK_S)
            return
        distributed: Any = importlib.import_module("distributed")
        with contextlib.suppress(TimeoutError, CancelledError):  # that is the end of the scheduler: see below
            futures = [each.future for each in self.given.values()]
            distributed.wait(futures, timeout=LOOK_S, return_when="FIRST_COMPLETED")
        for key in [key for key, each in self.given.items() if each.future.status != "pending"]:
            self._end(self.given.pop(key))
        if time.monotonic() - self.looked_s >= LOOK_S:
            self.looked_s = time.monotonic()
            for each in self.given.values():
                job = self.folders.get(self.folders.plan.job_id(each.index))
                if job is not None and job.needs_worker:
                    self.told(job)

    def _end(self, given: _Given) -> None:
        if given.future.status in ("cancelled", "lost"):  # the scheduler is gone, or was told so by someone else
            self.cluster.workers()
            self.waiting.append(given.index)
            return
        if given.future.status == "error":
            self._give_up(given.index, "The Dask workers failed: {reason}", reason=_reason(given.future.exception()))
            return
        answer = DaskAnswer(**given.future.result())
        if answer.error:
            self._note_unfit(answer)
        job = self.folders.job_of(self.folders.plan.job_id(given.index), answer.record) if answer.record else None
        if job is not None and not job.needs_worker:
            self.told(job)
        elif answer.error or self.returned[given.index] < RETRIES:
            self.returned[given.index] += not answer.error
            self.waiting.append(given.index)
        else:
            self._give_up(given.index, "The Dask workers have put it down {count} times.", count=RETRIES + 1)

    def _note_unfit(self, answer: DaskAnswer) -> None:
        assert answer.error is not None
        error = CsmError(answer.error["message"], answer.error["hint"])
        error.code, error.exit_status = answer.error["code"], answer.exit_status  # type: ignore[misc]  # as it was there
        if answer.worker not in self.cluster.unfit:
            say(f"{answer.worker} gets no more jobs: {error} {error.hint}".rstrip())
        self.cluster.unfit[answer.worker] = error

    def _give_up(self, index: int, words: str, **values: object) -> None:
        """Tell that a job has not ended; its folder stays as it is, and another call goes on with it."""
        error = WorkerLost(words, None, **values)
        job = self.folders.get(self.folders.plan.job_id(index))
        assert job is not None
        self.told(replace(job, error=error.as_dict()))

    def _wait_until_let_go(self) -> None:
        """Give the workers a moment to put their jobs down, so that whoever comes next need not wait for them."""
        end_s = time.monotonic() + CANCEL_S
        ids = [self.folders.plan.job_id(each.index) for each in self.given.values()]
        while time.monotonic() < end_s:
            journals = [self.folders.journal(job_id) for job_id in ids]
            if all(journal.released or not journal.number for journal in journals):
                return
            time.sleep(0.1)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def _connected(address: str) -> Iterator[_Cluster]:
    """A client of the scheduler at *address*. Raises :class:`UsageError` and :class:`ClusterLost`."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        hint = 'Install it: python -m pip install "distributed>=2025.1"'
        raise UsageError("This Python has no Dask, which --dask needs.", hint) from error
    try:
        client = distributed.Client(address, timeout=CONNECT_S)
    except (OSError, TimeoutError) as error:
        raise ClusterLost("There is no Dask scheduler at {address}.", address=address) from error
    except ValueError as error:
        raise UsageError("{address} is no address of a Dask scheduler.", "Like tcp://HOST:8786", address=address) from (
            error
        )
    try:
        yield _Cluster(address, client)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=CONNECT_S)


def _portable_task() -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """What a worker calls. Being local it is sent whole, not by its name: a scheduler needs no copy of this package."""

    def csm_job(module: str, task: dict[str, Any]) -> dict[str, Any]:
        import importlib  # noqa: PLC0415 - it runs elsewhere, with nothing of this module
        import importlib.util  # noqa: PLC0415 - the function is sent alone
        import sys  # noqa: PLC0415 - as above

        if importlib.util.find_spec("csm_blender") is None:
            sys.path.append(task["package"])
        answer: dict[str, Any] = importlib.import_module(module).do_task(task)
        return answer

    return csm_job


def pattern(folders: JobFolders, blender: str | None, timeout: float | None, poll_interval: float | None) -> DaskTask:
    """What all tasks of a call have in common."""
    package = str(Path(__file__).resolve().parents[3])
    file = str(typed_path(blender)) if blender else ""
    return DaskTask(str(folders.plan.folder), 0, package, file, timeout, poll_interval)
