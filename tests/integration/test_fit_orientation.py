# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter F with a nose arrives upright, readable and facing the block-out's front; shading comes along."""

from __future__ import annotations

from pathlib import Path

import fit_measure as fm
import numpy as np
import pytest
from fit_bench import Order, new_scene, open_file, refine_all, save
from fit_glbs import DISOBEDIENCE, LETTER, NOTED, Glb, disobedient, letter, obedient
from fit_kind import add, mesh
from mathutils import Matrix, Vector

bpy = pytest.importorskip("bpy")

from csm_blender.core.models import Fit, Original, Pivot

TURN = Matrix.Rotation(0.9, 3, Vector((1.0, 2.0, 0.5)))
FRAMES = {
    "straight": Matrix(),
    "turned and stretched": Matrix.LocRotScale(Vector((4.0, 5.0, 6.0)), TURN, (1.0, 3.0, 2.0)),
    "mirrored in x": Matrix.LocRotScale(Vector((1.0, 0.0, 0.0)), TURN, (-1.0, 3.0, 2.0)),
    "mirrored in y": Matrix.LocRotScale(Vector((1.0, 0.0, 0.0)), TURN, (2.0, -1.0, 1.0)),
    "mirrored in z": Matrix.LocRotScale(Vector((1.0, 0.0, 0.0)), TURN, (1.0, 2.0, -1.5)),
    "turned inside out": Matrix.LocRotScale(Vector((1.0, 0.0, 0.0)), TURN, (-1.0, -2.0, -1.5)),
    "sheared": Matrix.LocRotScale(None, TURN, (1.0, 2.0, 0.5)) @ Matrix.Rotation(0.5, 4, "Y"),
    "sheared and mirrored": Matrix.LocRotScale(None, TURN, (1.0, -2.0, 0.5)) @ Matrix.Rotation(0.5, 4, "Y"),
}


