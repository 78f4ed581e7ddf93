# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PLC0415, PLR2004 - three programs in one, each with its own needs; dice have numbers
"""Feed spoiled files to the GLB check, and what passes it to the converter.

    python scripts/fuzz_glb.py check --inputs 200000 --seed 1      plain mutation, no requirement
    python scripts/fuzz_glb.py atheris --inputs 200000 --seed 1    coverage-guided, needs: pip install atheris
    python scripts/fuzz_glb.py convert --inputs 2000 --seed 1      mutated files that pass the check, through the
                                                                   converter, and once more through the local engine

A file may be refused (``BadMesh``) or pass. Any other exception, a check that takes more than a second of the processor
or memory beyond a gigabyte is a finding: it ends the run with status 1 and the file is kept. The converter may refuse a
file. A mistake of our own in it, a Blender that dies, more than two minutes, or anything left over is a finding.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import shutil
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from tiny_glb import box_binary, box_document, glb

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import check_glb
from csm_blender.core.files.mesh_format import find_format
from csm_blender.core.gltf.document import read_document
from csm_blender.core.gltf.edits import INCONSISTENT, Edits
from csm_blender.core.gltf.mend import mend
from csm_blender.core.gltf.shown import keep_what_is_shown

SLOW_S = 1.0
MEMORY_BYTES = 1024**3
LARGEST_SEED_BYTES = 200_000
ODD_VALUES: list[Any] = [
    0, -1, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 10**400, 1.5, 1e308, -0.0, "", "x", "../../etc/passwd", "data:,",
    None,
    True, [], {}, [[]], "file:///etc/passwd", "http://127.0.0.1/x.bin", "data:;base64,AAAA", "9" * 5000,
]  # fmt: skip
ODD_NUMBERS = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, 12, 20]


def seeds() -> list[bytes]:
    """Small whole files: our own, and the shared samples where they are on this machine."""
    skinned = box_document()
    skinned |= {"skins": [{"joints": [0]}], "animations": [{"channels": [], "samplers": []}]}
    textured = box_document()
    textured |= {
        "images": [{"uri": "data:image/png;base64,iVBORw0KGgo="}],
        "extensionsRequired": ["KHR_texture_transform"],
    }
    found = [glb(), glb(skinned), glb(textured), glb(box_document(), box_binary() + b"\0" * 64)]
    samples = sorted((ROOT.parent / "shared" / "assets").glob("*.glb"))
    return found + [path.read_bytes() for path in samples if path.stat().st_size <= LARGEST_SEED_BYTES]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """*data* with one to four things wrong: in its bytes, its headers, or its JSON."""
    for _ in range(dice.randint(1, 4)):
        data = dice.choice((_bytes, _header, _document, _document, _document, _cut))(data, dice)
    return data


def _bytes(data: bytes, dice: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        if spoiled:
            spoiled[dice.randrange(min(len(spoiled), 4000))] = dice.randrange(256)
    return bytes(spoiled)


def _header(data: bytes, dice: random.Random) -> bytes:
    place = dice.choice((4, 8, 12, 16))
    return data[:place] + struct.pack("<I", dice.choice(ODD_NUMBERS)) + data[place + 4 :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)] if dice.random() < 0.3 else data + b"\0" * dice.randrange(40)


def _document(data: bytes, dice: random.Random) -> bytes:
    """The JSON with a value somewhere replaced, doubled or gone, in a container that is right again."""
    try:
        (length,) = struct.unpack("<I", data[12:16])
        document = json.loads(data[20 : 20 + length])
        binary = data[28 + length :]
    except (struct.error, ValueError):
        return data
    places: list[tuple[Any, Any]] = []
    _collect(document, places)
    if not places:
        return data
    holder, key = dice.choice(places)
    fate = dice.random()
    if fate < 0.15:
        del holder[key]
    elif fate < 0.25 and isinstance(holder, list):
        holder.extend([holder[key]] * dice.choice((1, 10, 1000)))
    elif fate < 0.35:
        for _ in range(dice.choice((5, 500))):
            holder[key] = [holder[key]]
    elif isinstance(holder[key], int) and fate < 0.7:
        holder[key] += dice.choice((-1, 1, 4, 1000, 2**31))
    else:
        holder[key] = dice.choice(ODD_VALUES)
    try:
        return glb(document, binary)
    except (ValueError, RecursionError, struct.error):
        return data


def _collect(value: Any, places: list[tuple[Any, Any]], depth: int = 0) -> None:
    if depth > 20:
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        places.append((value, key))
        _collect(inner, places, depth + 1)


class Checker:
    """Checks one file after the other and keeps count."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fuzzed.glb"
        self.counts: Counter[str] = Counter()
        self.slowest_s = 0.0

    def check(self, data: bytes) -> bool:
        """Whether *data* passes. Whatever is neither that nor ``BadMesh`` is raised."""
        self._path.write_bytes(data)
        began = time.process_time()  # of this process: other work on the machine is no finding
        try:
            kind = find_format(self._path)
            if kind == "glb":
                check_glb(self._path)
                document, _end = read_document(self._path)
                with contextlib.suppress(*INCONSISTENT):  # of which the converter makes a BadMesh
                    edits = Edits()
                    keep_what_is_shown(document, edits)
                    mend(document, edits)
        except BadMesh:
            self.counts["refused"] += 1
            return False
        else:
            self.counts["passed" if kind == "glb" else "another format"] += 1
            return kind == "glb"
        finally:
            took = time.process_time() - began
            self.slowest_s = max(self.slowest_s, took)
            if took > SLOW_S:
                raise TimeoutError(f"the check took {took:.1f} s")

    def figures(self) -> dict[str, Any]:
        """The counts, the slowest check and the most memory this process ever used."""
        return {**self.counts, "slowest_s": round(self.slowest_s, 4), "peak_memory_mib": peak_memory_bytes() // 1024**2}


def peak_memory_bytes() -> int:
    """The most memory this process ever used; 0 where the platform does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def fuzz_check(inputs: int, seed: int) -> dict[str, Any]:
    """Check *inputs* mutated files. Raises what the check should not have raised."""
    dice = random.Random(seed)
    start = seeds()
    folder = Path(tempfile.mkdtemp(prefix="csm-fuzz-"))
    checker = Checker(folder)
    for _ in range(inputs):
        data = mutated(dice.choice(start), dice)
        try:
            checker.check(data)
        except Exception:
            kept = Path("finding.glb").absolute()
            kept.write_bytes(data)
            print(f"A finding; the file is kept as {kept}", file=sys.stderr)
            raise
    shutil.rmtree(folder)
    if peak_memory_bytes() > MEMORY_BYTES:
        raise MemoryError(checker.figures())
    return {"inputs": inputs, "seed": seed, **checker.figures()}


def fuzz_with_atheris(inputs: int, seed: int) -> None:
    """The same, guided by coverage. Ends the process itself, as libFuzzer does."""
    import atheris

    with atheris.instrument_imports(include=["csm_blender.core.files.mesh_file", "csm_blender.core.files.mesh_format"]):
        import importlib

        import csm_blender.core.files.mesh_file as module
        import csm_blender.core.files.mesh_format as formats

        importlib.reload(module)
        importlib.reload(formats)
    folder = Path(tempfile.mkdtemp(prefix="csm-fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds()):
        (corpus / str(number)).write_bytes(data)
    path = folder / "fuzzed.glb"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            if formats.find_format(path) == "glb":
                module.check_glb(path)
        except module.BadMesh:
            pass

    def mutate(data: bytes, max_size: int, dice_seed: int) -> bytes:
        """Every other time one of our own mutations, which know the container."""
        if dice_seed % 2:
            return bytes(atheris.Mutate(data, max_size))
        return mutated(data, random.Random(dice_seed))[:max_size]

    options = [
        f"-runs={inputs}", f"-seed={seed}", "-max_len=200000", "-timeout=5", "-rss_limit_mb=1024",
        "-print_final_stats=1", f"-artifact_prefix={Path.cwd()}/finding-", str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=mutate)
    atheris.Fuzz()


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


_EXPECTED = {"delivered.mesh", "attempt"}
_BAD = ("took too long", "the converter died", "a mistake of ours")
CONVERSION_LIMIT_S = 120.0


class _Blender:
    """A converter of its own, as the pool starts them; *at* are the folder and the engine of the file it works on."""

    def __init__(self) -> None:
        import environment
        from jobs_at_hand import spec

        from csm_blender.core.processes.launch import Interpreters

        self._interpreters = Interpreters(str(environment.python_of("bpy-4.2")))
        self._spec = spec("SESSION_1")
        self._process: Any = None
        self.at: tuple[Path, str] | None = None

    def begin(self, place: Path, engine: str) -> None:
        """Have the file in the folder *place* converted."""
        from csm_blender.core.conversion import ConversionRequest
        from csm_blender.core.processes.child_process import ChildProcess
        from csm_blender.core.remesh import RemeshOptions

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


def main() -> int:
    """Run one of the three and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["check", "atheris", "convert"])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    if options.what == "atheris":
        fuzz_with_atheris(options.inputs, options.seed)
        return 0
    figures = (fuzz_check if options.what == "check" else fuzz_convert)(options.inputs, options.seed)
    print(json.dumps({**figures, "seconds": round(time.monotonic() - began, 1)}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
