# SPDX-License-Identifier: GPL-3.0-or-later
"""What the baked material says, against what is known to be true at each place of the original."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
import pytest
from textured_meshes import Baked, MaterialTree, add_colors, add_uv_map, grid, image, linear, ramp, sphere, srgb

from csm_blender.remesh.material.images import read_pixels
from csm_blender.remesh.texture.bake import bake
from csm_blender.remesh.texture.unwrap import unwrap

SIZE = 256
STEP = 1.0 / 255.0


@pytest.fixture(autouse=True)
def empty_blender() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)


def baked(original: bpy.types.Mesh, low: bpy.types.Mesh, size: int = SIZE) -> Baked:
    unwrap(low, size)
    bake(original, low, size, lambda _share, _what: None)
    return Baked(low)


def color_of(places: Any) -> Any:
    """A smooth linear color of place."""
    return 0.5 + 0.4 * np.sin(places * (1.0, 1.3, 0.7) + (0.0, 1.0, 2.0))


def spheres() -> tuple[bpy.types.Mesh, bpy.types.Mesh]:
    return sphere("Original", 5), sphere("Low", 4)


@pytest.mark.parametrize(("kind", "domain"), [("FLOAT_COLOR", "POINT"), ("BYTE_COLOR", "CORNER")])
@pytest.mark.parametrize("with_material", [False, True])
def test_color_attributes_are_linear_and_images_srgb(kind: str, domain: str, with_material: bool) -> None:
    original, low = spheres()
    add_colors(original, "Tint", kind, domain, color_of)
    if with_material:
        tree = MaterialTree("Tinted")
        tree.link(tree.node("ShaderNodeVertexColor", layer_name="Tint").outputs["Color"], "Base Color")
        original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Base Color"}
    assert result.image("Base Color").colorspace_settings.name == "sRGB"
    places, stored = result.at_surface("Base Color")
    off = np.abs(stored[:, :3] - srgb(color_of(places)))
    assert np.sqrt((off**2).mean()) < 1.5 * STEP
    assert off.max() < 8 * STEP


def test_a_texture_keeps_its_values() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Textured")
    tree.link(tree.texture(image("Ramp", ramp())).outputs["Color"], "Base Color")
    original.materials.append(tree.material)
    places, stored = baked(original, low).at_surface("Base Color")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96  # beyond, the ramp wraps around
    expected = places[inside, :2] * 0.5 + 0.5
    assert np.abs(stored[inside, :2] - expected).max() < 2.5 * STEP
    assert np.abs(stored[inside, 2] - 0.5).max() < 1.5 * STEP


@pytest.mark.parametrize("is_float", [False, True])
def test_linear_images_become_srgb(is_float: bool) -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Textured")
    space = "Linear Rec.709" if is_float else "Non-Color"
    tree.link(tree.texture(image("Ramp", ramp(), space, is_float=is_float)).outputs["Color"], "Base Color")
    original.materials.append(tree.material)
    places, stored = baked(original, low).at_surface("Base Color")
    inside = (np.abs(places[:, :2]).max(axis=1) < 0.96) & (places[:, 0] > -0.8) & (places[:, 1] > -0.8)
    assert np.abs(stored[inside, :2] - srgb(places[inside, :2] * 0.5 + 0.5)).max() < 4 * STEP


def test_texture_times_vertex_color_times_factor() -> None:
    """As glTF's importer writes it."""
    original, low = grid("Original", 8), grid("Low", 2)
    add_colors(original, "Color", "FLOAT_COLOR", "POINT", lambda places: np.full((len(places), 3), 0.5))
    tree = MaterialTree("Textured")
    texture = tree.texture(image("Ramp", ramp()))
    vertex = tree.node("ShaderNodeVertexColor", layer_name="Color")
    tree.link(tree.multiplied(tree.multiplied(texture.outputs[0], vertex.outputs[0]), (0.5, 1, 1, 1)), "Base Color")
    original.materials.append(tree.material)
    places, stored = baked(original, low).at_surface("Base Color")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    expected = srgb(linear(places[inside, :2] * 0.5 + 0.5) * (0.25, 0.5))
    assert np.abs(stored[inside, :2] - expected).max() < 3.5 * STEP


