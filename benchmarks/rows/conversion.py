# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter, against importing and saving in a plain background Blender; several at once; how many may run."""

from __future__ import annotations

import json
import os
import resource
import threading
import time
from pathlib import Path
from typing import Any

from jobs_at_hand import spec
from measuring import Bench, Ended, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import NEWEST, bpy_python, bpy_script

from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.core.processes.launch import Interpreters

GOALS = {2_000: 1.05, 100_000: 0.9, 1_000_000: 0.7}
"""How many times the processor time of import and save a conversion may take, by triangles."""
VERSIONS = (NEWEST, "4.2")
WAITING = 8


def measure(bench: Bench) -> list[Row]:
    """A row for each size, and one for many at once."""
    versions, sizes = (VERSIONS[:1], list(GOALS)[:1]) if bench.quick else (VERSIONS, GOALS)
    rows = [_against_plain(bench, version, triangles) for version in versions for triangles in sizes]
    return [*rows, _many(bench, bpy_python())]


def _against_plain(bench: Bench, version: str, triangles: int) -> Row:
    python = bpy_python(version)
    glb = make_glb(bench.folder / f"{triangles}.glb", triangles, 64 if bench.quick else 2048)
    converted: list[Ended] = []
    plain: list[Ended] = []
    for number in range(bench.times(5)):
        converted.append(_convert_alone(bench, python, glb, f"{version}-{triangles}-{number}"))
        plain.append(run(bpy_script(bench, python, "import_save.py", glb)))
    ours, theirs = (Samples.of([ended.seconds for ended in seen]) for seen in (converted, plain))
    our_cpu, their_cpu = (Samples.of([ended.cpu_s for ended in seen]) for seen in (converted, plain))
    ratio = our_cpu.median / their_cpu.median
    return Row(
        f"conversion of {triangles:,} triangles, Blender {version}",
        f"{our_cpu.text('s', 2)} of processor time",
        f"import and save {their_cpu.text('s', 2)}",
        f"{ratio:.2f} times",
        f"at most {GOALS[triangles]} times",
        yes_if(ratio <= GOALS[triangles]),
        f"By the clock {ours.text('s', 2)} against {theirs.text('s', 2)}, {ours.median / theirs.median:.2f} times."
        f" Peak memory {max(e.peak_bytes for e in converted) / 1e6:.0f} MB against"
        f" {max(e.peak_bytes for e in plain) / 1e6:.0f} MB, for a GLB of {glb.stat().st_size / 1e6:.0f} MB.",
    )


def _request(folder: Path, glb: Path) -> dict[str, object]:
    fields = spec("SESSION_1_1").as_dict()
    chosen = {name: fields[name] for name in ("fit", "placement", "refinement", "scale_length", "materials")}
    return {**chosen, "blend": str(folder / "refined.blend"), "mesh": str(glb), "name": "Result", "export": ""}


def _convert_alone(bench: Bench, python: str, glb: Path, name: str) -> Ended:
    """One conversion in a process of its own, as the worker starts it."""
    folder = bench.folder / name
    folder.mkdir()
    request = folder / "request.json"
    request.write_text(json.dumps(_request(folder, glb)), encoding="utf-8")
    log = folder / "output.log"
    # It waits for more on its standard input, and ends when that closes: here as soon as its answer is there.
    reading, writing = os.pipe()
    closer = threading.Thread(target=_close_when_answered, args=(log, writing), daemon=True)
    closer.start()
    command = Interpreters(python).with_bpy("converter", str(request))
    try:
        ended = run(command, stdin=reading, log=log, good=(0, 3))
    finally:
        os.close(reading)
    if error := _answer(log)["answer"].get("error"):
        raise RuntimeError(str(error))
    return ended


def _close_when_answered(log: Path, descriptor: int) -> None:
    while not _answer(log):
        time.sleep(0.005)
    os.close(descriptor)


def _answer(log: Path) -> dict[str, Any]:
    """The line that holds the answer, empty while there is none."""
    lines = log.read_bytes().split(b"\n") if log.exists() else []
    return next((json.loads(line) for line in lines[:-1] if line.startswith(b'{"answer"')), {})


def _many(bench: Bench, python: str) -> Row:
    """Several waiting: how busy they keep the cores, and how many run at once."""
    cores, count = os.cpu_count() or 1, 2 if bench.quick else WAITING
    glb = make_glb(bench.folder / "many.glb", 2_000 if bench.quick else 100_000, 64 if bench.quick else 2048)
    converters = ConverterPool(Interpreters(python))
    before, begun = _children_cpu_s(), time.perf_counter()
    waiting, running, most = [f"job{n}" for n in range(count)], [], 0
    at_work_s, looked_at = 0.0, begun
    while waiting or running:
        for job in list(waiting):
            folder = bench.folder / job
            folder.mkdir(exist_ok=True)
            if converters.start(job, folder, _request(folder, glb)):
                waiting.remove(job)
                running.append(job)
        at_work = len(converters._running)  # noqa: SLF001 - how many processes, while some outcomes wait to be collected
        most = max(most, at_work)
        now = time.perf_counter()
        at_work_s, looked_at = at_work_s + at_work * (now - looked_at), now
        running = [job for job in running if converters.collect(job) is None]
        time.sleep(0.02)
    converters.stop_all()
    seconds = time.perf_counter() - begun
    busy = (_children_cpu_s() - before) / seconds / cores
    return Row(
        f"{count} conversions waiting, {cores} cores",
        f"{seconds:.1f} s, {100 * busy:.0f} % of the cores busy, {most} converters at once",
        "all cores",
        f"{busy:.2f}",
        "all cores busy, never more converters than memory allows",
        yes_if(busy > 0.8 and most <= cores),
        f"{100 * at_work_s / seconds / cores:.0f} % of the time there was a converter at work for each core. What other"
        " programs of the machine take is missing to 100 %, and waiting for the disk while Blender starts.",
    )


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
