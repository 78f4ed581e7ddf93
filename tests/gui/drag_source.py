"""Drags files from another program: `python drag_source.py X Y PATH …` drops them at that place of the screen.

A window of its own is grabbed with the mouse (by the XTEST extension, as a hand would) and speaks the source's part of
the XDND protocol, version 5: https://www.freedesktop.org/wiki/Specifications/XDND/
Ends with 0 once the target has taken the file, 1 when it has refused, 2 when it never answered.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path
from typing import Any

from Xlib import X, Xatom, display
from Xlib.ext import xtest
from Xlib.protocol import event

VERSION = 5
PATIENCE_S = 10.0
STEPS = 8


class Drag:
    """One drag of one or more files."""

    def __init__(self, paths: list[Path]) -> None:
        self.display = display.Display()
        self.root = self.display.screen().root
        self.data = "".join(f"{path.as_uri()}\r\n" for path in paths).encode()
        self.window = self.root.create_window(0, 0, 24, 24, 0, X.CopyFromParent, event_mask=X.StructureNotifyMask)
        self.window.map()
        self.window.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)
        self.target: Any = None
        self.accepted = False

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def to(self, x: int, y: int) -> int:
        """Take the files to a place on the screen and let go there; the exit status."""
        self.move(12, 12)
        xtest.fake_input(self.display, X.ButtonPress, 1)
        for step in range(1, STEPS + 1):
            self.move(12 + (x - 12) * step // STEPS, 12 + (y - 12) * step // STEPS)
            self.hover(*self.pointer())
            if self.target is not None and not self.wait_for("XdndStatus"):
                return self.let_go(2)
        if not self.accepted:
            self.say("XdndLeave")
            return self.let_go(1)
        self.let_go(0)
        self.say("XdndDrop", 0, X.CurrentTime)
        return 0 if self.wait_for("XdndFinished") else 2

    def move(self, x: int, y: int) -> None:
        xtest.fake_input(self.display, X.MotionNotify, x=x, y=y)
        self.display.sync()
        time.sleep(0.02)

    def let_go(self, status: int) -> int:
        xtest.fake_input(self.display, X.ButtonRelease, 1)
        self.display.sync()
        return status

    def pointer(self) -> tuple[int, int]:
        at = self.root.query_pointer()
        return at.root_x, at.root_y

    def hover(self, x: int, y: int) -> None:
        """Tell the window under the mouse that something hovers over it."""
        below = self.aware(self.root.query_pointer().child)
        if below is not None and self.target is None:
            self.target = below
            self.say("XdndEnter", VERSION << 24, self.atom("text/uri-list"), self.atom("text/plain"), 0)
        if self.target is not None:
            self.say("XdndPosition", 0, x << 16 | y, X.CurrentTime, self.atom("XdndActionCopy"))

    def aware(self, window: Any) -> Any:
        """The window, or the one in it (a window manager adds frames), that takes drops."""
        if not window or window.id == self.window.id:
            return None
        if window.get_full_property(self.atom("XdndAware"), X.AnyPropertyType):
            return window
        inside = [self.aware(child) for child in window.query_tree().children]
        return next((found for found in inside if found is not None), None)

    def say(self, name: str, *values: int) -> None:
        data = (32, [self.window.id, *values, *[0] * (4 - len(values))])
        message = event.ClientMessage(window=self.target, client_type=self.atom(name), data=data)
        self.target.send_event(message)
        self.display.flush()

    def wait_for(self, name: str) -> bool:
        """Answer the target until it says `name`."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if not self.display.pending_events():
                select.select([self.display], [], [], 0.1)
                continue
            heard = self.display.next_event()
            if heard.type == X.SelectionRequest:
                self.hand_over(heard)
            elif heard.type == X.ClientMessage and heard.client_type == self.atom(name):
                if name == "XdndStatus":
                    self.accepted = bool(heard.data[1][1] & 1)
                return True
        return False

    def hand_over(self, request: Any) -> None:
        """The target asks for the file's name."""
        known = request.target in (self.atom("text/uri-list"), self.atom("text/plain"))
        where = request.property or request.target
        if request.target == self.atom("TARGETS"):
            request.requestor.change_property(where, Xatom.ATOM, 32, [self.atom("text/uri-list")])
        elif known:
            request.requestor.change_property(where, request.target, 8, self.data)
        else:
            where = X.NONE
        request.requestor.send_event(
            event.SelectionNotify(
                time=request.time,
                requestor=request.requestor,
                selection=request.selection,
                target=request.target,
                property=where,
            )
        )
        self.display.flush()


if __name__ == "__main__":
    sys.exit(Drag([Path(path) for path in sys.argv[3:]]).to(int(sys.argv[1]), int(sys.argv[2])))