def test_each_material_shows_its_own_through_its_own_uv_map_and_transform() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    add_uv_map(original, "Second", lambda places: places[:, 1::-1] * 0.5 + 0.5)  # u along y, v along x
    first, second = MaterialTree("First"), MaterialTree("Second")
    first.link(first.texture(image("Ramp", ramp())).outputs[0], "Base Color")
    texture = second.texture(bpy.data.images["Ramp"], extension="EXTEND")
    mapping = second.node("ShaderNodeMapping")
    mapping.inputs["Location"].default_value = (0.25, 0.0, 0.0)
    mapping.inputs["Scale"].default_value = (0.5, 0.5, 1.0)
    second.link(second.node("ShaderNodeUVMap", uv_map="Second").outputs[0], mapping.inputs["Vector"])
    second.link(mapping.outputs[0], texture.inputs["Vector"])
    second.link(texture.outputs[0], "Base Color")
    original.materials.append(first.material)
    original.materials.append(second.material)
    for face in original.polygons:
        face.material_index = int(face.center.x > 0)
    places, stored = baked(original, low).at_surface("Base Color")
    right, left = places[:, 0] > 0.02, (places[:, 0] < -0.02) & (np.abs(places).max(axis=1) < 0.96)
    uv = places[:, :2] * 0.5 + 0.5
    assert np.abs(stored[left, :2] - uv[left]).max() < 2.5 * STEP
    expected = np.stack([uv[right, 1] * 0.5 + 0.25, uv[right, 0] * 0.5], axis=1)
    assert np.abs(stored[right, :2] - expected).max() < 2.5 * STEP


@pytest.mark.parametrize("extension", ["REPEAT", "EXTEND", "CLIP", "MIRROR"])
def test_textures_go_on_beyond_their_borders_as_the_node_says(extension: str) -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    original.uv_layers.remove(original.uv_layers[0])
    add_uv_map(original, "UVMap", lambda places: places[:, :2] * 1.5 + 0.5)  # from -1 to 2
    tree = MaterialTree("Textured")
    tree.link(tree.texture(image("Ramp", ramp()), extension=extension).outputs[0], "Base Color")
    original.materials.append(tree.material)
    places, stored = baked(original, low).at_surface("Base Color")
    u = places[:, 0] * 1.5 + 0.5
    expected = {
        "REPEAT": u % 1.0,
        "EXTEND": np.clip(u, 0.0, 1.0),
        "MIRROR": 1.0 - np.abs(u % 2.0 - 1.0),
        "CLIP": np.where((u > 0) & (u < 1) & (np.abs(places[:, 1]) < 1 / 3), u, 0.0),
    }[extension]
    seams = np.abs(u - np.rint(u)) < 0.05
    seams |= np.abs(np.abs(places[:, 1]) - 1 / 3) < 0.05
    assert np.abs(stored[:, 0] - expected)[~seams].max() < 3 * STEP


def test_plain_factors_stay_factors() -> None:
    original, low = spheres()
    inputs = {"base_color": (0.2, 0.4, 0.6, 1.0), "metallic": 1.0, "roughness": 0.3}
    original.materials.append(MaterialTree("Plain", **inputs).material)
    result = baked(original, low)
    assert result.kinds() == set()
    assert np.abs(result.factor("Base Color") - (0.2, 0.4, 0.6)).max() < 1e-4
    assert abs(result.factor("Metallic") - 1.0) < 1e-4
    assert abs(result.factor("Roughness") - 0.3) < 1e-4


def test_metallic_and_roughness_share_an_image_as_gltf_packs_them() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Packed")
    texture = tree.texture(image("Packed", np.roll(ramp(), 1, axis=2), "Non-Color"))  # green grows with u, blue with v
    separate = tree.node("ShaderNodeSeparateColor")
    tree.link(texture.outputs[0], separate.inputs[0])
    tree.link(separate.outputs["Green"], "Roughness")
    tree.link(separate.outputs["Blue"], "Metallic")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Metallic Roughness"}
    assert result.image("Metallic Roughness").colorspace_settings.is_data
    assert result.is_textured("Metallic")
    places, stored = result.at_surface("Metallic Roughness")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, 1:3] - (places[inside, :2] * 0.5 + 0.5)).max() < 2.5 * STEP


