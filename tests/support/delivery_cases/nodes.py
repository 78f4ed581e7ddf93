# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes, nodes, names and extensions of the whole file."""

from __future__ import annotations

from typing import Any

import numpy as np
from fit_glbs import DISOBEDIENCE, Glb, block, disobedient

from .delivery import Delivery
from .making import HALF, Change, changed, put, second

_HIDDEN = {"KHR_node_visibility": {"visible": False}}
_TWO = ((-0.5, -0.5, -0.5), (5.5, 0.5, 0.5))
_LEFT_OUT = "1 mesh outside the file's default scene was left out."
_NOTHING = "1 mesh was left out: the file scales it to nothing."
_JOINED = "The file held 2 meshes, which were joined into one."


def _without(*names: str) -> Change:
    def change(glb: Glb) -> None:
        for name in names:
            glb.document.pop(name, None)

    return change


def _scenes(*scenes: dict[str, Any]) -> Change:
    return put(scenes=list(scenes))


def _below(parent: dict[str, Any]) -> Change:
    """Put the second node below a third one."""

    def change(glb: Glb) -> None:
        glb.node(root=False, mesh=0, translation=[5.0, 0.0, 0.0])
        glb.node(children=[1], **parent)

    return change


def _instanced(glb: Glb) -> None:
    places = glb.accessor(np.array([(0.0, 0.0, 0.0), (5.0, 0.0, 0.0)]), "VEC3")
    glb.document["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}}
    glb.document["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]


def _chain(depth: int) -> Change:
    def change(glb: Glb) -> None:
        nodes = [{"children": [index + 2]} for index in range(depth)]
        glb.document["nodes"] += [*nodes, {"mesh": 0}]
        del glb.document["nodes"][0]["mesh"]
        glb.document["scenes"][0]["nodes"] = [1]

    return change


def _many_small_meshes() -> bytes:
    glb = Glb()
    for number in range(300):
        place = np.array((number % 10, number // 10 % 10, number // 100)) / (9.0, 9.0, 2.0) - 0.5
        low = np.clip(place - 0.01, -0.5, 0.48)
        glb.node(mesh=glb.mesh(*block(low, low + 0.02)))
    return glb.bytes()


DELIVERIES = (
    Delivery("a plain GLB", changed()),
    Delivery("a second scene", changed(second(root=False), _scenes({"nodes": [0]}, {"nodes": [1]})), says=_LEFT_OUT),
    Delivery(
        "`scene` names the second of two scenes",
        changed(second(root=False), _scenes({"nodes": [1]}, {"nodes": [0]}), put(scene=1)),
        says=_LEFT_OUT,
    ),
    Delivery(
        "two scenes without `scene`",
        changed(second(root=False), _scenes({"nodes": [0]}, {"nodes": [1]}), _without("scene")),
        says=_LEFT_OUT,
    ),
    Delivery("no scenes at all", changed(second(), _without("scene", "scenes")), triangles=120, box=_TWO, says=_JOINED),
    Delivery("a node in no scene", changed(second(root=False)), says=_LEFT_OUT),
    Delivery(
        "a scene that was never filled (pygltflib)",
        changed(_scenes({"name": "Scene"})),
        says="The file's scene holds no mesh; the meshes outside it were imported.",
    ),
    Delivery("`scene` is an index that is not there", changed(put(scene=3))),
    Delivery(
        "`KHR_node_visibility` hides a node", changed(second(extensions=_HIDDEN)), says="1 hidden mesh was left out."
    ),
    Delivery(
        "`KHR_node_visibility` hides a parent",
        changed(_below({"extensions": _HIDDEN})),
        says="1 hidden mesh was left out.",
    ),
    Delivery(
        "`KHR_node_visibility` is required",
        changed(put(extensionsUsed=["KHR_node_visibility"], extensionsRequired=["KHR_node_visibility"])),
    ),
    Delivery(
        "everything is hidden",
        changed(extensions=_HIDDEN),
        refused="The file shows no mesh. 1 hidden mesh was left out.",
    ),
    Delivery("a node hidden by scale 0", changed(second(scale=[0.0, 0.0, 0.0])), says=_NOTHING),
    Delivery("a parent of scale 0", changed(_below({"scale": [0.0, 0.0, 0.0]})), says=_NOTHING),
    Delivery("a node squeezed flat by its scale", changed(second(scale=[1.0, 0.0, 1.0])), says=_NOTHING),
    Delivery("a matrix of zeros", changed(_below({"matrix": [0.0] * 15 + [1.0]})), says=_NOTHING),
    Delivery(
        "a matrix that moves and turns",
        changed(matrix=[0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0]),
        box=((2.5, -0.5, -0.5), (3.5, 0.5, 0.5)),
    ),
    Delivery("z up, turned by its root (Hunyuan3D, trimesh)", changed(rotation=[-HALF, 0.0, 0.0, HALF])),
    Delivery("data in centimeters below a scale of 0.01 (FBX2glTF)", lambda: disobedient(DISOBEDIENCE[4], None, None)),
    Delivery("a mirroring scale", lambda: disobedient("mirrored root", None, None)),
    Delivery("a rotation that is not of length 1", changed(rotation=[0.0, 0.0, 0.0, 1.0000002])),
    Delivery("one mesh in two nodes", changed(second()), triangles=120, box=_TWO, says=_JOINED),
    Delivery("`EXT_mesh_gpu_instancing`", changed(_instanced), triangles=120, box=_TWO, says=_JOINED),
    Delivery("300 small meshes (part-aware generators)", _many_small_meshes, triangles=3600, says="300 meshes"),
    Delivery("nodes nested 300 deep", changed(_chain(300))),
    Delivery(
        "nodes that are their own parents",
        changed(second(root=False, children=[2]), lambda glb: glb.document["nodes"].append({"children": [1]})),
        says=_LEFT_OUT,
    ),
    Delivery(
        "cameras and lights beside the mesh",
        changed(
            put(
                cameras=[{"type": "perspective", "perspective": {"yfov": 1.0, "znear": 0.1}}],
                extensionsUsed=["KHR_lights_punctual"],
                extensions={"KHR_lights_punctual": {"lights": [{"type": "point"}]}},
            ),
            lambda glb: glb.node(camera=0, translation=[9.0, 9.0, 9.0]),
            lambda glb: glb.node(extensions={"KHR_lights_punctual": {"light": 0}}),
        ),
    ),
    Delivery(
        "names that are empty, long or no ASCII",
        changed(
            second(root=False),
            put(nodes=[{"mesh": 0, "name": ""}, {"name": "x" * 500}, {"name": "椅子/\\..: \n"}]),
            name="Ünïcode",
        ),
    ),
    Delivery(
        "extras and an unknown extension that is not required",
        changed(
            put(extensionsUsed=["XYZ_studio"], extensions={"XYZ_studio": {"a": [1]}}, extras={"prompt": "a chair"})
        ),
    ),
    Delivery(
        "an unknown extension that is required",
        changed(put(extensionsUsed=["XYZ_studio"], extensionsRequired=["XYZ_studio"])),
        refused="needs XYZ_studio",
    ),
    Delivery("required and not named as used", changed(put(extensionsRequired=["KHR_materials_unlit"]))),
    Delivery("asset version 2.1", changed(put(asset={"version": "2.1", "minVersion": "2.0"}))),
    Delivery("asset version as a number", changed(put(asset={"version": 2.0}))),
    Delivery("asset version 1.0", changed(put(asset={"version": "1.0"})), refused="not glTF 2"),
    Delivery("a mesh no node uses", changed(lambda glb: glb.mesh(*block((3,) * 3, (4,) * 3)))),
    Delivery(
        "a rig with an animation",
        lambda: disobedient("skinned", (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
        says="rigged; it was imported in its rest pose. The file is animated",
    ),
    Delivery("an animated node", lambda: disobedient("animated", None, None), says="animated"),
    Delivery("morph targets", lambda: disobedient("morphing", None, None)),
    Delivery(
        "a mesh far from the origin",
        changed(translation=[5000.0, 0.0, 0.0]),
        box=((4999.5, -0.5, -0.5), (5000.5, 0.5, 0.5)),
    ),
    Delivery("a mesh of 10 µm", changed(scale=[1e-5] * 3), box=((-5e-6,) * 3, (5e-6,) * 3)),
    Delivery("a mesh of 100 km", changed(scale=[1e5] * 3), box=((-5e4,) * 3, (5e4,) * 3)),
)
