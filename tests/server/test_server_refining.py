# SPDX-License-Identifier: GPL-3.0-or-later
"""What refining does to a mesh, measured on the GLB that comes out."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from glbs import bounds, document, glb, load, wavy, welded
from PIL import Image
from serving import refined, unavailable, wait

RELATIVE = 1e-6
"""Tolerance of the box, as a share of its size: positions are 32-bit numbers."""
SHARED = ["Duck", "BoxTextured", "monkey", "nested"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("size", [[1, 1, 1], [0.02, 0.5, 3.25], [1e-4, 2e-4, 3e-4], [1500, 20, 7000.5]])
@pytest.mark.parametrize("pivot", [[0, 0, 0], [0, -0.5, 0], [-0.5, -0.5, -0.5], [0.5, 0.5, 0.5], [0.1, -0.27, 0.43]])
def test_box_and_pivot_are_exact(service, add, size, pivot):
    box = bounds(refined(service, add(BOX), scaled_bbox=size, pivot_point=pivot))
    expected = np.array([[(side - p) * d for p, d in zip(pivot, size, strict=True)] for side in (-0.5, 0.5)])
    assert np.abs(box - expected).max(axis=0) == pytest.approx([0, 0, 0], abs=RELATIVE * max(size))
    assert np.all(np.abs(box - expected) <= RELATIVE * np.array(size))


BOX = glb(trimesh.creation.box(extents=[0.3, 0.4, 0.5]))


def test_without_wishes_the_size_stays_and_the_centre_is_the_origin(service, add):
    mesh = wavy()
    box = bounds(refined(service, add(glb(mesh))))
    assert np.ptp(box, axis=0) == pytest.approx(mesh.extents, rel=1e-6)
    assert box.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)


def test_only_a_pivot(service, add):
    mesh = wavy()
    box = bounds(refined(service, add(glb(mesh)), pivot_point=[0, -0.5, 0]))
    assert box[0][1] == pytest.approx(0, abs=1e-7)
    assert box[1][1] == pytest.approx(mesh.extents[1], rel=1e-6)


def test_axes_are_kept(service, add):
    """A pin in the +z face, left of the middle, stays there."""
    body = trimesh.creation.box(extents=[2, 1, 1])
    pin = trimesh.creation.cylinder(radius=0.1, height=1.0, sections=12)
    pin.apply_translation([-0.6, 0.2, 0.9])
    mesh = welded(refined(service, add(glb(trimesh.util.concatenate([body, pin])))))
    front = mesh.vertices[mesh.vertices[:, 2] > mesh.bounds[1][2] - 0.05]
    assert len(front) > 3
    assert (front[:, 0] < -0.4).all()
    assert (front[:, 1] > 0.0).all()


def test_finer_and_smoother_without_shrinking(service, add):
    rough = wavy(noise=0.03)
    result = welded(refined(service, add(glb(rough))))
    clean = wavy()
    assert len(rough.faces) * 16 <= len(result.faces) <= 60_000
    assert result.is_watertight
    assert result.is_winding_consistent
    assert abs(result.volume / clean.volume - 1) < 0.08
    assert bend(result) < 0.25 * bend(rough)


def bend(mesh):
    """Mean angle between neighbouring faces, radians."""
    return float(np.mean(mesh.face_adjacency_angles))


def test_edges_of_a_box_stay_sharp(service, add):
    result = welded(refined(service, add(BOX)))
    assert result.volume == pytest.approx(0.3 * 0.4 * 0.5, rel=1e-5)
    assert result.area == pytest.approx(2 * (0.12 + 0.15 + 0.2), rel=1e-5)


def test_debris_goes_holes_close_and_inside_out_faces_turn(service, add):
    flawed = wavy(holes=6, bits=5)
    flawed.faces[::7] = np.fliplr(flawed.faces[::7])
    assert flawed.body_count == 6
    assert not flawed.is_watertight
    result = welded(refined(service, add(glb(flawed))))
    assert result.body_count == 1
    assert result.is_watertight
    assert result.is_winding_consistent
    assert result.volume > 0
    assert result.extents == pytest.approx(wavy().extents, rel=1e-5)


def test_large_openings_stay_open(service, add):
    bowl = trimesh.creation.icosphere(subdivisions=3)
    bowl.update_faces(bowl.triangles_center[:, 1] < 0.2)
    assert not welded(refined(service, add(glb(bowl)))).is_watertight


def test_a_large_mesh_is_not_subdivided(service, add):
    mesh = trimesh.creation.icosphere(subdivisions=5)
    assert len(welded(refined(service, add(glb(mesh)))).faces) == len(mesh.faces) == 20480


def test_uvs_seams_material_and_texture_are_kept(service, add):
    """A square on a cylinder's side keeps its piece of the texture, on both sides of the seam."""
    angle = np.linspace(0, 2 * np.pi, 13)
    u, v = (grid.ravel() for grid in np.meshgrid(angle / (2 * np.pi), [0.0, 0.25, 0.5, 0.75, 1.0]))
    points = np.column_stack([np.cos(u * 2 * np.pi), v * 2, np.sin(u * 2 * np.pi)])
    quads = [(r * 13 + c, r * 13 + c + 1, r * 13 + c + 14, r * 13 + c + 13) for r in range(4) for c in range(12)]
    faces = [(a, d, c) for a, _, c, d in quads] + [(a, c, b) for a, b, c, _ in quads]
    mesh = trimesh.Trimesh(points, faces, process=False)
    mesh.visual = trimesh.visual.TextureVisuals(uv=np.column_stack([u, v]), material=wavy().visual.material)
    data = refined(service, add(glb(mesh)))
    result = next(iter(load(data).geometry.values()))
    around = np.arctan2(result.vertices[:, 2], result.vertices[:, 0]) / (2 * np.pi) % 1
    off = np.abs(around - result.visual.uv[:, 0])
    assert np.minimum(off, 1 - off).max() < 0.01, "u is still the angle"
    assert (result.vertices[:, 1] + 1) / 2 == pytest.approx(result.visual.uv[:, 1], abs=0.01)
    seam = np.isclose(around, 0, atol=1e-4) | np.isclose(around, 1, atol=1e-4)
    assert {0.0, 1.0} <= set(np.round(result.visual.uv[seam, 0], 6)), "the seam is still there"
    spans = np.ptp(result.visual.uv[result.faces][:, :, 0], axis=1)
    assert spans.max() < 0.1, "no triangle runs back across the texture"
    assert shell(data)["name"] == "Shell"
    assert shell(data)["pbrMetallicRoughness"]["roughnessFactor"] == pytest.approx(0.4)
    texture = result.visual.material.baseColorTexture
    assert np.array_equal(np.asarray(texture.convert("RGB")), np.asarray(wavy().visual.material.baseColorTexture))