def test_metallic_of_several_plain_materials_becomes_an_image() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    for number in range(2):
        original.materials.append(MaterialTree("Part", metallic=float(number), roughness=0.25).material)
    for face in original.polygons:
        face.material_index = int(face.center.x > 0)
    result = baked(original, low)
    assert result.kinds() == {"Metallic Roughness"}
    places, stored = result.at_surface("Metallic Roughness")
    sure = np.abs(places[:, 0]) > 0.02
    assert np.abs(stored[sure, 2] - (places[sure, 0] > 0)).max() < STEP
    assert np.abs(stored[:, 1] - 0.25).max() < STEP


def test_emission_keeps_its_strength() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Lamp", emission_strength=5.0)
    tree.link(tree.texture(image("Ramp", ramp())).outputs[0], "Emission Color")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Emission"}
    assert abs(result.factor("Emission Strength") - 5.0) < 1e-4
    places, stored = result.at_surface("Emission")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, :2] - (places[inside, :2] * 0.5 + 0.5)).max() < 2.5 * STEP


@pytest.mark.parametrize("mode", ["BLEND", "MASK"])
def test_alpha_is_in_the_base_color_and_keeps_its_mode(mode: str) -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    stored_image = np.concatenate([ramp(), ramp()[..., :1]], axis=2)
    tree = MaterialTree("Leaf")
    texture = tree.texture(image("Leaf", stored_image))
    tree.link(texture.outputs[0], "Base Color")
    alpha = texture.outputs["Alpha"]
    if mode == "MASK":
        below, above = tree.node("ShaderNodeMath", operation="LESS_THAN"), tree.node("ShaderNodeMath")
        above.operation = "SUBTRACT"
        below.inputs[1].default_value, above.inputs[0].default_value = 0.3, 1.0
        tree.link(alpha, below.inputs[0])
        tree.link(below.outputs[0], above.inputs[1])
        alpha = above.outputs[0]
    tree.link(alpha, "Alpha")
    original.materials.append(tree.material)
    result = baked(original, low)
    places, stored = result.at_surface("Base Color")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, 3] - (places[inside, 0] * 0.5 + 0.5)).max() < 2.5 * STEP
    cuts = [node for node in result.tree.nodes if node.type == "MATH" and node.operation == "LESS_THAN"]
    assert [round(node.inputs[1].default_value, 4) for node in cuts] == ([0.3] if mode == "MASK" else [])


def turned_normal(low: bpy.types.Mesh, result: Baked) -> tuple[Any, Any]:
    """Places, and the normals that the map gives there on a flat low mesh facing up, as Blender decodes them."""
    low.calc_tangents()
    low.calc_loop_triangles()
    places, stored = result.at_surface("Normal")
    tangent = np.array(low.loops[0].tangent[:])
    bitangent = low.loops[0].bitangent_sign * np.cross((0.0, 0.0, 1.0), tangent)
    local = stored[:, :3] * 2.0 - 1.0
    normals = local[:, :1] * tangent + local[:, 1:2] * bitangent + local[:, 2:3] * (0.0, 0.0, 1.0)
    return places, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_the_normal_map_shows_the_shape_of_the_original() -> None:
    original, low = grid("Original", 60), grid("Low", 1)
    for vertex in original.vertices:
        vertex.co.z = 0.02 * np.sin(vertex.co.x * 6.0) * np.cos(vertex.co.y * 4.0)
    original.polygons.foreach_set("use_smooth", np.ones(len(original.polygons), dtype=bool))
    original.update()
    result = baked(original, low)
    assert result.kinds() == {"Normal"}
    assert result.image("Normal").colorspace_settings.is_data
    places, normals = turned_normal(low, result)
    x, y = places[:, 0], places[:, 1]
    slope = np.stack([-0.12 * np.cos(x * 6) * np.cos(y * 4), 0.08 * np.sin(x * 6) * np.sin(y * 4), np.ones(len(x))], 1)
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    inside = np.abs(places[:, :2]).max(axis=1) < 0.95
    angle = np.degrees(np.arccos(np.clip((normals * slope).sum(axis=1)[inside], -1.0, 1.0)))
    assert angle.mean() < 0.5
    assert angle.max() < 2.0


