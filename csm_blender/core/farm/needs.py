# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a job of a plan takes, known before any machine is given it."""

from __future__ import annotations

from pathlib import Path

from ..processes.converter_pool import MESH_NAME
from ..processes.memory import converter_needs
from ..sources import Engine, SourceKind
from .plan import Plan


def memory_of_job(plan: Plan, index: int) -> int:
    """Bytes of memory that job *index* may take: by the mesh it was given or has fetched, else what a Blender takes."""
    spec = plan.job(index).spec
    mesh = plan.job_folder(plan.job_id(index)) / MESH_NAME
    if spec.source.kind is SourceKind.FILE and not mesh.exists():
        mesh = Path(spec.source.name)
    return converter_needs(mesh, spec.choices.remesh if spec.choices.engine is Engine.LOCAL else None)
