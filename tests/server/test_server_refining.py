# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes out of a refine: box, origin, axes, files. How good the mesh is, the tests of the local engine say."""

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
from glbs import bounds, glb, load, wavy, welded
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


def test_a_clean_mesh_keeps_its_texture(service, add):
    """It is closed, unwrapped and within the budget: there is nothing to do but to fit it."""
    clean = wavy()
    (result,) = load(refined(service, add(glb(clean)), scaled_bbox=[1, 2, 3])).geometry.values()
    assert len(result.faces) == len(clean.faces)
    texture = result.visual.material.baseColorTexture
    assert np.array_equal(np.asarray(texture.convert("RGB")), np.asarray(clean.visual.material.baseColorTexture))


def test_normals_are_unit_and_point_outward(service, add):
    mesh = next(iter(load(refined(service, add(glb(wavy())))).geometry.values()))
    assert np.linalg.norm(mesh.vertex_normals, axis=1) == pytest.approx(np.ones(len(mesh.vertices)), abs=1e-5)
    outward = np.einsum("ij,ij->i", mesh.vertex_normals, mesh.vertices / np.array([1.0, 1.3, 0.8]) ** 2)
    assert (outward > 0).all()


def test_a_node_tree(service, add):
    scene = trimesh.Scene()
    for number, name in enumerate(("Red", "Blue")):
        box = trimesh.creation.box()
        box.visual = trimesh.visual.TextureVisuals(material=trimesh.visual.material.PBRMaterial(name=name))
        matrix = trimesh.transformations.scale_and_translate([1, 2, 0.5], [3 * number, 0, 0])
        scene.add_geometry(box, node_name=name, transform=matrix)
    data = refined(service, add(glb(scene)))
    assert np.ptp(bounds(data), axis=0) == pytest.approx([4, 2, 0.5], rel=1e-6)


@pytest.mark.parametrize("name", SHARED)
def test_shared_meshes(service, add, assets, name):
    data = refined(service, add(assets / f"{name}.glb"), scaled_bbox=[1, 2, 3], pivot_point=[0, -0.5, 0.25])
    expected = np.array([[-0.5, 0, -2.25], [0.5, 2, 0.75]])
    assert np.abs(bounds(data) - expected).max() <= 3 * RELATIVE


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
    """The samples' previews; one of them refined, a rough mesh, and a shared mesh where that is."""
    samples = ["SESSION_P_44569824122", *(f"SESSION_{1700000000 + n}_{n:07d}" for n in range(1, 8))]
    files = [Path(service.data, "sessions", code, "preview", "mesh.glb") for code in samples]
    codes = [samples[2], add(glb(wavy(noise=0.05, holes=3, bits=2)))]
    shared = ROOT.parent / "shared" / "assets" / "nested.glb"
    codes += [add(shared)] if shared.is_file() else []
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