def test_the_normal_map_shows_the_originals_own() -> None:
    """Its UV map is turned and mirrored, so that its tangents are none of the low mesh's."""
    original, low = grid("Original", 4), grid("Low", 1)
    original.uv_layers.remove(original.uv_layers[0])
    add_uv_map(original, "Turned", lambda places: places[:, 1::-1] * 0.5 + 0.5)
    tree = MaterialTree("Bumpy")
    tilt = np.array([0.3, 0.1, np.sqrt(1 - 0.3**2 - 0.1**2)])
    picture = image("Tilt", np.tile(tilt * 0.5 + 0.5, (8, 8, 1)), "Non-Color")
    node = tree.node("ShaderNodeNormalMap", uv_map="Turned")
    tree.link(tree.texture(picture).outputs[0], node.inputs["Color"])
    tree.link(node.outputs[0], "Normal")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Normal"}
    _places, normals = turned_normal(low, result)
    expected = (tilt[1], tilt[0], tilt[2])  # u runs along y, v along x
    assert np.abs(normals - expected).max() < 0.02


def test_a_shape_that_is_the_same_needs_no_normal_map() -> None:
    original, low = sphere("Original", 4), sphere("Low", 4)
    assert baked(original, low).kinds() == set()


def test_no_texture_size_gives_average_factors() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    for number in range(2):
        color = (float(number), 0.5, 0.0, 1.0)
        original.materials.append(MaterialTree("Part", base_color=color, roughness=0.25).material)
    for face in original.polygons:
        face.material_index = int(face.center.x > 0)
    result = baked(original, low, 0)
    assert result.kinds() == set()
    assert np.abs(result.factor("Base Color") - (0.5, 0.5, 0.0)).max() < 0.02
    assert abs(result.factor("Roughness") - 0.25) < 1e-3


def test_a_broken_texture_is_noted_and_its_factor_used() -> None:
    original, low = spheres()
    tree = MaterialTree("Broken")
    missing = bpy.data.images.new("Missing", 1, 1)
    missing.source = "FILE"
    missing.filepath = "//nowhere.png"
    tree.link(tree.multiplied(tree.texture(missing).outputs[0], (0.2, 0.4, 0.6, 1.0)), "Base Color")
    original.materials.append(tree.material)
    unwrap(low, SIZE)
    notes = bake(original, low, SIZE, lambda _share, _what: None)
    assert [note.template for note in notes] == ["The texture {name} cannot be read; its factors are used."]
    assert np.abs(Baked(low).factor("Base Color") - (0.2, 0.4, 0.6)).max() < 1e-3


def with_inner_shell(original: bpy.types.Mesh) -> bpy.types.Mesh:
    """A sphere in the color of place, with a black one close inside it, and every tenth face flipped."""
    import bmesh

    made = bmesh.new()
    made.from_mesh(original)
    layer = made.verts.layers.float_color["Tint"]
    inner = bmesh.ops.duplicate(made, geom=made.faces[:])["geom"]
    for vertex in [each for each in inner if isinstance(each, bmesh.types.BMVert)]:
        vertex.co *= 0.985
        vertex[layer] = (0.0, 0.0, 0.0, 1.0)
    bmesh.ops.reverse_faces(made, faces=[each for each in inner if isinstance(each, bmesh.types.BMFace)])
    made.faces.ensure_lookup_table()
    bmesh.ops.reverse_faces(made, faces=list(made.faces)[: len(original.polygons) : 10])
    made.to_mesh(original)
    made.free()
    return original


def test_an_inner_shell_and_flipped_faces_do_not_show() -> None:
    original, low = sphere("Original", 5), sphere("Low", 3)
    add_colors(original, "Tint", "FLOAT_COLOR", "POINT", color_of)
    result = baked(with_inner_shell(original), low)
    places, stored = result.at_surface("Base Color")
    outside = places / np.linalg.norm(places, axis=1, keepdims=True)
    off = np.abs(stored[:, :3] - srgb(color_of(outside)))
    assert np.sqrt((off**2).mean()) < 3 * STEP
    assert off.max() < 20 * STEP


def test_there_is_no_black_texel_beside_an_island() -> None:
    """Nor anywhere: small mip levels average over the space between islands."""
    original, low = spheres()
    add_colors(original, "Tint", "FLOAT_COLOR", "POINT", lambda places: 0.6 + 0.2 * np.sin(places))
    assert baked(original, low).pixels("Base Color")[..., :3].min() > srgb(np.array(0.35))


