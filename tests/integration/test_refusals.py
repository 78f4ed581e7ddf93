# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender's importers say is told as what is wrong with the file, without places of Blender's own code."""

from __future__ import annotations

import pytest

bpy = pytest.importorskip("bpy")

from csm_blender.converter.gltf.import_glb import refusal, without_places

TRACEBACK = """Error: Python: Traceback (most recent call last):
  File "/usr/share/blender/5.2/scripts/addons_core/io_scene_gltf2/__init__.py", line 1889, in execute
    return self.import_gltf2(context)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
{error}
Location: /home/me/.config/blender/extensions/csm_blender/converter/importing.py:92
"""


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("ValueError: cannot reshape array of size 3 into shape (2)", "the length of a list does not fit"),
        ("ValueError: buffer is smaller than requested size", "the length of a list does not fit"),
        ("IndexError: list index out of range", "it refers to a part that it does not hold"),
        ("KeyError: 7", "it refers to a part that it does not hold"),
        ("TypeError: 'NoneType' object is not subscriptable", "it refers to a part that it does not hold"),
        ("RecursionError: maximum recursion depth exceeded", "nested far too deeply"),
        ("binascii.Error: Incorrect padding", "the data of one of its URIs is damaged"),
        ("RuntimeError: Bad glTF: json error: Expecting value", "its JSON is not valid"),
    ],
)
def test_a_known_error_of_the_importer_is_told_as_what_is_wrong_with_the_file(error: str, cause: str) -> None:
    told = refusal((), TRACEBACK.format(error=error))
    assert cause in str(told)
    assert "Location" not in str(told)
    assert "/" not in str(told)


def test_another_error_keeps_its_last_words_only() -> None:
    told = refusal((), TRACEBACK.format(error="AttributeError: 'VNode' object has no attribute 'x'"))
    assert str(told) == (
        "Blender's glTF importer refuses the file: AttributeError: 'VNode' object has no attribute 'x'"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Error: Cannot open /tmp/abc/prepared.glb for reading", "Cannot open ... for reading"),
        ("Error: 'C:\\Users\\me\\AppData\\x.glb' is damaged", "... is damaged"),
        ("OSError: /opt/blender/4.5/lib/libmeshopt.so: cannot open", "OSError: ...: cannot open"),
        ("Error: 5/6 of the file", "5/6 of the file"),
        ("", "no reason given"),
        ("Location: /a/b.py:3", "no reason given"),
    ],
)
def test_paths_of_this_computer_are_not_told(words: str, told: str) -> None:
    assert without_places(words) == told


@pytest.mark.parametrize(
    ("extensions", "words", "features"),
    [
        (("EXT_meshopt_compression",), "Location: /a/b.py:92", "meshopt-compressed data"),
        (("KHR_draco_mesh_compression",), "", "Draco-compressed meshes"),
        (("KHR_materials_unlit", "XYZ_a"), "Extension XYZ_a is not available on this addon version", "XYZ_a"),
        (
            ("KHR_draco_mesh_compression", "KHR_texture_basisu"),
            "Extension KHR_texture_basisu is not available",
            "KTX2 (Basis Universal) textures",
        ),
    ],
)
def test_a_feature_that_this_blender_lacks_is_named(extensions: tuple[str, ...], words: str, features: str) -> None:
    told = refusal(extensions, words)
    assert str(told) == (
        f"The file needs {features}, which the glTF importer of Blender {bpy.app.version_string} cannot read here."
    )
    assert "plain GLB" in told.hint
