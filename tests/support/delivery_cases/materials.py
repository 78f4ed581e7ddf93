# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials and pictures."""

from __future__ import annotations

from typing import Any

from fit_glbs import Glb

from .delivery import Delivery
from .making import WEBP, Change, changed, data_uri, in_view, material, part, png, put, textured, uvs

_PNG = data_uri(png(), "image/png")
_LOST = "is not in the file; the mesh is without it."


def _stored(data: bytes, kind: str = "image/png", **texture: Any) -> Change:
    """A base color from a picture in the binary data."""

    def change(glb: Glb) -> None:
        textured({"bufferView": in_view(glb, data), "mimeType": kind}, **texture)(glb)

    return change


def _base(**values: Any) -> dict[str, Any]:
    return {"pbrMetallicRoughness": values}


def _extension(name: str, **values: Any) -> Change:
    return material(extensions={name: values})


def _used(*names: str, required: bool = False) -> Change:
    return put(extensionsUsed=list(names), **({"extensionsRequired": list(names)} if required else {}))


def _ktx(required: bool) -> Change:
    def change(glb: Glb) -> None:
        uvs()(glb)
        ktx = {"KHR_texture_basisu": {"source": 1}}
        images = [{"uri": _PNG}, {"bufferView": in_view(glb, b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(80))}]
        images[1]["mimeType"] = "image/ktx2"
        texture = {"extensions": ktx} if required else {"source": 0, "extensions": ktx}
        glb.document.update(images=images, textures=[texture])
        material(**_base(baseColorTexture={"index": 0}))(glb)
        _used("KHR_texture_basisu", required=required)(glb)

    return change


def _webp(glb: Glb) -> None:
    uvs()(glb)
    glb.document.update(
        images=[{"bufferView": in_view(glb, WEBP), "mimeType": "image/webp"}],
        textures=[{"extensions": {"EXT_texture_webp": {"source": 0}}}],
    )
    material(**_base(baseColorTexture={"index": 0}))(glb)
    _used("EXT_texture_webp", required=True)(glb)


def _two_materials(glb: Glb) -> None:
    material(**_base(baseColorFactor=[1.0, 0.0, 0.0, 1.0]))(glb)
    material(**_base(baseColorFactor=[0.0, 0.0, 1.0, 0.0]), alphaMode="BLEND")(glb)
    part(glb)["material"] = 0


