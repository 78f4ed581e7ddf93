"""What scenarios do inside Blender: wait, press, click, type, find buttons, take pictures.

Everything that needs the event loop is a generator, used as `yield from`. Nothing keeps a Window, Area or
Region over a `yield` of the scenario's own: loading a file frees them.
"""

from __future__ import annotations

import string
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import bpy

T = TypeVar("T")
#: What a scenario and its helpers are. They yield nothing for "the next frame", or seconds to pass.
Steps = Generator[Any, None, T]

screens = Path()  #: where pictures go; set by the driver

_STEP = 9  # pixels; a button is 20 high at UI scale 1, and an icon as wide
_EDGES = (0.92, 0.83, 0.08)  # of the width; where icons stand beside a list
_NAMED_KEYS = {" ": "SPACE", ".": "PERIOD", ",": "COMMA", "-": "MINUS", "/": "SLASH", "_": "MINUS", ":": "SEMI_COLON"}
_DIGIT_KEYS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")


def frames(count: int) -> Steps[None]:
    """Let Blender go round its event loop `count` times."""
    for _ in range(count):
        yield


def idle_until(condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> Steps[T]:
    """Go round the event loop until `condition()` is true, and return what it gave."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{timeout} s passed without {what or condition.__name__}")
        yield
    return answer


def window(index: int = 0) -> bpy.types.Window:
    """The window with this number, in order of opening."""
    return bpy.context.window_manager.windows[index]


def area(kind: str = "VIEW_3D", index: int = 0) -> bpy.types.Area:
    """The largest area of a kind in a window."""
    return max((a for a in window(index).screen.areas if a.type == kind), key=lambda a: a.width * a.height)


def region(kind: str = "UI", area_kind: str = "VIEW_3D", index: int = 0) -> bpy.types.Region:
    """A region of that area, such as UI (the sidebar), WINDOW, HEADER."""
    return next(r for r in area(area_kind, index).regions if r.type == kind)


def center(place: bpy.types.Area | bpy.types.Region) -> tuple[int, int]:
    """The middle, in window coordinates."""
    return place.x + place.width // 2, place.y + place.height // 2


@contextmanager
def override(area_kind: str = "VIEW_3D", region_kind: str = "WINDOW", index: int = 0) -> Iterator[None]:
    """The context of the mouse being there, for calling operators. Not to be held over a `yield`."""
    with bpy.context.temp_override(
        window=window(index), area=area(area_kind, index), region=region(region_kind, area_kind, index)
    ):
        yield


def take_picture(name: str) -> Path:
    """The screen as it is now, by ImageMagick: `bpy.ops.screen.screenshot` gives black under software GL."""
    path = screens / f"{name}.png"
    subprocess.run(["import", "-silent", "-window", "root", str(path)], check=True, timeout=30)
    return path


def screenshot(name: str) -> Steps[Path]:
    """Draw everything anew and take a picture of it."""
    for each in bpy.context.window_manager.windows:
        for part in each.screen.areas:
            part.tag_redraw()
    yield from frames(3)
    return take_picture(name)


def _places(there: bpy.types.Region, hits: list[int]) -> Iterator[tuple[int, int]]:
    """Where to look for a button, likeliest first.

    Along the middle of the region's longer side, then across at the `hits`, which the caller adds meanwhile
    (the rows of a sidebar that have buttons), then along the edges.
    """
    upright = there.height > there.width
    length, breadth = (there.height, there.width) if upright else (there.width, there.height)
    along = range(length - 4, 0, -_STEP) if upright else range(4, length, _STEP)
    looks = chain(
        ((at, breadth // 2) for at in along),
        ((at, across) for at in hits for across in range(breadth - 4, 0, -2 * _STEP)),
        ((at, round(breadth * edge)) for edge in _EDGES for at in along),
    )
    for at, across in looks:
        yield (there.x + across, there.y + at) if upright else (there.x + at, there.y + across)


class Events:
    """The mouse and the keyboard of one window. Every method takes a frame or more."""

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self.x, self.y = center(region("WINDOW", index=index))

    def _send(self, kind: str, value: str, **more: object) -> Steps[None]:
        window(self.index).event_simulate(type=kind, value=value, x=self.x, y=self.y, **more)
        yield

    def move(self, x: int, y: int) -> Steps[None]:
        """The mouse goes to a place in the window (0, 0 is below left)."""
        self.x, self.y = int(x), int(y)
        yield from self._send("MOUSEMOVE", "NOTHING")

    def click(self, x: int, y: int, button: str = "LEFTMOUSE") -> Steps[None]:
        """Move there, and press and release a mouse button."""
        yield from self.move(x, y)
        yield from self.press(button)
        yield

    def press(self, key: str, *, ctrl: bool = False, shift: bool = False, alt: bool = False) -> Steps[None]:
        """Press and release a key, named as in keymaps: "N", "RET", "ESC", "F12"."""
        for value in ("PRESS", "RELEASE"):
            yield from self._send(key, value, ctrl=ctrl, shift=shift, alt=alt)

    def type_text(self, text: str) -> Steps[None]:
        """Type into the field that is being edited."""
        for letter in text:
            key = _DIGIT_KEYS[int(letter)] if letter in string.digits else _NAMED_KEYS.get(letter, letter.upper())
            yield from self._send(key, "PRESS", unicode=letter)
            yield from self._send(key, "RELEASE")

    def drag(self, start: tuple[int, int], end: tuple[int, int], steps: int = 8) -> Steps[None]:
        """Move with the left button held."""
        yield from self.move(*start)
        yield from self._send("LEFTMOUSE", "PRESS")
        for i in range(1, steps + 1):
            x, y = (a + (b - a) * i // steps for a, b in zip(start, end, strict=True))
            yield from self.move(x, y)
        yield from self._send("LEFTMOUSE", "RELEASE")

    def open_sidebar(self, tab: str) -> Steps[None]:
        """Show the 3D view's sidebar with this tab, by the N key if it is closed."""
        space = area(index=self.index).spaces.active
        if not space.show_region_ui:
            yield from self.move(*center(region("WINDOW", index=self.index)))
            yield from self.press("N")
        yield from idle_until(lambda: region(index=self.index).width > 1, what="a sidebar")
        # The list of tabs exists once the region was drawn.
        yield from idle_until(lambda: self._has_tab(tab), what=f"a tab {tab!r}")
        yield from frames(12)  # the region slides in: a click before it stands still misses

    def _has_tab(self, tab: str) -> bool:
        try:
            region(index=self.index).active_panel_category = tab
        except (TypeError, AttributeError):
            return False
        return True

    def find_button(self, wanted: str, place: str = "UI", area_kind: str = "VIEW_3D") -> Steps[tuple[int, int]]:
        """Where the button is that runs the operator or shows the property `wanted`.

        An operator is written "csm.refine", or with the start of its arguments, 'csm.cancel(job_id="7'; a
        property as the end of its path, ".csm.session_code". Greyed-out buttons count.

        Python cannot ask for buttons, but "copy Python command" and "copy data path" tell of the one under
        the mouse: so the mouse goes over the region, as one would looking for it.
        """
        command = f"bpy.ops.{wanted}" + "(" * ("(" not in wanted)
        seen: dict[str, None] = {}
        while True:
            there = region(place, area_kind, self.index)
            hits: list[int] = []
            before = self.x, self.y
            for x, y in _places(there, hits):
                yield from self.move(x, y)
                name = self._name_under_mouse(place, area_kind)
                if name.startswith(command) or name.endswith(wanted):
                    # Coming from a button right beside, Blender may tell of that one for an event more.
                    yield from self.move(x, y)
                    if self._name_under_mouse(place, area_kind) != name:
                        for _ in range(2):
                            yield from self.move(*before)
                    return self.x, self.y
                before = x, y
                if name and name not in seen:
                    seen[name] = None
                    hits.append(y - there.y if there.height > there.width else x - there.x)
            if not (yield from self._scroll_on(place, area_kind)):
                raise LookupError(f"no button for {wanted} in {area_kind}/{place}; there are {list(seen)}")

    def _scroll_on(self, place: str, area_kind: str) -> Steps[bool]:
        """Scroll a region down by the mouse wheel; whether it did, as there was more of it."""
        before = region(place, area_kind, self.index).view2d.region_to_view(0, 0)
        yield from self.move(*center(region(place, area_kind, self.index)))
        for _ in range(8):
            yield from self.press("WHEELDOWNMOUSE")
        yield from frames(2)
        after = region(place, area_kind, self.index).view2d.region_to_view(0, 0)
        return bool(after != before)

    def click_button(self, wanted: str, place: str = "UI", area_kind: str = "VIEW_3D") -> Steps[None]:
        """Find a button and click it."""
        yield from self.click(*(yield from self.find_button(wanted, place, area_kind)))

    def fill_in(self, wanted: str, text: str, place: str = "UI", area_kind: str = "VIEW_3D") -> Steps[None]:
        """Replace the text of a property's field by typing."""
        yield from self.click_button(wanted, place, area_kind)
        yield from self.press("A", ctrl=True)
        yield from self.type_text(text)
        yield from self.press("RET")

    def _name_under_mouse(self, place: str, area_kind: str) -> str:
        manager = bpy.context.window_manager
        manager.clipboard = ""
        with override(area_kind, place, self.index):
            for ask, arguments in (
                (bpy.ops.ui.copy_python_command_button, {}),
                (bpy.ops.ui.copy_data_path_button, {"full_path": True}),
            ):
                if ask.poll():
                    ask(**arguments)
                    if found := str(manager.clipboard):
                        return found
        return ""
