# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoiled files that pass the check through the converter, as they are and through the local engine."""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import environment
from jobs_at_hand import spec

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.processes.child_process import ChildProcess
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.remesh import RemeshOptions

from .checking import Checker
from .spoiled_files import mutated, seeds

_EXPECTED = {"delivered.mesh", "attempt"}
_BAD = ("took too long", "the converter died", "a mistake of ours")
CONVERSION_LIMIT_S = 120.0


def fuzz_convert(inputs: int, seed: int, engines: Sequence[str] = ("none", "local")) -> dict[str, Any]:
    """Convert *inputs* mutated files that pass the check, each as it is and by the local engine, two at a time.

    A Blender takes one file after the other until it dies or hangs, so that most of the time goes into the files. The
    files that met a mistake of our own, or killed a Blender, are kept in ``findings`` and named in the figures.
    """
    dice = random.Random(seed)
    start = seeds()
    folder = Path(tempfile.mkdtemp(prefix="csm-fuzz-"))
    checker = Checker(folder)
    outcomes: dict[str, Counter[str]] = {engine: Counter() for engine in engines}
    findings: list[str] = []
    blenders = [_Blender(), _Blender()]
    todo: list[tuple[Path, str]] = []
    made = 0
    while made < inputs or todo or any(blender.at is not None for blender in blenders):
        while made < inputs and len(todo) < len(blenders):
            data = mutated(dice.choice(start), dice)
            if checker.check(data):
                for engine in engines:
                    place = folder / f"{made:06d}-{engine}"
                    place.mkdir()
                    (place / "delivered.mesh").write_bytes(data)
                    todo.append((place, engine))
                made += 1
        for blender in blenders:
            if blender.at is None and todo:
                blender.begin(*todo.pop(0))
            if blender.at is None or (outcome := blender.outcome()) is None:
                continue
            place, engine = blender.at
            blender.at = None
            outcomes[engine][outcome] += 1
            left = {path.name for path in place.iterdir()} - _EXPECTED
            if outcome.startswith(_BAD) or left:
                findings.append(f"{place.name}: {outcome} {sorted(left) or ''}")
                shutil.copytree(place, Path("findings") / place.name, dirs_exist_ok=True)
            shutil.rmtree(place)
        time.sleep(0.005)
    for blender in blenders:
        blender.end()
    shutil.rmtree(folder)
    counted = {engine: dict(counts.most_common()) for engine, counts in outcomes.items()}
    return {"inputs": inputs, "seed": seed, "outcomes": counted, "findings": findings}


class _Blender:
    """A converter of its own, as the pool starts them; *at* are the folder and the engine of the file it works on."""

    def __init__(self) -> None:
        self._interpreters = Interpreters(str(environment.python_of("bpy-4.2")))
        self._spec = spec("SESSION_1")
        self._process: Any = None
        self.at: tuple[Path, str] | None = None

    def begin(self, place: Path, engine: str) -> None:
        """Have the file in the folder *place* converted."""
        request = ConversionRequest.of(self._spec, place / "delivered.mesh")
        if engine == "local":
            request = replace(request, remesh=RemeshOptions(triangles=500, texture_size=512))
        attempt = place / "attempt"
        attempt.mkdir()
        log, path = attempt / "converter.log", attempt / "request.json"
        outputs = {"blend": str(attempt / "refined.blend"), "log": str(log)}
        path.write_text(json.dumps({**request.as_dict(), **outputs}), encoding="utf-8")
        self.at = (place, engine)
        if self._process is None or not self._process.send(json.dumps({"request": str(path)}).encode() + b"\n", log):
            command = self._interpreters.with_bpy("converter", str(path))
            self._process = ChildProcess(command, log=log, deadline_s=CONVERSION_LIMIT_S)

    def outcome(self) -> str | None:
        """What became of the file, in words; ``None`` while it is worked on."""
        is_running = self._process.is_running()
        answer = self._process.answer
        if answer is None and is_running:
            return None
        if not is_running:
            ending, status = self._process.ending, self._process.status
            self._process = None
            if answer is None:
                return "took too long" if ending == "deadline" else f"the converter died: {ending}, status {status}"
        assert self.at is not None and answer is not None  # noqa: PT018 - both for mypy
        if (error := answer.get("error")) is None:
            return (
                "converted" if (self.at[0] / "attempt" / "refined.blend").is_file() else "a mistake of ours: no result"
            )
        if mistake := _own_mistake(self.at[0] / "attempt" / "converter.log"):
            return mistake
        return f"{error['code']}: {re.sub('[0-9][^ ]*', 'N', re.split(': | [(]', error['message'])[0])}"

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stop(5.0)


def _own_mistake(log: Path) -> str:
    """The last line of a traceback that ends in our own code, with its place; empty where there is none."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "Traceback (most recent call last)" not in text:
        return ""
    last = text.rsplit("Traceback (most recent call last)", 1)[1].splitlines()
    places = [line.strip() for line in last if line.startswith("  File ")]
    error = next((line for line in reversed(last) if line and not line.startswith(" ")), "")
    if not places or "csm_blender" not in places[-1].split(",")[0]:
        return ""
    return f"a mistake of ours: {error} at {places[-1].rpartition('csm_blender')[2]}"
