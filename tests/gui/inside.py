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
from pathlib import Path
from typing import TypeVar

import bpy

T = TypeVar("T")
Steps = Generator[float | None, None, T]

screens = Path()  #: where pictures go; set by the driver

_STEP = 9  # pixels; a button is 20 high at UI scale 1, and an icon as wide
_LINES = (0.5, 0.92, 0.25, 0.75, 0.08)  # across a region; the middle finds all but icons and split rows
_PAGES = 4  # how often a longer panel is scrolled on
_NAMED_KEYS = {" ": "SPACE", ".": "PERIOD", ",": "COMMA", "-": "MINUS", "/": "SLASH", "_": "MINUS", ":": "SEMI_COLON"}
_DIGITS = dict(zip(string.digits, "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split(), strict=True))


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


def _grid(place: bpy.types.Region) -> Iterator[tuple[int, int]]:
    """Where to look for a button: along lines on the longer side, down a sidebar or to the right in a header."""
    for line in _LINES:
        if place.height > place.width:
            for y in range(place.y + place.height - 4, place.y, -_STEP):
                yield place.x + round(place.width * line), y
        else:
            for x in range(place.x + 4, place.x + place.width, _STEP):
                yield x, place.y + round(place.height * line)


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
            key = _DIGITS.get(letter) or _NAMED_KEYS.get(letter) or letter.upper()
            yield from self._send(key, "PRESS", unicode=letter)
            yield from self._send(key, "RELEASE")

    def drag(self, start: tuple[int, int], end: tuple[int, int], steps: int = 8) -> Steps[None]:
        """Move with the left button held."""
        yield from self.move(*start)
        yield from self._send("LEFTMOUSE", "PRESS")
        for i in range(1, steps + 1):
            part = i / steps
            yield from self.move(round(start[0] + (end[0] - start[0]) * part), round(start[1] + (end[1] - start[1]) * part))
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

        An operator is written "csm.refine", a property as the end of its path, ".csm.session_code". Python
        cannot ask for buttons, but "copy Python command" and "copy data path" tell of the one under the
        mouse: so the mouse goes over the region, as one would looking for it.
        """
        seen: list[str] = []
        for _ in range(_PAGES):
            there = region(place, area_kind, self.index)
            for x, y in list(_grid(there)):
                yield from self.move(x, y)
                name = self._name_under_mouse(place, area_kind)
                if name.startswith(f"bpy.ops.{wanted}(") or name.endswith(wanted):
                    return x, y
                if name and name not in seen:
                    seen.append(name)
            yield from self.move(*center(there))
            for _ in range(8):
                yield from self.press("WHEELDOWNMOUSE")
        raise LookupError(f"no button for {wanted} in {area_kind}/{place}; there are {seen}")

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
                    if manager.clipboard:
                        return manager.clipboard
        return ""