def golden_letter(world: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where the vertices of the F belong in the world, worked out from the words alone.

    Front is the block-out's -y, up its +z. Seen from the front, +x is to the right, and so is the F's right. Where the
    block-out's frame mirrors, the F must not be mirrored with it: its left and right change places on the x axis.
    """
    points, _faces = letter()
    right, up, front = points.T
    if np.linalg.det(world[:3, :3]) < 0.0:
        right = -right
    unit = np.stack([right, -front, up], axis=1) + 0.5
    local = low + unit * (high - low)
    return local @ world[:3, :3].T + world[:3, 3]


def block_out(matrix: Matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    new_scene()
    obj = add("Thing", mesh(), Matrix())
    if matrix.is_orthogonal_axis_vectors:
        obj.matrix_world = matrix
    else:
        parent = add("Parent", None, Matrix())
        obj.parent = parent
        obj.matrix_parent_inverse = matrix
    bpy.context.view_layer.update()
    return fm.world(obj), *fm.box_of(fm.vertices(obj))


def vertices_in_world(obj: bpy.types.Object) -> np.ndarray:
    world = fm.world(obj)
    return fm.vertices(obj) @ world[:3, :3].T + world[:3, 3]


def farthest_from_its_place(found: np.ndarray, wanted: np.ndarray) -> float:
    """Order of vertices does not count: joining and importing may change it."""
    distances = np.linalg.norm(found[:, None] - wanted[None], axis=2)
    size = np.ptp(wanted, axis=0).max()
    return float(max(distances.min(axis=0).max(), distances.min(axis=1).max()) / size)


def volume(obj: bpy.types.Object) -> float:
    """The volume its faces enclose in the world, positive if they face out where the world matrix does not mirror."""
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    made = evaluated.to_mesh()
    made.calc_loop_triangles()
    triangles = np.array([tuple(triangle.vertices) for triangle in made.loop_triangles])
    evaluated.to_mesh_clear()
    a, b, c = (vertices_in_world(obj)[triangles[:, corner]] for corner in range(3))
    # Blender turns the faces over by itself where a world matrix mirrors.
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0) * np.sign(np.linalg.det(fm.world(obj)[:3, :3]))


def refined(tmp_path: Path, order: Order) -> bpy.types.Object:
    save(tmp_path / "in.blend")
    [outcome] = refine_all(tmp_path / "in.blend", [order], tmp_path / "out.blend", tmp_path / "jobs")
    assert outcome.error is None, str(outcome.error)
    open_file(tmp_path / "out.blend")
    obj = bpy.data.objects[outcome.object_name]
    obj["notes"] = " ".join(outcome.notes)
    return obj


@pytest.mark.parametrize("fate", list(Original), ids=str)
@pytest.mark.parametrize("frame", list(FRAMES))
def test_the_letter_arrives_readable(frame: str, fate: Original, tmp_path: Path) -> None:
    world, low, high = block_out(FRAMES[frame])
    obj = refined(tmp_path, Order("Thing", fate))
    assert farthest_from_its_place(vertices_in_world(obj), golden_letter(world, low, high)) <= 1e-5
    assert volume(obj) > 0.0, "its faces look inward"


@pytest.mark.parametrize("how", DISOBEDIENCE)
def test_whatever_the_service_does_it_is_put_right(how: str, tmp_path: Path) -> None:
    """The placed error stays at most 1e-5, and the letter is still the right way round."""
    world, low, high = block_out(FRAMES["turned and stretched"])
    obj = refined(tmp_path, Order("Thing", deliver=lambda size, pivot: disobedient(how, size, pivot)))
    wanted = fm.corners(world, low, high)
    assert fm.distance(fm.result_corners(obj), wanted) <= 1e-5
    assert fm.origin_distance(obj, world[:3, 3], wanted) <= 1e-5
    assert farthest_from_its_place(vertices_in_world(obj), golden_letter(world, low, high)) <= 1e-5
    assert volume(obj) > 0.0
    assert NOTED.get(how, "") in obj["notes"]


def test_inside_keeps_proportions_and_stands_on_the_base(tmp_path: Path) -> None:
    world, low, high = block_out(FRAMES["turned and stretched"])
    order = Order(
        "Thing", fit=Fit.INSIDE, pivot=Pivot.BASE, deliver=lambda _size, _pivot: obedient((2.0, 1.0, 1.0), None)
    )
    obj = refined(tmp_path, order)
    points = fm.vertices(obj)
    size = np.ptp(points, axis=0)
    assert size / size[2] == pytest.approx([2.0, 1.0, 1.0], rel=1e-5)
    # 1.25 x 2.25 x 4 in the world: the width decides.
    assert size == pytest.approx([1.25, 0.625, 0.625], rel=1e-5)
    assert points[:, 2].min() == pytest.approx(0.0, abs=1e-6), "it floats above its base"
    middle = (low + high) / 2.0
    base = world[:3, :3] @ np.array([middle[0], middle[1], low[2]]) + world[:3, 3]
    assert fm.world(obj)[:3, 3] == pytest.approx(base, abs=1e-5)


def test_none_keeps_the_delivered_size(tmp_path: Path) -> None:
    block_out(FRAMES["turned and stretched"])
    obj = refined(tmp_path, Order("Thing", fit=Fit.NONE, deliver=lambda _size, _pivot: obedient((3.0, 2.0, 5.0), None)))
    assert np.ptp(fm.vertices(obj), axis=0) == pytest.approx([3.0, 5.0, 2.0], rel=1e-5)


@pytest.mark.parametrize("frame", ["turned and stretched", "mirrored in y", "sheared"])
@pytest.mark.parametrize("fate", [Original.HIDE, Original.REPLACE], ids=str)
def test_stored_normals_stay_those_of_the_shape(frame: str, fate: Original, tmp_path: Path) -> None:
    """A smooth ball becomes an egg: its normals must be the egg's, also where it is mirrored."""
    block_out(FRAMES[frame])
    obj = refined(tmp_path, Order("Thing", fate, deliver=lambda _size, _pivot: ball()))
    made = obj.data
    normals = np.empty(len(made.loops) * 3, dtype=np.float32)
    made.corner_normals.foreach_get("vector", normals)
    corner_vertices = np.empty(len(made.loops), dtype=np.int32)
    made.loops.foreach_get("vertex_index", corner_vertices)
    points = fm.vertices(obj)
    middle, half = (points.max(axis=0) + points.min(axis=0)) / 2.0, np.ptp(points, axis=0) / 2.0
    # The gradient of the egg's equation in data space.
    wanted = ((points - middle) / half**2)[corner_vertices]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", normals.reshape(-1, 3), wanted).min() > 0.999


def ball(rings: int = 16) -> bytes:
    """A ball of triangles with smooth normals, and a seam of doubled vertices such as glTF has."""
    theta, phi = np.meshgrid(np.linspace(0.0, np.pi, rings + 1), np.linspace(0.0, 2.0 * np.pi, 2 * rings + 1))
    points = np.stack([np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], axis=-1).reshape(-1, 3)
    row = rings + 1
    faces = []
    for i in range(2 * rings):
        for j in range(rings):
            a, b, c, d = i * row + j, i * row + j + 1, (i + 1) * row + j + 1, (i + 1) * row + j
            faces += [(a, c, b)] * (j < rings - 1) + [(a, d, c)] * (j > 0)
    glb = Glb()
    glb.node(mesh=glb.mesh(points, np.array(faces), normals=points))
    return glb.bytes()


def test_the_letter_is_what_it_is_said_to_be() -> None:
    """The parts of the F, so that nobody 'fixes' the golden mesh into a symmetrical one."""
    assert LETTER["nose"][1][2] == 0.5, "the nose points to the front"
    assert LETTER["top bar"][1] == (0.5, 0.5, 0.2), "the upper bar reaches right and top"
    points, faces = letter()
    assert points.shape == (40, 3)
    assert len(faces) == 60
