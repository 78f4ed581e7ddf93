# SPDX-License-Identifier: GPL-3.0-or-later
"""The one object that holds all state of the add-on while it is enabled, in place of module globals.

Its parts are plain classes in the modules that use them. ``unregister()`` drops it; the next one is made when it is
first asked for, also for the command line and scripts, which run without ``register()``.
"""

from __future__ import annotations

import logging
from typing import Self, TypeVar

_log = logging.getLogger(__name__)


class Part:
    """Something the runtime holds one of. It is made without arguments, when it is first asked for."""

    @classmethod
    def current(cls) -> Self:
        """The one of the current runtime. Cheap: it is asked for at every redraw."""
        return runtime().part(cls)

    def stop(self) -> None:
        """Release what Blender or the system lent: handlers, child processes, files. Called once, at the end."""


AnyPart = TypeVar("AnyPart", bound=Part)


class Runtime:
    """The parts by their class."""

    def __init__(self) -> None:
        self._parts: dict[type[Part], Part] = {}

    def part(self, kind: type[AnyPart]) -> AnyPart:
        """The part of class *kind*."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts[kind] = kind()
        return found  # type: ignore[return-value]  # what is kept under a class is an instance of it

    def forget(self, kind: type[Part]) -> None:
        """Stop the part of class *kind*, if there is one. The next one asked for is new."""
        if kind in self._parts:
            self._parts.pop(kind).stop()

    def stop(self) -> None:
        """Stop and drop all parts, the last made first, even if one of them fails."""
        for made in reversed(list(self._parts.values())):
            try:
                made.stop()
            except Exception:  # noqa: BLE001 - the rest must be released all the same
                _log.exception("%s could not be stopped", type(made).__name__)
        self._parts.clear()


class _Holder:
    """Holds the current runtime: the only object of a module that changes."""

    runtime: Runtime | None = None


_holder = _Holder()


def runtime() -> Runtime:
    """The current runtime, made now if there is none."""
    if _holder.runtime is None:
        _holder.runtime = Runtime()
    return _holder.runtime


def part(kind: type[AnyPart]) -> AnyPart:
    """The current runtime's part of class *kind*."""
    return runtime().part(kind)


def is_stopped() -> bool:
    """Whether there is none: the add-on was unregistered, and nobody has asked for one since."""
    return _holder.runtime is None


def stop() -> None:
    """Stop the current runtime, if there is one, and drop it."""
    if _holder.runtime is not None:
        _holder.runtime.stop()
        _holder.runtime = None
