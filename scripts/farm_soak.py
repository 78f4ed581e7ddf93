# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of a farm: workers on one plan, killed with signal 9 again and again, with nothing paid twice or lost.

    python scripts/farm_soak.py --rounds 100 --seed 1

In each round two, then four workers do a plan of jobs for sessions (two of them for one session) and for a mesh file,
while one of them is killed now and then; every tenth round kills one before and after everything that it writes, sends
or starts instead. Then workers whose clocks are two hours apart do what is left, and all is checked: one request for a
session, every job done, the same bytes as without kills. With ``--machines`` the workers of a round seem to be on
machines of their own (needs ``unshare --uts``), so that a dead one is only known by its silence.

Real: processes, service, sockets, kills, conversions in a Python with bpy. Prints figures; the exit status is 0 if all
is as it should be. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

import environment
from csm_server.launch import LocalService
from farm_rounds import PLACES, Farm, blender_in, kill_at_each_place, kill_at_random
from tiny_glb import glb

EVERY_PLACE = 10
FOUR = 4


def one_round(number: int, farm: Farm, dice: random.Random, options: argparse.Namespace) -> tuple[str, int]:
    """One round: what was done, and how many were killed. Raises ``AssertionError`` where something went wrong."""
    host = "machine-1" if options.machines else ""
    if number % EVERY_PLACE == 0 and not options.machines:
        farm.make_plan(services=len(PLACES), files=0)
        missed = kill_at_each_place(farm, PLACES)
        assert not missed, missed
        what, kills = "each place", len(PLACES)
    else:
        workers = FOUR if number % 2 else 2
        farm.make_plan(services=options.jobs - 3, files=2, shared=1)
        kills = kill_at_random(farm, dice, workers=workers, kills=dice.randint(2, 5), host=host)
        what = f"{workers} workers"
    other = farm.start(clock_s=-3600.0, host="machine-2" if host else "")
    farm.finish(workers=1, clock_s=3600.0, host="machine-3" if host else "")
    other.wait()
    return what, kills


def main() -> int:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=8, help="jobs of a round (8)")
    parser.add_argument("--machines", action="store_true", help="each worker on a machine of its own, by its name")
    options = parser.parse_args()
    dice, began = random.Random(options.seed), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="csm-farm-soak-"))
    figures: Counter[str] = Counter()
    try:
        mesh = folder / "box.glb"
        mesh.write_bytes(glb())
        blender = blender_in(folder)
        python, arguments = environment.python_of("test"), ["--control", "--api-key", "k" * 32]
        with LocalService(python=python, data=folder / "service", options=arguments) as service:
            for number in range(1, options.rounds + 1):
                place = folder / f"round-{number}"
                place.mkdir()
                farm = Farm(place, service, mesh, blender)
                what, kills = one_round(number, farm, dice, options)
                figures.update(farm.check(), rounds=1, kills=kills, decided=farm.decided)
                figures[f"rounds, {what}"] += 1
                shutil.rmtree(place)
                print(f"round {number}: {what}, {kills} kills, {time.monotonic() - began:.0f} s", file=sys.stderr)
    except AssertionError as problem:
        print(f"WRONG: {problem}", file=sys.stderr)
        return 1
    finally:
        print(json.dumps({**figures, "seconds": round(time.monotonic() - began, 1)}, indent=2))
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