_NOT_HELD = "A material or texture that the file names and does not hold was left out."
_CLEAR = _base(baseColorFactor=[1.0, 1.0, 1.0, 0.0])
DELIVERIES = (
    Delivery(
        "a picture beside the file",
        changed(textured({"uri": "textures/wood.png"})),
        says=f"wood.png {_LOST}",
        finds={"missing_textures": 1},
    ),
    Delivery(
        "a picture on the web",
        changed(textured({"uri": "https://cdn.example/a.png?sig=1"})),
        says=_LOST,
        finds={"missing_textures": 1},
    ),
    Delivery(
        "a picture above the folder",
        changed(textured({"uri": "../../../a.png"})),
        says=f"a.png {_LOST}",
        finds={"missing_textures": 1},
    ),
    Delivery("a picture in the file", changed(_stored(png())), finds={"textures": [["Image_0", 1, 1]]}),
    Delivery("a picture as a data URI", changed(textured({"uri": _PNG})), finds={"textures": [["Image_0", 1, 1]]}),
    Delivery("a picture with the wrong media type", changed(_stored(png(), "image/jpeg"))),
    Delivery(
        "a picture that is damaged",
        changed(_stored(png()[:40])),
        says="cannot be read by this Blender",
        finds={"missing_textures": 1},
    ),
    Delivery(
        "a picture of 0 bytes",
        changed(_stored(b"")),
        says="cannot be read by this Blender",
        finds={"missing_textures": 1},
    ),
    Delivery("a WebP picture, `EXT_texture_webp`", changed(_webp), finds={"textures": [["Image_0", 1, 1]]}),
    Delivery("KTX2 pictures that are required", changed(_ktx(required=True)), refused="KTX2"),
    Delivery("KTX2 pictures beside plain ones", changed(_ktx(required=False))),
    Delivery("AVIF pictures that are required", changed(_used("EXT_texture_avif", required=True)), refused="AVIF"),
    Delivery("a texture without a picture", changed(textured({"uri": _PNG}), put(textures=[{}]))),
    Delivery(
        "a texture that is not there", changed(uvs(), material(**_base(baseColorTexture={"index": 4}))), says=_NOT_HELD
    ),
    Delivery("a material that is not there", changed(lambda glb: part(glb).update(material=4)), says=_NOT_HELD),
    Delivery(
        "a fully transparent material, BLEND",
        changed(material(**_CLEAR, alphaMode="BLEND")),
        finds={"transparent_materials": 1},
    ),
    Delivery("alpha 0 in an opaque material", changed(material(**_CLEAR))),
    Delivery("alpha 0 with a MASK", changed(material(**_CLEAR, alphaMode="MASK")), finds={"transparent_materials": 1}),
    Delivery("a transparent material that no face has", changed(_two_materials)),
    Delivery("a MASK with a cutoff", changed(material(alphaMode="MASK", alphaCutoff=0.3))),
    Delivery(
        "`KHR_materials_unlit` (scans, Meshy previews)",
        changed(_extension("KHR_materials_unlit"), _used("KHR_materials_unlit")),
    ),
    Delivery(
        "`KHR_materials_pbrSpecularGlossiness`",
        changed(
            _extension("KHR_materials_pbrSpecularGlossiness", diffuseFactor=[1, 0, 0, 1], glossinessFactor=0.3),
            _used("KHR_materials_pbrSpecularGlossiness", required=True),
        ),
    ),
    Delivery(
        "`KHR_materials_transmission`, volume and ior",
        changed(
            material(
                extensions={
                    "KHR_materials_transmission": {"transmissionFactor": 1.0},
                    "KHR_materials_volume": {"thicknessFactor": 0.1},
                    "KHR_materials_ior": {"ior": 1.4},
                }
            ),
            _used("KHR_materials_transmission", "KHR_materials_volume", "KHR_materials_ior"),
        ),
    ),
    Delivery(
        "clearcoat, sheen, specular, anisotropy, iridescence",
        changed(
            material(
                extensions={
                    "KHR_materials_clearcoat": {"clearcoatFactor": 1.0},
                    "KHR_materials_sheen": {"sheenColorFactor": [1, 0, 0]},
                    "KHR_materials_specular": {"specularFactor": 0.5},
                    "KHR_materials_anisotropy": {"anisotropyStrength": 0.5},
                    "KHR_materials_iridescence": {"iridescenceFactor": 0.5},
                }
            )
        ),
    ),
    Delivery(
        "`KHR_materials_emissive_strength`",
        changed(
            material(
                emissiveFactor=[1, 1, 1], extensions={"KHR_materials_emissive_strength": {"emissiveStrength": 9.0}}
            )
        ),
    ),
    Delivery(
        "`KHR_texture_transform`",
        changed(
            uvs(),
            put(images=[{"uri": _PNG}], textures=[{"source": 0}]),
            material(
                **_base(baseColorTexture={"index": 0, "extensions": {"KHR_texture_transform": {"scale": [2.0, 2.0]}}})
            ),
        ),
    ),
    Delivery(
        "`KHR_materials_variants`",
        changed(
            material(name="red"),
            _used("KHR_materials_variants"),
            put(extensions={"KHR_materials_variants": {"variants": [{"name": "red"}]}}),
            lambda glb: part(glb).update(
                extensions={"KHR_materials_variants": {"mappings": [{"material": 0, "variants": [0]}]}}
            ),
        ),
    ),
    Delivery(
        "normal, occlusion and emission pictures",
        changed(
            uvs(),
            put(images=[{"uri": _PNG}], textures=[{"source": 0}]),
            material(normalTexture={"index": 0}, occlusionTexture={"index": 0}, emissiveTexture={"index": 0}),
        ),
    ),
    Delivery(
        "a texture with a UV map that is not there",
        changed(
            textured({"uri": _PNG}),
            lambda glb: glb.document["materials"][0]["pbrMetallicRoughness"].update(
                baseColorTexture={"index": 0, "texCoord": 3}
            ),
        ),
    ),
    Delivery("a sampler that is not there", changed(textured({"uri": _PNG}, sampler=2))),
    Delivery("faces seen from both sides", changed(material(doubleSided=True))),
)
