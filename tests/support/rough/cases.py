# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried: a kind of mesh, a damage, and what the engine is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rough.damage import DAMAGES
from rough.known.kinds import KINDS


@dataclass(frozen=True)
class Case:
    """What is tried: ``triangles`` are those of the known mesh, ``budget`` or ``quads`` those asked for."""

    kind: str
    damage: str = "none"
    strength: int = 1
    triangles: int = 300_000
    seed: int = 0
    budget: int = 20_000
    quads: int = 0
    texture: int = 2048
    mode: str = "AUTO"

    @property
    def name(self) -> str:
        """For files and tables."""
        return f"{self.kind}-{self.damage}" + (f"-{self.strength}" if self.damage != "none" else "")


def random_case(seed: int) -> Case:
    """A mesh and a damage at random, of any density up to 60,000 triangles; the same for the same *seed*."""
    rng = np.random.default_rng([seed, 500])
    case = Case(str(rng.choice(list(KINDS))), str(rng.choice([*DAMAGES, "mixed"])), int(rng.integers(1, 3)))
    return replace(
        case,
        triangles=int(10 ** rng.uniform(2.5, 4.8)),
        seed=seed,
        budget=int(10 ** rng.uniform(2.0, 4.3)),
        quads=int(10 ** rng.uniform(2.0, 3.5)) if rng.random() < 0.1 else 0,
        texture=int(rng.choice([0, 512, 1024])),
        mode=str(rng.choice(["AUTO", "AUTO", "ALWAYS"])),
    )
