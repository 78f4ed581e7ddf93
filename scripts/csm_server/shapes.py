"""Temporary shapes."""
import numpy as np
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

def _rock():
    rng = np.random.default_rng(1)
    m = trimesh.creation.icosphere(subdivisions=2)
    m.vertices *= 1 + rng.normal(0, .05, (len(m.vertices), 1))
    m.vertices *= [1.2, .7, .9]
    v = m.vertices
    uv = np.column_stack([np.arctan2(v[:, 2], v[:, 0]) / 6.2832 + .5, v[:, 1] / 1.4 + .5])
    img = Image.fromarray((rng.random((128, 128, 1)) * 80 + [120, 110, 100]).astype(np.uint8))
    m.visual = TextureVisuals(uv=uv, material=PBRMaterial(name="rock", baseColorTexture=img, roughnessFactor=.9, metallicFactor=0.))
    return trimesh.Scene(m)

SHAPES = {n: (n, _rock) for n in ("chair", "table", "lamp", "vase", "rock", "crate", "tree", "teapot")}
