# SPDX-License-Identifier: GPL-3.0-or-later
"""The local engine: against a plain Blender pipeline and other libraries, with large meshes, with clean small ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import environment
from measuring import Bench, Ended, Row, Samples, run, yes_if
from rough.damage import damaged
from rough.files import painted, write_glb
from rough.known.kinds import KINDS
from workshop import INSIDE, NEWEST, bpy_python, bpy_script, cli

VERSIONS = (NEWEST, "4.2")
BUDGET, PIXELS = 20_000, 2048
DENSE, DENSER, DENSEST, CLEAN = 370_000, 1_500_000, 5_000_000, 5_000
GOALS = {"plain": 0.9, "denser": 2.5, "peer": 0.5}
DENSER_GOAL_BYTES = 2.2e9
CLEAN_GOAL_S = 1.0
_SPOILED = 2.05
"""Times as many triangles as before has a mesh that was damaged lightly in all ways: its inner shell doubles it."""


@dataclass(frozen=True)
class Refined:
    """One run of the engine, and its report; or the sentence it was refused with."""

    ended: Ended
    report: dict[str, object]


def measure(bench: Bench) -> list[Row]:
    """Each next to its peer, in turn."""
    dense = rough_mesh(bench, 12_000 if bench.quick else DENSE)
    rows = [_against_plain(bench, version, dense) for version in (VERSIONS[:1] if bench.quick else VERSIONS)]
    rows.append(_clean(bench))
    if not bench.quick:
        rows += [_denser(bench, dense), _densest(bench), _against_peer(bench, dense)]
    return rows


def rough_mesh(bench: Bench, triangles: int) -> Path:
    """A figure of about *triangles* triangles, colored at its vertices, damaged lightly in all ways."""
    path = bench.folder / f"rough-{triangles}.glb"
    if not path.exists():
        kind = KINDS["creature"]
        whole = kind.make(round(triangles / _SPOILED))
        write_glb(path, damaged(painted(whole, kind), "mixed", 1, thickness=kind.thickness), kind, whole.charts)
    return path


def refine(bench: Bench, python: str, mesh: Path, good: tuple[int, ...] = (0,)) -> Refined:
    """The command line, as users call it."""
    log, pixels = bench.folder / "refined.log", 512 if bench.quick else PIXELS
    command = cli(python, "remesh", mesh, bench.folder / "refined.glb", "--triangles", BUDGET, "--texture", pixels)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
    ended = run([*command, "--json"], log=log, good=good, cwd=bench.root, env=kept)
    said = log.read_text(encoding="utf-8", errors="replace")
    if ended.status:
        return Refined(ended, {"said": said.strip().splitlines()[-1:]})
    return Refined(
        ended, json.loads(said[said.index("\n{") if "\n{" in said else said.index("{") : said.rindex("}") + 1])
    )


def _against_plain(bench: Bench, version: str, mesh: Path) -> Row:
    python, pixels = bpy_python(version), 512 if bench.quick else PIXELS
    ours, theirs, way = _in_turns(
        bench.times(3),
        lambda: refine(bench, python, mesh),
        lambda: run(bpy_script(bench, python, "plain_remesh.py", mesh, BUDGET, pixels)),
    )
    return _compared(
        f"a rough mesh of {_count(mesh)} triangles to {BUDGET:,}, {pixels}² color and normals, Blender {version}",
        (ours, "voxel remesh, decimate, smart UV, two Cycles bakes", theirs),
        GOALS["plain"],
        f"{way}. The plain pipeline's result is full of holes and wrong colors on such a mesh: see docs/remesh.md.",
    )


def _in_turns(
    times: int, refine_once: Callable[[], Refined], other: Callable[[], Ended]
) -> tuple[list[Ended], list[Ended], str]:
    """The engine and what it is compared with, *times* times in turns, and the way that the engine took."""
    ours, theirs, way = [], [], ""
    for _ in range(times):
        refined = refine_once()
        ours.append(refined.ended)
        way = str(refined.report.get("way", "")).lower()
        theirs.append(other())
    return ours, theirs, way


def _compared(what: str, seen: tuple[list[Ended], str, list[Ended]], goal: float, note: str) -> Row:
    ours, name, theirs = seen
    mine, other = (Samples.of([ended.seconds for ended in side]) for side in (ours, theirs))
    ratio = mine.median / other.median
    cpu, other_cpu = (Samples.of([ended.cpu_s for ended in side]).median for side in (ours, theirs))
    peak, other_peak = (max(ended.peak_bytes for ended in side) / 1e9 for side in (ours, theirs))
    return Row(
        what,
        mine.text("s", 1),
        f"{name} {other.text('s', 1)}",
        f"{ratio:.2f} times",
        f"at most {goal} times",
        yes_if(ratio <= goal),
        f"Processor time {cpu:.1f} s against {other_cpu:.1f} s. Peak memory {peak:.2f} GB against {other_peak:.2f} GB."
        f" {note}".rstrip(),
    )


def _count(mesh: Path) -> str:
    return f"{int(mesh.stem.rpartition('-')[2]):,}"


def _denser(bench: Bench, dense: Path) -> Row:
    python, denser = bpy_python(), rough_mesh(bench, DENSER)
    few, many, _way = _in_turns(
        bench.times(2), lambda: refine(bench, python, dense), lambda: refine(bench, python, denser).ended
    )
    few_s, many_s = (Samples.of([ended.seconds for ended in side]) for side in (few, many))
    ratio, peak = many_s.median / few_s.median, max(ended.peak_bytes for ended in many)
    return Row(
        f"the same of {DENSER:,} triangles, Blender {NEWEST}",
        f"{many_s.text('s', 1)}, peak memory {peak / 1e9:.2f} GB",
        f"{DENSE:,} triangles {few_s.text('s', 1)}",
        f"{ratio:.2f} times",
        f"at most {GOALS['denser']} times, at most {DENSER_GOAL_BYTES / 1e9:.1f} GB",
        yes_if(ratio <= GOALS["denser"] and peak <= DENSER_GOAL_BYTES),
    )


def _densest(bench: Bench) -> Row:
    refined = refine(bench, bpy_python(), rough_mesh(bench, DENSEST), good=(0, 1, 2))
    ended, said = refined.ended, refined.report.get("said")
    done = ended.status == 0
    return Row(
        f"the same of {DENSEST:,} triangles, Blender {NEWEST}",
        f"{ended.seconds:.0f} s, peak memory {ended.peak_bytes / 1e9:.2f} GB" if done else f"refused: {said}",
        "",
        "",
        "finishes, or is refused with a sentence where memory is short",
        yes_if(done or bool(said)),
    )


def _clean(bench: Bench) -> Row:
    python, kind = bpy_python(), KINDS["bracket"]
    whole = kind.make(CLEAN)
    mesh = write_glb(bench.folder / f"clean-{CLEAN}.glb", painted(whole, kind), kind, whole.charts)
    ours, plain, way = _in_turns(
        bench.times(5),
        lambda: refine(bench, python, mesh),
        lambda: run(bpy_script(bench, python, "import_save.py", mesh)),
    )
    mine, other = (Samples.of([ended.seconds for ended in side]) for side in (ours, plain))
    more = mine.median - other.median
    return Row(
        f"a clean textured mesh of {CLEAN:,} triangles, Blender {NEWEST}",
        mine.text("s", 2),
        f"import and save {other.text('s', 2)}",
        f"{more:+.2f} s",
        f"at most {CLEAN_GOAL_S:.0f} s more",
        yes_if(more <= CLEAN_GOAL_S and way == "kept"),
        f"{way}.",
    )


def _against_peer(bench: Bench, mesh: Path) -> Row:
    peers, python = environment.python_of("peers"), bpy_python()
    peer = [peers, INSIDE / "peer_remesh.py", bench.folder / "peer.json", mesh, BUDGET, PIXELS]
    ours, theirs, _way = _in_turns(bench.times(2), lambda: refine(bench, python, mesh), lambda: run(peer))
    return _compared(
        f"a rough mesh of {DENSE:,} triangles to {BUDGET:,}, {PIXELS}² color and normals, other libraries",
        (ours, "PyMeshLab (alpha wrap, decimation), xatlas, Embree", theirs),
        GOALS["peer"],
        "They need packages that Blender does not bring.",
    )
