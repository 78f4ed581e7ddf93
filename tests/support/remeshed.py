# SPDX-License-Identifier: GPL-3.0-or-later
"""A small surface remeshed without textures, after what holds for each; and surfaces with a known damage."""

from __future__ import annotations

import bpy
import numpy as np
from surfaces import Form, as_mesh, ball, turned_over, unjoined, without

from csm_blender.core.remesh import RemeshOptions, RemeshReport
from csm_blender.remesh.geometry.surface import Surface
from csm_blender.remesh.remesh import remesh


def done(form: Surface | bpy.types.Mesh, **options: object) -> tuple[bpy.types.Mesh, Form, RemeshReport]:
    """The new mesh, what is to be counted on it, and the report; progress must grow to the end."""
    mesh = as_mesh(form) if isinstance(form, Surface) else form
    shares: list[float] = []
    made, report = remesh(
        mesh, RemeshOptions(**({"texture_size": 0} | options)), lambda share, _text: shares.append(share)
    )
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0
    found = Form(made)
    assert report.output.triangles == len(found.surface.triangles)
    assert report.output.watertight == found.is_closed
    assert np.isfinite(found.surface.points).all()
    assert len(made.materials) <= 1
    return made, found, report


def assert_clean(found: Form) -> None:
    """Closed, wound alike and outward, no triangle without an area."""
    assert found.is_closed
    assert found.volume > 0.0
    assert found.thinnest > 1e-6


def loose_triangles(cells: int) -> Surface:
    """A ball in pieces: each triangle has points of its own and has moved by a tenth of an edge."""
    loose = unjoined(ball(1.0, cells))
    shift = np.random.default_rng(3).normal(0.0, 0.01, (len(loose.triangles), 3))
    return Surface(loose.points + np.repeat(shift, 3, axis=0), loose.triangles)


def damaged(form: Surface, kind: str) -> Surface:
    random = np.random.default_rng(5)
    some = random.choice(len(form.triangles), len(form.triangles) // 8, replace=False)
    if kind == "a hole":
        return without(form, 0, 1, 2, 3)
    if kind == "flipped":
        return turned_over(form, *some)
    if kind == "inside out":
        return Surface(form.points, form.triangles[:, ::-1])
    if kind == "doubled":
        return Surface(form.points, np.concatenate([form.triangles, form.triangles[some], form.triangles[some, ::-1]]))
    if kind == "unjoined":
        return unjoined(form)
    fins = np.array([[*form.triangles[t, :2], len(form.points) + k] for k, t in enumerate(some[:10])])
    out = form.points[form.triangles[some[:10], 0]] * 1.2
    return Surface(np.concatenate([form.points, out]), np.concatenate([form.triangles, fins]))
