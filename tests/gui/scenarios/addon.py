"""What the scenarios of the add-on share."""

from __future__ import annotations

import sys
from typing import Any

import bpy
from inside import Events, Steps, center, frames, idle_until, override, region
from mathutils import Vector

PACKAGE = "bl_ext.user_default.csm_blender"


def module(name: str) -> Any:
    """A module of the installed add-on."""
    return sys.modules[f"{PACKAGE}.{name}"]


def file_state() -> Any:
    """What the add-on knows in this session."""
    return module("scene.jobs.state").file_state()


def jobs_are_updated() -> bool:
    """Whether the timer is going to update the jobs."""
    return bool(module("scene.blender.main_timer").main_timer().waits(module("scene.jobs.job_updates").step))


def jobs() -> Any:
    """The jobs of the scene that is shown."""
    return bpy.context.scene.csm.jobs


def statuses() -> list[str]:
    """Their states."""
    return [job.status for job in jobs()]


def wait_for(status: str, index: int = 0, timeout: float = 60.0) -> Steps[Any]:
    """Wait until a job is in a state, and return its record."""

    def reached() -> bool:
        found = jobs()
        return len(found) > index and found[index].status == status

    def told() -> str:
        return str([(job.status, job.message, job.error) for job in jobs()])

    try:
        yield from idle_until(reached, timeout, f"a job that is {status}")
    except TimeoutError as error:
        raise TimeoutError(
            f"{error}; there are {told()}, waiting {file_state().wait_reasons}, {file_state().trouble}"
        ) from None
    return jobs()[index]


def begin(session: str, target: str = "Cube", scene: bpy.types.Scene | None = None) -> Steps[str]:
    """Begin a job as the button does, and return its id."""
    before = {job.job_id for job in jobs()}
    with override():
        answer = bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target=target)
    assert answer == {"RUNNING_MODAL"}, answer
    new = [job.job_id for job in jobs() if job.job_id not in before]
    yield from frames(2)
    return new[0]


def corners(obj: bpy.types.Object) -> list[tuple[float, float, float]]:
    """The corners of an object's box in the world, sorted, rounded to float precision."""
    found = [obj.matrix_world @ Vector(corner) for corner in obj.bound_box]
    return sorted((round(v.x, 4), round(v.y, 4), round(v.z, 4)) for v in found)


def over_view(events: Events) -> Steps[None]:
    """The mouse goes over the 3D view, where keys belong to it."""
    view = region("WINDOW")
    x, y = center(view)
    yield from events.move(x - 150, y)


def move_x(events: Events, distance: str) -> Steps[None]:
    """Grab what is selected and move it along X by typing."""
    yield from events.press("G")
    yield from events.press("X")
    yield from events.type_text(distance)
    yield from events.press("RET")
    yield from frames(2)
