# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PLC0415 - what only one of the two needs, or not all platforms have
"""Spoiled files through the check of GLB files, by dice alone or guided by coverage."""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import check_glb
from csm_blender.core.files.mesh_format import find_format
from csm_blender.core.gltf.document import read_document
from csm_blender.core.gltf.edits import INCONSISTENT, Edits
from csm_blender.core.gltf.mend import mend
from csm_blender.core.gltf.shown import keep_what_is_shown

from .spoiled_files import mutated, seeds

SLOW_S = 1.0
MEMORY_BYTES = 1024**3


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
