# SPDX-License-Identifier: GPL-3.0-or-later
"""One known mesh, damaged in one way, through the local engine, and measured. Needs bpy."""

from __future__ import annotations

import hashlib
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from rough.cases import Case
from rough.damage import damaged
from rough.files import painted, write_glb
from rough.known.kinds import KINDS, Kind
from rough.measure import measure
from rough.surface import Surface


def prepare(case: Case, folder: Path) -> tuple[Path, Surface, Kind]:
    """Write the rough mesh as *folder*/in.glb; that path, the truth, the kind."""
    kind = KINDS[case.kind]
    truth = kind.make(case.triangles)
    spoiled = damaged(painted(truth, kind), case.damage, case.strength, thickness=kind.thickness, seed=case.seed)
    return write_glb(folder / "in.glb", spoiled, kind, truth.charts), truth, kind


def truth_box(case: Case) -> np.ndarray:
    """The box of the known mesh: (2, 3)."""
    points = KINDS[case.kind].make(case.triangles).points
    return np.stack([points.min(axis=0), points.max(axis=0)])


def imported(path: Path) -> bpy.types.Mesh:
    """The mesh of a GLB with one node, in Blender's axes, in an otherwise empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    obj = next(obj for obj in bpy.data.objects if obj.type == "MESH")
    mesh = obj.data
    mesh.transform(obj.matrix_world)
    bpy.data.objects.remove(obj)
    return mesh


def run(case: Case, folder: Path, *, samples: int = 40_000) -> dict[str, Any]:
    """Do it all; the result is also kept as *folder*/out.blend. What the engine raises goes through."""
    from csm_blender.core.remesh import RemeshMode, RemeshOptions
    from csm_blender.remesh.remesh import remesh

    path, truth, kind = prepare(case, folder)
    mesh = imported(path)
    options = RemeshOptions(
        triangles=case.budget, quads=case.quads, texture_size=case.texture, mode=RemeshMode(case.mode)
    )
    said: list[tuple[float, str]] = []
    before, started = peak_bytes(), time.perf_counter()
    made, report = remesh(mesh, options, lambda share, what: said.append((share, str(what))))
    seconds, peak = time.perf_counter() - started, peak_bytes()
    bpy.data.libraries.write(str(folder / "out.blend"), {made}, fake_user=True)
    figures = measure(made, truth, kind, samples=samples)
    figures.fingerprint += image_fingerprint(made)
    shares = [share for share, _what in said]
    return {
        "case": asdict(case),
        "seconds": seconds,
        "peak_bytes": peak,
        "peak_before": before,
        "report": report.as_dict(),
        "figures": figures.as_dict(),
        "progress_grows": shares == sorted(shares),
        "steps": len(said),
    }


def image_fingerprint(mesh: bpy.types.Mesh) -> str:
    """Of the pixels of all images of the mesh's materials."""
    digest = hashlib.sha256()
    for material in mesh.materials:
        for node in material.node_tree.nodes if material and material.node_tree else ():
            if node.type == "TEX_IMAGE" and node.image is not None:
                pixels = np.empty(len(node.image.pixels), np.float32)
                node.image.pixels.foreach_get(pixels)
                digest.update(pixels.tobytes())
    return digest.hexdigest()[:16]


def peak_bytes() -> int:
    """The most memory that this process has had; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
