# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on's operators have in common: errors become reports, and a disabled button says why it is disabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import bpy

from ..core.api.session_code import parse_session_code
from ..core.errors import BadValue, CsmError, NoSuchObject, UsageError
from ..core.files.source_text import parse_source, read_engine
from ..core.messages import NOTHING, Message
from ..core.models import Choices
from ..core.sources import Source, SourceKind
from ..scene.addon.preferences import obstacle
from ..scene.addon.translation import reports, tooltips
from ..scene.blender.bpy_typing import Context
from ..scene.blender.runtime import is_stopped
from ..scene.blender.typed_properties import StringProperty, with_properties
from ..scene.jobs.object_source import check_object
from ..scene.jobs.planning import chosen_source
from ..scene.measure.measure import find_objects
from ..scene.properties import state_of
from . import planned_request

Returned = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]


class CsmOperator(bpy.types.Operator):
    """Base of the operators. A :class:`CsmError` in :meth:`start` or :meth:`run` is reported, and cancels."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        with_properties(cls)

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.scene is None or is_stopped():
            return False
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(tooltips.translate(reason))
        return not reason

    @classmethod
    def disabled_reason(cls, _context: Context) -> Message:
        """Why the button is disabled, as a sentence for its tooltip; empty if it is not."""
        return NOTHING

    def invoke(self, context: Context, event: bpy.types.Event) -> Returned:
        """Without windows nothing can be asked or shown."""
        return self.execute(context) if bpy.app.background else self._reported(self.start, context, event)

    def execute(self, context: Context) -> Returned:
        return self._reported(self.run, context)

    def start(self, context: Context, _event: bpy.types.Event) -> Returned | None:
        """What a click does, where that is not :meth:`run` at once. ``None`` means that it has finished."""
        return self.run(context)

    def run(self, context: Context) -> Returned | None:
        """Do all of it. ``None`` means that it has finished."""
        raise NotImplementedError

    def _reported(self, step: Callable[..., Returned | None], *arguments: Any) -> Returned:
        try:
            return step(*arguments) or {"FINISHED"}
        except CsmError as error:
            self.report({"ERROR"}, reports.translate(error.advice))
            return {"CANCELLED"}


class RequestOperator(CsmOperator):
    """Base of the operators about a source and a block-out: those of the panel, unless they are named."""

    source = StringProperty(
        name="Source",
        description="Code of a session, path of a mesh file, or object:NAME; what the panel shows if empty",
        options={"SKIP_SAVE"},
    )
    session_code = StringProperty(
        name="Session", description="Code of the session: the earlier name of the source", options={"SKIP_SAVE"}
    )
    engine = StringProperty(
        name="Engine", description="service, local or none; what the panel shows if empty", options={"SKIP_SAVE"}
    )
    target = StringProperty(
        name="Target",
        description="Name of the block-out, or several joined by +; the selected objects if empty",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        """Only buttons of the sidebar depend on the panel's fields."""
        if context.region is not None and context.region.type == "UI":
            return cls.missing_in_panel(context)
        return NOTHING

    @classmethod
    def missing_in_panel(cls, context: Context) -> Message:
        """What the panel still lacks, as a sentence; empty if nothing."""
        if state_of(context.scene).source == SourceKind.SESSION:
            if (error := obstacle()) is not None:
                return error.advice
            if not state_of(context.scene).session_code.strip():
                return Message("Enter the code of a CSM session first.")
        try:
            source = chosen_source(context.scene)
            if source.kind is SourceKind.OBJECT and context.active_object is not None:
                check_object(context.scene, source.name, planned_request.chosen_objects(context))
        except CsmError as bad:
            return bad.advice
        if context.active_object is None:
            return planned_request.SELECT_BLOCK_OUT
        if (seen := planned_request.preview(context)) is not None and seen.error is not None:
            return seen.error.advice
        return NOTHING

    def chosen_source(self, context: Context) -> Source:
        """Where the mesh comes from. Raises :class:`BadSource`, :class:`BadSessionCode`, or why it cannot be asked."""
        if self.source:
            source = parse_source(bpy.path.abspath(self.source))
        elif self.session_code:
            source = Source.of(parse_session_code(self.session_code))
        else:
            source = chosen_source(context.scene)
        if source.kind is SourceKind.SESSION and (error := obstacle()) is not None:
            raise error
        return source

    def choices(self, context: Context, source: Source) -> Choices:
        """What is chosen in the panel, with the engine that is named. Raises :class:`UsageError`."""
        if not self.engine:
            return planned_request.choices_of(context.scene, source.kind)
        try:
            engine = source.checked_engine(read_engine(self.engine))
        except ValueError:
            words = "{text} is no engine."
            raise BadValue(words, "It is service, local or none.", text=repr(self.engine)) from None
        return planned_request.choices_of(context.scene, source.kind, engine)

    def objects(self, context: Context) -> list[bpy.types.Object]:
        """The block-outs. Raises :class:`NoSuchObject` where there are none."""
        return find_objects(context.scene, self.target) if self.target else active_objects(context)


def active_objects(context: Context) -> list[bpy.types.Object]:
    """The active object and what is selected with it. Raises :class:`NoSuchObject` where there is none."""
    objects = planned_request.chosen_objects(context)
    if not objects:
        raise NoSuchObject("No object is active.", "Select the block-out.")
    return objects


def go_on_with(name: str, **properties: Any) -> None:
    """Call the operator ``csm.name`` as a click would. Raises :class:`UsageError` with what it reports as an error.

    Blender shows no report of an operator that Python calls, and makes a ``RuntimeError`` of an error.
    """
    ours: Any = bpy.ops.csm  # type: ignore[attr-defined]  # its stubs do not know our operators
    try:
        getattr(ours, name)("INVOKE_DEFAULT", **properties)
    except RuntimeError as error:
        text = str(error).partition(f"{name}.poll() ")[2] or str(error).removeprefix("Error: ")
        if text.startswith("Python: "):
            raise  # no report: it is broken
        raise UsageError("{text}", text=text.strip()) from error


def forbidden() -> Message:
    """Why nothing may be sent, as a sentence; empty if it may."""
    error = obstacle()
    return error.message if error is not None else NOTHING
