# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what is linked to a socket of a material's node tree, as an expression.

Understood are the nodes that Blender's importers make (glTF, OBJ, FBX, USD, PLY, 4.2 to 5.2) and some arithmetic.
"""

from __future__ import annotations

from typing import Any

from ...core.messages import Message
from .expressions import UV, Attribute, Constant, Expression, Image, Operation

_MATH = {
    "ADD": "add",
    "SUBTRACT": "subtract",
    "MULTIPLY": "multiply",
    "DIVIDE": "divide",
    "POWER": "power",
    "MINIMUM": "minimum",
    "MAXIMUM": "maximum",
    "LESS_THAN": "less",
    "GREATER_THAN": "greater",
    "ROUND": "round",
    "MULTIPLY_ADD": "multiply_add",
    "WRAP": "wrap",
    "PINGPONG": "pingpong",
    "SQRT": "sqrt",
    "ABSOLUTE": "absolute",
}
_BLENDS = {
    "MIX": "mix",
    "MULTIPLY": "mix_multiply",
    "ADD": "mix_add",
    "SUBTRACT": "mix_subtract",
    "SCREEN": "mix_screen",
    "DARKEN": "mix_darken",
    "LIGHTEN": "mix_lighten",
    "DIVIDE": "mix_divide",
}
_UNARY = {"SQRT", "ABSOLUTE", "ROUND"}
_TERNARY = {"MULTIPLY_ADD", "WRAP"}
_COLOR = 3


class NotPlain(Exception):
    """The socket depends on something that only a renderer can tell."""


class Reader:
    """Reads sockets, and notes what of it is broken."""

    def __init__(self) -> None:
        self.notes: list[Message] = []

    def read(self, socket: Any) -> Expression:
        """What the input *socket* gets. Raises :class:`NotPlain`."""
        source = source_of(socket)
        if source is None:
            return Constant(_numbers(socket.default_value))
        made = self._node(source.node, source)
        return _converted(made, source.type, socket.type)

    def _node(self, node: Any, output: Any) -> Expression:
        read = getattr(self, f"_{node.type.lower()}", None)
        if read is None or node.mute:
            raise NotPlain
        expression: Expression = read(node, output)
        return expression

    def _rgb(self, _node: Any, output: Any) -> Expression:
        return Constant(_numbers(output.default_value))

    _value = _rgb

    def _tex_image(self, node: Any, output: Any) -> Expression:
        image = node.image
        is_alpha = output.identifier == "Alpha"
        if image is not None and (image.source not in {"FILE", "GENERATED"} or node.projection != "FLAT"):
            raise NotPlain
        if image is None or not all(image.size):
            note = Message("The texture {name} cannot be read; its factors are used.", name=image.name if image else "")
            if image is not None and note not in self.notes:
                self.notes.append(note)
            return Constant((1.0,) if is_alpha else (1.0,) * _COLOR)
        vector = node.inputs["Vector"]
        place = self.read(vector) if vector.is_linked else UV()
        place = Operation("mapping", (place, *self._plain_mapping(node.texture_mapping)))
        return Image(image, place, node.extension, node.interpolation, is_alpha)

    @staticmethod
    def _plain_mapping(mapping: Any) -> tuple[Expression, ...]:
        if mapping.vector_type != "POINT" or mapping.use_min or mapping.use_max:
            raise NotPlain
        parts = (mapping.translation, mapping.rotation, mapping.scale)
        return tuple(Constant(tuple(map(float, part))) for part in parts)

    def _mapping(self, node: Any, _output: Any) -> Expression:
        if node.vector_type not in {"POINT", "TEXTURE"}:
            raise NotPlain
        kind = "mapping" if node.vector_type == "POINT" else "texture_mapping"
        return Operation(kind, tuple(self.read(node.inputs[n]) for n in ("Vector", "Location", "Rotation", "Scale")))

    def _uvmap(self, node: Any, _output: Any) -> Expression:
        return UV(node.uv_map)

    def _tex_coord(self, _node: Any, output: Any) -> Expression:
        if output.identifier != "UV":
            raise NotPlain
        return UV()

    def _vertex_color(self, node: Any, output: Any) -> Expression:
        return Attribute(node.layer_name, output.identifier == "Alpha")

    def _attribute(self, node: Any, output: Any) -> Expression:
        if node.attribute_type != "GEOMETRY" or not node.attribute_name or output.identifier == "Fac":
            raise NotPlain
        return Attribute(node.attribute_name, output.identifier == "Alpha")

    def _mix(self, node: Any, _output: Any) -> Expression:
        if node.data_type not in {"RGBA", "FLOAT"} or getattr(node, "factor_mode", "UNIFORM") != "UNIFORM":
            raise NotPlain
        blend = _BLENDS.get(node.blend_type) if node.data_type == "RGBA" else "mix"
        suffix = {"RGBA": "Color", "FLOAT": "Float"}[node.data_type]
        by_name = {socket.identifier: socket for socket in node.inputs}
        return self._blended(
            blend,
            (by_name["Factor_Float"], by_name[f"A_{suffix}"], by_name[f"B_{suffix}"]),
            is_factor_clamped=node.clamp_factor,
            is_clamped=node.data_type == "RGBA" and node.clamp_result,
        )

    def _mix_rgb(self, node: Any, _output: Any) -> Expression:
        blend = _BLENDS.get(node.blend_type)
        return self._blended(blend, tuple(node.inputs), is_factor_clamped=True, is_clamped=node.use_clamp)

    def _blended(
        self, kind: str | None, sockets: tuple[Any, ...], *, is_factor_clamped: bool, is_clamped: bool
    ) -> Expression:
        if kind is None:
            raise NotPlain
        factor, a, b = (self.read(socket) for socket in sockets)
        if is_factor_clamped:
            factor = Operation("clamp", (factor,))
        result = Operation(kind, (factor, a, b))
        return Operation("clamp", (result,)) if is_clamped else result

    def _math(self, node: Any, _output: Any) -> Expression:
        kind = _MATH.get(node.operation)
        if kind is None:
            raise NotPlain
        count = 1 if node.operation in _UNARY else 3 if node.operation in _TERNARY else 2
        result = Operation(kind, tuple(self.read(socket) for socket in list(node.inputs)[:count]))
        return Operation("clamp", (result,)) if node.use_clamp else result

    def _sepxyz(self, node: Any, output: Any) -> Expression:
        return Operation(str("XYZ".index(output.identifier)), (self.read(node.inputs[0]),))

    def _seprgb(self, node: Any, output: Any) -> Expression:
        return Operation(str("RGB".index(output.identifier)), (self.read(node.inputs[0]),))

    def _separate_color(self, node: Any, output: Any) -> Expression:
        if node.mode != "RGB":
            raise NotPlain
        return Operation(str(("Red", "Green", "Blue").index(output.identifier)), (self.read(node.inputs[0]),))

    def _combxyz(self, node: Any, _output: Any) -> Expression:
        return Operation("combine", tuple(self.read(socket) for socket in list(node.inputs)[:3]))

    _combrgb = _combxyz

    def _combine_color(self, node: Any, output: Any) -> Expression:
        if node.mode != "RGB":
            raise NotPlain
        return self._combxyz(node, output)

    def _invert(self, node: Any, _output: Any) -> Expression:
        factor, color = (self.read(socket) for socket in list(node.inputs)[:2])
        return Operation("mix", (factor, color, Operation("subtract", (Constant((1.0,) * _COLOR), color))))

    def _gamma(self, node: Any, _output: Any) -> Expression:
        return Operation("power", tuple(self.read(socket) for socket in list(node.inputs)[:2]))


def source_of(socket: Any) -> Any:
    """The output that the input *socket* is linked to, through reroutes; ``None`` without one."""
    while socket.is_linked:
        link = socket.links[0]
        if link.is_muted or not link.is_valid:
            return None
        output = link.from_socket
        if output.node.type != "REROUTE":
            return output
        socket = output.node.inputs[0]
    return None


def _numbers(value: Any) -> tuple[float, ...]:
    """The default of a socket: a color without its alpha."""
    return tuple(float(each) for each in value)[:_COLOR] if hasattr(value, "__len__") else (float(value),)


def _converted(made: Expression, source: str, target: str) -> Expression:
    """*made* as Blender converts it from a socket of the type *source* to one of the type *target*."""
    if target != "VALUE" or source == "VALUE":
        return made
    return Operation("luminance" if source == "RGBA" else "average", (made,))
