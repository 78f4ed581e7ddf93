"""The panel in five languages, switched while Blender runs."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
from inside import Events, Steps, center, frames, override, region, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, module, wait_for

LANGUAGES = ("de_DE", "es", "fr_FR", "ja_JP", "zh_HANS", "en_US")


class Heard:
    """A layout that remembers what it was told to show, the way Blender shows it."""

    def __init__(self, layout: Any, shown: list[str]) -> None:
        self.__dict__.update(_layout=layout, _shown=shown)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._layout, name, value)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._layout, name)
        return self._listening(name, real) if callable(real) else real

    def _listening(self, name: str, real: Any) -> Any:
        def told(*arguments: Any, **more: Any) -> Any:
            if text := more.get("text"):
                context = "Operator" if name == "operator" else "*"
                look_up = bpy.app.translations.pgettext_iface
                self._shown.append(text if more.get("translate") is False else look_up(text, context))
            if name == "panel":
                more["default_closed"] = False  # all of it is to be seen
            answer = real(*arguments, **more)
            if isinstance(answer, tuple):
                return tuple(each and Heard(each, self._shown) for each in answer)
            return Heard(answer, self._shown) if isinstance(answer, bpy.types.UILayout) else answer

        return told


class Ear:
    """What the panel shows, and how long it takes to draw while nobody listens, in ms."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.times: list[float] = []
        self.is_timing = False
        panel = module("ui.panel").CSM_PT_refine
        real = panel.draw

        def draw(drawn: Any, context: Any) -> None:
            if not self.is_timing:
                real(SimpleNamespace(layout=Heard(drawn.layout, self.shown)), context)
                return
            began = time.thread_time()
            real(drawn, context)
            self.times.append((time.thread_time() - began) * 1000.0)

        panel.draw = draw

    def listen(self, *, timing: bool) -> Steps[None]:
        self.shown.clear()
        self.times.clear()
        self.is_timing = timing
        for _ in range(5 if timing else 2):
            region("UI").tag_redraw()
            yield
        self.is_timing = False


def in_each(unknown: str, known: str) -> Steps[dict[str, Any]]:
    """What is shown in each language of a job that failed and of one that was placed."""
    ear = Ear()
    events = Events()
    yield from events.open_sidebar("CSM")
    bpy.context.scene.csm.session_code = known
    bpy.context.scene.csm.original = "KEEP"
    yield from begin(known, "Cube")
    yield from wait_for("PLACED")
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    yield from begin(unknown, "Cube")
    yield from wait_for("FAILED", index=1)
    bpy.data.objects["Cube"].csm.use_custom_box = True  # it, a custom pivot and a library have rows of their own
    bpy.context.scene.csm.pivot, bpy.context.scene.csm.as_asset = "CUSTOM", "LIBRARY"
    seen: dict[str, Any] = {}
    for language in LANGUAGES:
        bpy.context.preferences.view.language = language
        for index, name in ((0, "placed"), (1, "failed")):
            bpy.context.scene.csm.active_job_index = index
            yield from frames(3)
            yield from ear.listen(timing=True)
            ms = statistics.median(ear.times)
            yield from ear.listen(timing=False)
            seen[f"{language} {name}"] = {"shown": list(dict.fromkeys(ear.shown)), "ms": ms}
            yield from screenshot(f"language-{language[:2]}-{name}")
            if name == "placed" and language in {"de_DE", "ja_JP"}:
                yield from scroll(events, "WHEELDOWNMOUSE")
                yield from screenshot(f"language-{language[:2]}-card")
                yield from scroll(events, "WHEELUPMOUSE")
        seen[f"{language} names"] = names()
        seen[f"{language} refused"] = refusal()
    return seen


def scroll(events: Events, wheel: str) -> Steps[None]:
    """The sidebar to its end, or back."""
    yield from events.move(*center(region("UI")))
    for _ in range(8):
        yield from events.press(wheel)
    yield 0.3


def names() -> list[str]:
    """What Blender itself looks up: an operator's label, a property, an item, a tooltip."""
    look_up = bpy.app.translations.pgettext_iface
    fit = bpy.types.Scene.bl_rna.properties["csm"].fixed_type.properties["fit"]
    refine = bpy.ops.csm.refine.get_rna_type()
    return [
        look_up(refine.name, refine.translation_context),
        look_up(fit.name, fit.translation_context),
        look_up(fit.enum_items["INSIDE"].name, fit.translation_context),
        bpy.app.translations.pgettext_tip(refine.description),
    ]


def refusal() -> str:
    """What an operator says that cannot do what it is asked for."""
    try:
        with override():
            bpy.ops.csm.refine("EXEC_DEFAULT", session_code="nonsense")
    except RuntimeError as error:
        return str(error)
    return ""
