# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many jobs through bad weather: random faults on the wire, workers killed with signal 9 and started again.

    python scripts/soak.py --jobs 1000 --seed 1

Real workers (two at a time, as two Blenders would have) share one store and talk to a real local service through a
proxy that spoils requests by the seed's dice. A person is played as well: retries what failed, looks again, and sends
again where the service has started nothing. At the end it is counted, by the service: was any session's refine started
twice, was any job lost, is any job stuck without a next step? The exit status says so.

What is real: workers, store, service, sockets, kills, downloads and, for ``--convert-share`` of the converters that are
started, the conversion in a Python with bpy (such a one also takes other jobs that wait, so more than that share of the
jobs is converted). The other converters are started in a Python without bpy and really die; their jobs have to end as
``conversion_failed`` with their mesh delivered whole. The dice are the seed's; which request meets which throw depends
on how the machine schedules the processes, so two runs of a seed are alike but not the same. POSIX only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

import environment
import fault_proxy as faults
from csm_server.launch import LocalService
from jobs_at_hand import spec
from soak_weather import Weather
from tiny_glb import glb

from csm_blender.core.errors import ConversionFailed
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Decision, Job, decisions
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.processes.launch import Interpreters, start
from csm_blender.core.settings import Settings
from csm_blender.worker.config import WorkerConfig

WORKERS = 2
BLENDER_SURVIVES = 0.5
LOOKS = 2
TELL_EVERY_S = 15.0


