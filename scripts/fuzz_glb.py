# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PLC0415, PLR2004 - three programs in one, each with its own needs; dice have numbers
"""Feed spoiled files to the GLB check, and what passes it to the converter.

    python scripts/fuzz_glb.py check --inputs 200000 --seed 1      plain mutation, no requirement
    python scripts/fuzz_glb.py atheris --inputs 200000 --seed 1    coverage-guided, needs: pip install atheris
    python scripts/fuzz_glb.py convert --inputs 500 --seed 1       mutated files that pass the check, through bpy

A file may be refused (``BadMesh``) or pass. Any other exception, a check of more than a second or memory beyond a
gigabyte is a finding: it ends the run with status 1 and the file is kept. Of the converter: it may fail and even die,
but it has to end within its time, and leave nothing but its report.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from tiny_glb import box_binary, box_document, glb

from csm_blender.core.errors import BadMesh, ConversionFailed
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
        began = time.perf_counter()
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
            took = time.perf_counter() - began
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


def fuzz_convert(inputs: int, seed: int) -> dict[str, Any]:
    """Convert *inputs* mutated files that pass the check, each in a converter of its own."""
    import environment
    from jobs_at_hand import spec

    from csm_blender.core.conversion import ConversionRequest
    from csm_blender.core.jobs.store import Store
    from csm_blender.core.processes.converter_pool import MESH_NAME, ConverterPool
    from csm_blender.core.processes.launch import Interpreters

    dice = random.Random(seed)
    start = seeds()
    folder = Path(tempfile.mkdtemp(prefix="csm-fuzz-"))
    checker = Checker(folder)
    store = Store(folder / "home")
    job = store.add(spec("SESSION_1"), "http://127.0.0.1:9")
    converters = ConverterPool(Interpreters(str(environment.python_of("bpy-4.2"))), limit=2, time_limit_s=60.0)
    outcomes: Counter[str] = Counter()
    running: list[str] = []
    made = 0
    while made < inputs or running:
        while made < inputs and len(running) < 2:
            data = mutated(dice.choice(start), dice)
            if not checker.check(data):
                continue
            name = f"{made:032x}"
            (folder / name).mkdir()
            (folder / name / MESH_NAME).write_bytes(data)
            converters.start(name, folder / name, ConversionRequest.of(job.spec, folder / name / MESH_NAME).as_dict())
            running.append(name)
            made += 1
        time.sleep(0.02)
        for name in list(running):
            outcome = _collected(converters, name)
            if outcome is None:
                continue
            running.remove(name)
            outcomes[outcome] += 1
            left = {path.name for path in (folder / name).iterdir()} - {MESH_NAME, "refined.blend", "converter.log"}
            if left or "took too long" in outcome:
                raise AssertionError(f"{name}: {outcome}, {left}")
            shutil.rmtree(folder / name)
    store.close()
    shutil.rmtree(folder)
    return {"inputs": inputs, "seed": seed, "outcomes": dict(outcomes.most_common())}


def _collected(converters: Any, name: str) -> str | None:
    try:
        report = converters.collect(name)
    except BadMesh:
        return "refused as a bad mesh"
    except ConversionFailed as failure:
        text = str(failure)
        if "ended" in text:
            return "the converter died: " + text.split(".", maxsplit=1)[0]
        return text if "took too long" in text else "Blender's importer refused"
    return None if report is None else "converted"


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