def test_the_same_input_gives_the_same_bytes_and_progress_only_grows() -> None:
    made, shares = [], []
    for _ in range(2):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        original, low = sphere("Original", 5), sphere("Low", 3)
        add_colors(original, "Tint", "FLOAT_COLOR", "POINT", color_of)
        unwrap(low, SIZE)
        shares = []
        bake(original, low, SIZE, lambda share, _what, shares=shares: shares.append(share))
        made.append([bytes(each.packed_file.data) for each in bpy.data.images])
        assert shares == sorted(shares)
        assert shares[0] >= 0.0
        assert shares[-1] <= 1.0
    assert made[0]
    assert made[0] == made[1]


def test_nothing_else_is_left_behind() -> None:
    original, low = spheres()
    add_colors(original, "Tint", "FLOAT_COLOR", "POINT", color_of)
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("meshes", "objects", "scenes", "node_groups")}
    baked(original, low)
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}


def test_a_canceled_bake_leaves_nothing_behind() -> None:
    original, low = spheres()
    unwrap(low, SIZE)

    def cancel(share: float, _what: str) -> None:
        if share >= 0.05:
            raise KeyboardInterrupt

    before = {kind: len(getattr(bpy.data, kind)) for kind in ("meshes", "objects", "scenes", "node_groups")}
    with pytest.raises(KeyboardInterrupt):
        bake(original, low, SIZE, cancel)
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}


def test_a_texture_finer_than_the_baked_one_is_averaged() -> None:
    """A checker of single texels, of which a baked texel covers many, becomes its mean."""
    original, low = grid("Original", 4), grid("Low", 2)
    y, x = np.mgrid[0:1024, 0:1024]
    checker = np.repeat(((x + y) % 2)[..., None], 3, axis=2).astype(np.float32)
    tree = MaterialTree("Fine")
    tree.link(tree.texture(image("Checker", checker, "Non-Color")).outputs[0], "Base Color")
    original.materials.append(tree.material)
    result = baked(original, low, 128)
    assert result.kinds() == set()
    assert np.abs(result.factor("Base Color") - 0.5).max() < 0.01


def test_an_image_larger_than_blender_hands_out_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried with one of 24,000 x 24,000 pixels, for which Blender raises; here the limit is lower."""
    monkeypatch.setattr("csm_blender.remesh.material.images.MOST_VALUES", 64 * 64 * 4)
    y, x = np.mgrid[0:200, 0:120] / 200.0
    large = image("Large", np.stack([x, y, x * 0.0], axis=2).astype(np.float32), "Non-Color")
    pixels = read_pixels(large).values
    high, wide = pixels.shape[:2]
    assert (high, wide) == (50, 30)
    assert np.abs(pixels[high // 2, wide // 2, :2] / 255.0 - (0.3, 0.5)).max() < 0.02
    assert large.size[:] == (120, 200), "the image itself is as it was"
    assert len(bpy.data.images) == 1


def test_a_normal_map_on_faces_of_many_sides() -> None:
    original, low = grid("Original", 1), grid("Low", 1)
    bpy.data.meshes.remove(original)
    original = bpy.data.meshes.new("Original")
    turns = np.arange(8) * np.pi / 4
    original.from_pydata([(2 * np.cos(turn), 2 * np.sin(turn), 0.0) for turn in turns], [], [range(8)])
    add_uv_map(original, "UVMap", lambda places: places[:, :2] * 0.25 + 0.5)
    tree = MaterialTree("Bumpy")
    tilt = np.array([0.3, 0.1, np.sqrt(1 - 0.3**2 - 0.1**2)])
    node = tree.node("ShaderNodeNormalMap")
    picture = image("Tilt", np.tile(tilt * 0.5 + 0.5, (8, 8, 1)), "Non-Color")
    tree.link(tree.texture(picture).outputs[0], node.inputs["Color"])
    tree.link(node.outputs[0], "Normal")
    original.materials.append(tree.material)
    _places, normals = turned_normal(low, baked(original, low))
    assert np.abs(normals - tilt).max() < 0.02