class Workers:
    """Keeps worker processes running, and kills them."""

    def __init__(self, home: Path, settings: Settings, interpreters: Interpreters, dice: random.Random) -> None:
        self._home, self._settings, self._interpreters, self._dice = home, settings, interpreters, dice
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self.kills = self.starts = 0

    def fill_up(self, count: int = WORKERS) -> None:
        """See to it that so many run."""
        self._running = [entry for entry in self._running if entry[1].poll() is None]
        while len(self._running) < count:
            owner = uuid.uuid4().hex
            config = WorkerConfig(self._home, owner, self._settings, self._interpreters, threads=8)
            log = (self._home.parent / "workers.log").open("ab")
            with log:
                process = start(
                    self._interpreters.plain("worker"), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
                )
            assert process.stdin
            process.stdin.write(config.to_line())
            process.stdin.flush()
            self._running.append((owner, process))
            self.starts += 1

    def kill_one(self, store: Store) -> None:
        """Kill -9. Every other time its Blender dies as well, so that nobody gives its leases back."""
        if not self._running:
            return
        owner, process = self._running.pop(self._dice.randrange(len(self._running)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdin
        process.stdin.close()
        self.kills += 1
        if self._dice.random() < BLENDER_SURVIVES:
            store.release(owner)

    def end(self) -> None:
        """Let them end by themselves."""
        for _, process in self._running:
            assert process.stdin
            process.stdin.close()
        for _, process in self._running:
            process.wait(30)


class Person:
    """Decides what only a person may decide."""

    def __init__(self, store: Store, service: LocalService) -> None:
        self._store, self._service = store, service
        self.decided: Counter[str] = Counter()
        self._looked: Counter[str] = Counter()
        self.sent_again: Counter[str] = Counter()

    def tend(self) -> bool:
        """Decide about every job that waits for a decision; whether there was one."""
        busy = False
        refines = None
        for job in self._store.jobs([JobState.UNCERTAIN, JobState.FAILED]):
            if job.needs_worker or is_done(job):
                continue
            busy = True
            may = decisions(job)
            if Decision.LOOK_AGAIN in may and self._looked[job.job_id] < LOOKS:
                self._looked[job.job_id] += 1
                self._note("look again", actions.look_again(self._store, job))
            elif Decision.RETRY in may:
                self._note("retry", actions.retry(self._store, job))
            else:
                refines = refines or self._service.counts()["refines"]
                assert not refines.get(job.session_code), "told that nothing has started, and something has"
                self.sent_again[job.session_code] += 1
                self._note("send again", actions.send_again(self._store, job))
        return busy

    def _note(self, what: str, _job: Job) -> None:
        self.decided[what] += 1


def is_done(job: Job) -> bool:
    """Whether the job has come as far as it can here."""
    if job.state in (JobState.READY, JobState.CANCELLED):
        return True
    return job.state is JobState.FAILED and bool(job.error) and job.error["code"] == ConversionFailed.code


def soak(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run; gives its figures."""
    dice = random.Random(options.seed)
    mesh = folder / "box.glb"
    mesh.write_bytes(glb())
    (folder / "home").mkdir()
    began = time.monotonic()
    service_python = environment.python_of("test")
    arguments = ["--control", "--api-key", "k" * 32]
    with LocalService(python=service_python, data=folder / "service", options=arguments) as service:
        weather = Weather(options.seed, options.fault_share)
        proxy = faults.FaultProxy(service.url, weather.fault_for)
        settings = Settings(
            base_url=f"http://127.0.0.1:{proxy.port}", key=service.key, connect_timeout_s=1.0, read_timeout_s=1.5,
            poll_interval_s=0.3, give_up_unpaid_s=5.0, deadline_s=120.0,
        )  # fmt: skip
        store = Store(folder / "home")
        codes = []
        for number in range(options.jobs):
            shared = codes and dice.random() < options.sibling_share
            code = dice.choice(codes) if shared else f"SESSION_{number:010d}_{options.seed % 10**7:07d}"
            if not shared:
                style = dice.choice(["2024", "2025"])
                service.add_session(code, mesh, style=style, refine_seconds=dice.random() * 2, raw_result=str(mesh))
            codes.append(code)
            store.add(spec(code), settings.base_url)
        interpreters = Interpreters(sys.executable, (), str(_converter_chooser(folder, options.convert_share)))
        workers = Workers(folder / "home", settings, interpreters, dice)
        person = Person(store, service)
        try:
            ended = _weather_it(options, store, workers, person, dice)
        finally:
            workers.end()
            proxy.close()
        return _figures(options, store, service, weather, workers, person, proxy, set(codes), ended) | {
            "seconds": round(time.monotonic() - began, 1)
        }


def _weather_it(
    options: argparse.Namespace, store: Store, workers: Workers, person: Person, dice: random.Random
) -> bool:
    """Keep it going until every job is done; ``False`` if that does not happen in time."""
    end = time.monotonic() + options.limit
    next_kill = time.monotonic() + dice.uniform(1.0, 2.0)
    told = 0.0
    while time.monotonic() < end:
        workers.fill_up()
        busy = person.tend()
        waiting = [job for job in store.jobs() if not is_done(job)]
        if not waiting and not busy:
            return True
        if time.monotonic() > next_kill:
            workers.kill_one(store)
            next_kill = time.monotonic() + dice.uniform(options.kill_every * 0.5, options.kill_every * 1.5)
        if time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            states = Counter(str(job.state) for job in store.jobs())
            print(f"{end - told:6.0f} s left, {dict(states)}, {workers.kills} kills", file=sys.stderr, flush=True)
        time.sleep(0.5)
    return False


def _converter_chooser(folder: Path, share: float) -> Path:
    """A program in Blender's place: a Python with bpy for *share* of the jobs, one without for the others."""
    chooser = folder / "blender"
    with_bpy = environment.python_of("bpy-4.2") if share > 0.0 else sys.executable
    chooser.write_text(
        f"#!{sys.executable}\n"
        "import hashlib, os, pathlib, sys\n"
        "tail = sys.argv[sys.argv.index('--python-expr') + 1 :]\n"
        "job = pathlib.Path(tail[-1]).parent.parent.name\n"
        f"real = int(hashlib.sha256(job.encode()).hexdigest()[:6], 16) / 0xFFFFFF < {share}\n"
        f"python = {str(with_bpy)!r} if real else {sys.executable!r}\n"
        "os.execv(python, [python, '-c', *tail])\n"
    )
    chooser.chmod(0o755)
    return chooser


def _figures(  # noqa: PLR0913, PLR0917 - all that took part
    options: argparse.Namespace,
    store: Store,
    service: LocalService,
    weather: Weather,
    workers: Workers,
    person: Person,
    proxy: faults.FaultProxy,
    codes: set[str],
    ended: bool,  # noqa: FBT001 - one of the figures
) -> dict[str, Any]:
    jobs = store.jobs()
    refines = service.counts()["refines"]
    digest = hashlib.sha256(glb()).hexdigest()
    arrived = [job for job in jobs if job.state is not JobState.CANCELLED and is_done(job)]
    kept = {job.session_code for job in arrived}
    posts = {code: proxy.posts(code) for code in codes}
    unasked = {
        code: count for code, count in posts.items() if count > 1 + weather.turned_away[code] + person.sent_again[code]
    }
    leftovers = [str(path) for path in (store.home).rglob("*.part")]
    store.close()
    return {
        "seed": options.seed,
        "jobs": options.jobs,
        "sessions": len(codes),
        "requests": len(proxy.requests),
        "faults": sum(weather.met.values()),
        "faults_by_kind": dict(sorted(weather.met.items())),
        "kills": workers.kills,
        "worker_starts": workers.starts,
        "posts": sum(posts.values()),
        "refines_started": sum(refines.values()),
        "decisions": dict(person.decided),
        "second_refines": sum(max(0, count - 1) for count in refines.values()),
        "second_posts": sum(unasked.values()),
        "downloads_with_key": service.counts()["downloads_with_key"],
        "delivered": len(arrived),
        "delivered_wrong": sum(job.glb_sha256 != digest for job in arrived),
        "converted": sum(job.state is JobState.READY for job in jobs),
        "lost": max(0, options.jobs + person.decided["send again"] - len(jobs)) + len(codes - kept),
        "stuck": sum(not is_done(job) for job in jobs),
        "half_downloads_left": len(leftovers),
        "ended": ended,
    }


def main() -> int:
    """Run and print the figures; 0 if nothing was paid twice, lost or stuck."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-share", type=float, default=0.25, help="how many requests are spoiled (0.25)")
    parser.add_argument("--sibling-share", type=float, default=0.1, help="jobs for a session that has one (0.1)")
    parser.add_argument("--convert-share", type=float, default=0.05, help="jobs whose mesh is converted by bpy (0.05)")
    parser.add_argument("--kill-every", type=float, default=3.0, metavar="S", help="seconds between kills (3)")
    parser.add_argument("--limit", type=float, default=1800.0, metavar="S", help="longest run (1800)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the store and the logs there")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="csm-soak-"))
    try:
        figures = soak(options, folder)
    finally:
        if options.keep:
            shutil.copytree(folder, options.keep, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures, indent=2))
    bad = ("second_refines", "second_posts", "lost", "stuck", "delivered_wrong", "downloads_with_key")
    return 0 if figures["ended"] and not any(figures[name] for name in bad) else 1


if __name__ == "__main__":
    sys.exit(main())
