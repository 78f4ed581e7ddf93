# SPDX-License-Identifier: GPL-3.0-or-later
"""What a material says for each channel: base color, metallic, roughness, emission, alpha, normal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import bpy

from ...core.messages import Message
from .expressions import Attribute, Constant, Expression, Operation, Procedural, leaves
from .node_reader import NotPlain, Reader, source_of

_RGB = 3
_BLACK, _WHITE = Constant((0.0,) * _RGB), Constant((1.0,) * _RGB)
_ZERO, _ONE = Constant((0.0,)), Constant((1.0,))
_GRAY = Constant((0.8,) * _RGB)
_HALF = Constant((0.5,))
_CUTOFF = 0.5
_ALWAYS_NODES = (5, 0, 0)
"""The Blender from which on ``use_nodes`` says nothing, and warns."""


class AlphaMode(StrEnum):
    """What alpha does: nothing, cut away what is below a limit, or let shine through."""

    OPAQUE = "OPAQUE"
    MASK = "MASK"
    BLEND = "BLEND"


@dataclass(frozen=True)
class NormalMap:
    """A tangent-space normal map: *color* as stored, from 0 to 1, its *strength*, and the UV map of its tangents."""

    color: Expression
    strength: Expression
    uv_map: str


@dataclass(frozen=True)
class Channels:
    """The channels of one material. Colors are linear; *emission* has its strength in it, and may exceed 1.

    *alpha* is that before it is cut at *cutoff*, where *alpha_mode* is MASK.
    """

    base_color: Expression = _GRAY
    metallic: Expression = _ZERO
    roughness: Expression = _HALF
    emission: Expression = _BLACK
    alpha: Expression = _ONE
    alpha_mode: AlphaMode = AlphaMode.OPAQUE
    cutoff: float = _CUTOFF
    normal: NormalMap | Procedural | None = None
    is_culled: bool = False

    def procedural(self) -> list[Procedural]:
        """What of it only a renderer can tell."""
        parts = [self.base_color, self.metallic, self.roughness, self.emission, self.alpha]
        if isinstance(self.normal, NormalMap):
            parts += [self.normal.color, self.normal.strength]
        elif self.normal is not None:
            parts.append(self.normal)
        return [leaf for part in parts for leaf in leaves(part) if isinstance(leaf, Procedural)]


def read_channels(material: bpy.types.Material | None, *, has_colors: bool) -> tuple[Channels, list[Message]]:
    """The channels of *material*, and notes about what of it is broken.

    Without a material the mesh's active color attribute is the base color, if it *has_colors*.
    """
    if material is None:
        return Channels(base_color=Attribute("") if has_colors else _GRAY), []
    tree: Any = material.node_tree
    if tree is None or (bpy.app.version < _ALWAYS_NODES and not material.use_nodes):
        color: Any = material.diffuse_color
        plain = Channels(
            base_color=Constant(tuple(color)[:_RGB]),
            metallic=Constant((float(material.metallic),)),
            roughness=Constant((float(material.roughness),)),
        )
        return replace(plain, is_culled=bool(material.use_backface_culling)), []
    reader = _MaterialReader(material)
    output: Any = tree.get_output_node("CYCLES") or tree.get_output_node("ALL") or tree.get_output_node("EEVEE")
    shader = source_of(output.inputs["Surface"]) if output else None
    channels = reader.shader(shader.node) if shader else Channels(base_color=_BLACK)
    return replace(channels, is_culled=bool(material.use_backface_culling)), reader.notes


class _MaterialReader(Reader):
    """Reads shaders of one material."""

    def __init__(self, material: bpy.types.Material) -> None:
        super().__init__()
        self._material = material

    def shader(self, node: Any) -> Channels:
        """The channels of a shader node; of one that is not known, those of what its color input gets."""
        read = {
            "BSDF_PRINCIPLED": self._principled,
            "EMISSION": self._emission,
            "BACKGROUND": self._emission,
            "BSDF_TRANSPARENT": lambda _node: Channels(_WHITE, alpha=_ZERO, alpha_mode=AlphaMode.BLEND),
            "MIX_SHADER": self._mix_shader,
            "ADD_SHADER": self._add_shader,
        }.get(node.type, self._other)
        return read(node)

    def _input(self, node: Any, name: str, width: int = 1) -> Expression:
        socket = node.inputs[name]
        try:
            return self.read(socket)
        except NotPlain:
            return Procedural(self._material, node.name, socket.identifier, width)

    def _principled(self, node: Any) -> Channels:
        emission = self._scaled(self._input(node, "Emission Color", _RGB), self._input(node, "Emission Strength"))
        channels = Channels(
            base_color=self._input(node, "Base Color", _RGB),
            metallic=self._input(node, "Metallic"),
            roughness=self._input(node, "Roughness"),
            emission=emission,
            normal=self._normal(node),
        )
        return self._with_alpha(channels, self._input(node, "Alpha"))

    def _emission(self, node: Any) -> Channels:
        emission = self._scaled(self._input(node, "Color", _RGB), self._input(node, "Strength"))
        return Channels(base_color=_BLACK, roughness=_ONE, emission=emission)

    def _other(self, node: Any) -> Channels:
        """A diffuse, glossy or other shader."""
        channels = Channels(metallic=_ONE if node.type in {"BSDF_GLOSSY", "BSDF_METALLIC"} else _ZERO)
        names = {socket.name for socket in node.inputs}
        if "Color" not in names:
            words = "The material {name} is made of nodes that cannot be baked; it became gray."
            self.notes.append(Message(words, name=self._material.name))
        else:
            channels = replace(channels, base_color=self._input(node, "Color", _RGB))
        if node.type == "BSDF_DIFFUSE":
            channels = replace(channels, roughness=_ONE)  # its own roughness is something else
        elif "Roughness" in names:
            channels = replace(channels, roughness=self._input(node, "Roughness"))
        if "Normal" in names:
            channels = replace(channels, normal=self._normal(node))
        return channels

    def _mix_shader(self, node: Any) -> Channels:
        sources = [source_of(socket) for socket in list(node.inputs)[1:3]]
        factor_source = source_of(node.inputs[0])
        if factor_source is not None and factor_source.node.type == "LIGHT_PATH":  # shadeless, by glTF's importer
            return self._shadeless(sources)
        parts = [self.shader(source.node) if source else Channels(_BLACK) for source in sources]
        factor = self._input(node, node.inputs[0].name)
        for number, source in enumerate(sources):
            if source is not None and source.node.type == "BSDF_TRANSPARENT":
                share = factor if number == 0 else Operation("subtract", (_ONE, factor))
                return self._with_alpha(parts[1 - number], share)
        first, second = parts

        def mixed(of_first: Expression, of_second: Expression) -> Expression:
            return of_first if of_first == of_second else Operation("mix", (factor, of_first, of_second))

        return replace(
            first,
            base_color=mixed(first.base_color, second.base_color),
            metallic=mixed(first.metallic, second.metallic),
            roughness=mixed(first.roughness, second.roughness),
            emission=mixed(first.emission, second.emission),
            alpha=mixed(first.alpha, second.alpha),
            alpha_mode=first.alpha_mode if first.alpha_mode == second.alpha_mode else AlphaMode.BLEND,
            normal=first.normal or second.normal,
        )

    def _shadeless(self, sources: list[Any]) -> Channels:
        lit = next((source for source in sources if source and source.node.type == "EMISSION"), None)
        if lit is None:
            return Channels()
        note = Message("The material {name} is shadeless; its color became the base color.", name=self._material.name)
        self.notes.append(note)
        return Channels(base_color=self._input(lit.node, "Color", _RGB), roughness=_ONE)

    def _add_shader(self, node: Any) -> Channels:
        sources = [source_of(socket) for socket in node.inputs]
        parts = [self.shader(source.node) for source in sources if source]
        if not parts:
            return Channels(_BLACK)
        lights = [source.node.type == "EMISSION" for source in sources if source]
        base = next((part for part, is_light in zip(parts, lights, strict=True) if not is_light), parts[0])
        total = parts[0].emission
        for part in parts[1:]:
            total = Operation("add", (total, part.emission))
        return replace(base, emission=total)

    @staticmethod
    def _scaled(color: Expression, strength: Expression) -> Expression:
        if strength == _ONE:
            return color
        return _BLACK if strength == _ZERO or color == _BLACK else Operation("multiply", (color, strength))

    def _with_alpha(self, channels: Channels, alpha: Expression) -> Channels:
        """*channels* with *alpha*, which may be cut at a limit, as importers write it."""
        if alpha == _ONE:
            return channels
        raw, cutoff = _before_cut(alpha)
        if raw is not None:
            return replace(channels, alpha=raw, alpha_mode=AlphaMode.MASK, cutoff=cutoff)
        legacy: Any = self._material
        if getattr(legacy, "blend_method", "") == "CLIP":
            return replace(channels, alpha=alpha, alpha_mode=AlphaMode.MASK, cutoff=float(legacy.alpha_threshold))
        return replace(channels, alpha=alpha, alpha_mode=AlphaMode.BLEND)

    def _normal(self, node: Any) -> NormalMap | Procedural | None:
        socket = node.inputs["Normal"]
        source = source_of(socket)
        if source is None:
            return None
        procedural = Procedural(self._material, node.name, socket.identifier, _RGB)
        if source.node.type != "NORMAL_MAP" or source.node.space != "TANGENT" or source.node.mute:
            return procedural
        color = source.node.inputs["Color"]
        picture = source_of(color)
        if picture is None:
            return None
        if picture.node.type == "TEX_IMAGE" and not (picture.node.image and all(picture.node.image.size)):
            self._input(source.node, "Color")  # for its note
            return None
        try:
            return NormalMap(self.read(color), self.read(source.node.inputs["Strength"]), source.node.uv_map)
        except NotPlain:
            return procedural


def _before_cut(alpha: Expression) -> tuple[Expression | None, float]:
    """The alpha that was cut at a limit, and the limit; ``None`` if it was not."""
    match alpha:
        case Operation("round", (raw,)):
            return raw, _CUTOFF
        case Operation("greater", (raw, Constant((limit,)))):
            return raw, limit
        case Operation("subtract", (Constant((1.0,)), Operation("less", (raw, Constant((limit,)))))):
            return raw, limit
    return None, _CUTOFF