def shell(data):
    """The only material of a GLB."""
    (material,) = document(data)["materials"]
    return material


def test_normals_are_unit_and_point_outward(service, add):
    mesh = next(iter(load(refined(service, add(glb(wavy())))).geometry.values()))
    assert np.linalg.norm(mesh.vertex_normals, axis=1) == pytest.approx(np.ones(len(mesh.vertices)), abs=1e-5)
    outward = np.einsum("ij,ij->i", mesh.vertex_normals, mesh.vertices / np.array([1.0, 1.3, 0.8]) ** 2)
    assert (outward > 0).all()


def test_several_materials_in_a_node_tree(service, add):
    scene = trimesh.Scene()
    for number, name in enumerate(("Red", "Blue")):
        box = trimesh.creation.box()
        box.visual = trimesh.visual.TextureVisuals(material=trimesh.visual.material.PBRMaterial(name=name))
        matrix = trimesh.transformations.scale_and_translate([1, 2, 0.5], [3 * number, 0, 0])
        scene.add_geometry(box, node_name=name, transform=matrix)
    data = refined(service, add(glb(scene)))
    assert {material["name"] for material in document(data)["materials"]} == {"Red", "Blue"}
    assert np.ptp(bounds(data), axis=0) == pytest.approx([4, 2, 0.5], rel=1e-6)


@pytest.mark.parametrize("name", SHARED)
def test_shared_meshes(service, add, assets, name):
    source = trimesh.load_scene(assets / f"{name}.glb")
    data = refined(service, add(assets / f"{name}.glb"), scaled_bbox=[1, 2, 3], pivot_point=[0, -0.5, 0.25])
    expected = np.array([[-0.5, 0, -2.25], [0.5, 2, 0.75]])
    assert np.abs(bounds(data) - expected).max() <= 3 * RELATIVE
    before = document((assets / f"{name}.glb").read_bytes())
    after = document(data)
    assert {m.get("name") for m in after.get("materials", [])} == {m.get("name") for m in before.get("materials", [])}
    assert len(after.get("images", [])) == len(before.get("images", []))
    faces = sum(len(mesh.faces) for mesh in source.geometry.values())
    assert len(welded(data).faces) >= 4 * faces


def test_zip_and_obj(service, add):
    code = add(glb(wavy()))
    refined(service, code, scaled_bbox=[1, 2, 3])
    data = wait(service, code)
    archive = zipfile.ZipFile(io.BytesIO(service.request("GET", data["mesh_url_zip"]).body))
    names = set(archive.namelist())
    assert {f"{code}/mesh.obj", f"{code}/mesh.mtl"} < names
    (picture,) = (name for name in names if name.endswith((".png", ".jpg")))
    assert Image.open(archive.open(picture)).size == (4, 4)
    assert picture.split("/")[1] in archive.read(f"{code}/mesh.mtl").decode()
    text = service.request("GET", data["mesh_url_obj"]).body
    assert archive.read(f"{code}/mesh.obj") == text
    mesh = trimesh.load(io.BytesIO(text), file_type="obj", force="mesh")
    assert mesh.extents == pytest.approx([1, 2, 3], rel=1e-6)


@pytest.fixture(scope="session")
def validator():
    """The folder with npm's gltf-validator, installed once under the ignored .cache."""
    if not (shutil.which("node") and shutil.which("npm")):
        unavailable("node and npm, for the Khronos validator, are not installed")
    folder = ROOT / ".cache" / "gltf-validator"
    if not (folder / "node_modules" / "gltf-validator").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), "gltf-validator@2.0.0-dev.3.10"]
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL, timeout=180).returncode:
            unavailable("npm could not install gltf-validator")
    return folder


VALIDATE = """
const validator = require('gltf-validator'), fs = require('fs');
(async () => {
  const reports = {};
  for (const file of process.argv.slice(1)) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), {maxIssues: 20});
    reports[file] = {errors: report.issues.numErrors, messages: report.issues.messages.filter(m => m.severity == 0)};
  }
  console.log(JSON.stringify(reports));
})();
"""


def test_the_khronos_validator_finds_no_error(service, add, validator, tmp_path):
    """All samples, previews and refined, and the shared meshes where they are."""
    codes = ["SESSION_P_44569824122", *(f"SESSION_{1700000000 + n}_{n:07d}" for n in range(1, 8))]
    shared = ROOT.parent / "shared" / "assets"
    codes += [add(shared / f"{name}.glb") for name in SHARED if shared.is_dir()]
    codes += [add(glb(wavy(noise=0.05, holes=3, bits=2)))]
    files = [Path(service.data, "sessions", code, "preview", "mesh.glb") for code in codes[:8]]
    for code in codes:
        path = tmp_path / f"{code}.glb"
        path.write_bytes(refined(service, code, scaled_bbox=[0.7, 1.1, 0.4]))
        files.append(path)
    done = subprocess.run(
        ["node", "-e", VALIDATE, *map(str, files)], cwd=validator, capture_output=True, text=True, check=True
    )
    reports = json.loads(done.stdout)
    assert len(reports) == len(files)
    assert {file: report for file, report in reports.items() if report["errors"]} == {}
