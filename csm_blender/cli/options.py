# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that several subcommands take: which jobs, how they are done, how long to wait; and what they hold."""

from __future__ import annotations

import argparse

from ..core.remesh import RemeshMode, RemeshOptions


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """All that can be said about jobs: what ``refine`` and ``plan`` take."""
    what = parser.add_argument_group("what to refine")
    what.add_argument(
        "--blend", metavar="FILE", help="the scene, a .blend file (needed with python -m; Blender takes it itself)"
    )
    what.add_argument("--scene", metavar="NAME", help="scene of the file to work in (default: the one it was saved in)")
    job_help = (
        "refine SOURCE (a session, a mesh file, or object:NAME) into the box of OBJECT, or the common box of A+B+C in"
        " the axes of A; may be given many times"
    )
    what.add_argument("--job", action="append", default=[], metavar="SOURCE=OBJECT", help=job_help)
    what.add_argument(
        "--jobs",
        metavar="FILE",
        help="more of these: a .csv with columns source, object and perhaps engine, triangles, facing; a .json list of"
        " objects with these keys; or a .csmjobs, which is either",
    )
    what.add_argument(
        "--folder",
        metavar="DIR",
        help="each mesh file in DIR goes to the object of its name; what is left over is listed",
    )
    what.add_argument("--bbox", metavar="W,H,D", help="a box in meters instead of objects: width, height, depth")
    engine = parser.add_argument_group("what to do with the mesh")
    engine.add_argument(
        "--engine",
        choices=["service", "local", "none"],
        help="service: the service's refine (default for sessions); local: this computer (default for files and"
        " objects; of a session its free preview); none: the mesh as it is",
    )
    engine.add_argument(
        "--facing",
        choices=["as-delivered", "0", "90", "180", "270", "auto"],
        help="degrees to turn about the box's up axis, counterclockwise seen from above; auto (default with --engine"
        " local and none) finds them from the block-out's shape; as-delivered is the default with --engine service",
    )
    add_remesh_options(engine)
    how = parser.add_argument_group("how to place the result")
    how.add_argument(
        "--fit",
        choices=["exact", "inside", "none"],
        default="exact",
        help="exact: stretch to the box (default); inside: scale evenly, as large as fits into it; none: keep the size",
    )
    how.add_argument(
        "--pivot",
        default="origin",
        metavar="WHERE",
        help="the result's origin: origin (the object's; default), center, base, or X,Y,Z within ±0.5 in API order",
    )
    how.add_argument(
        "--original",
        choices=["hide", "keep", "replace"],
        default="hide",
        help="what becomes of the object: hide it (default), keep it beside, or replace its mesh",
    )
    how.add_argument(
        "--materials",
        choices=["refined", "own"],
        default="refined",
        help="the refined mesh's materials (default), or the object's own first one",
    )
    how.add_argument(
        "--copies",
        action=argparse.BooleanOptionalAction,
        help="give the result to all objects that share the object's mesh (default: with --original replace only)",
    )
    how.add_argument(
        "--asset",
        default="off",
        metavar="WHERE",
        help="make each result an asset with a picture: off (default), file (in the scene), or the folder of an asset"
        " library, which gets a file for each under CSM",
    )
    where = parser.add_argument_group("where to save")
    where.add_argument("--output", metavar="OUT.blend", help="save the scene with the results here")
    where.add_argument("--in-place", action="store_true", help="save over the input file")
    where.add_argument("--export", metavar="DIR", help="also write each fitted mesh as DIR/SESSION.glb or DIR/NAME.glb")
    run = parser.add_argument_group("how to run")
    run.add_argument("--dry-run", action="store_true", help="show what would be sent; send nothing")
    run.add_argument("--again", action="store_true", help="ask for a new refine even if the session is already refined")
    add_json_option(run, "the report as JSON")


def add_json_option(parser: argparse._ActionsContainer, what: str = "JSON") -> None:
    """``--json``: print *what* on stdout."""
    parser.add_argument("--json", action="store_true", help=f"print {what} on stdout, everything else on stderr")


def add_waiting_options(parser: argparse.ArgumentParser, *, of_plan: bool = False) -> None:
    """How many jobs at a time, and how long to wait for the service; ``None`` where the plan says."""
    many, long, pace = ["the plan's"] * 3 if of_plan else ["8", "3 h", "paced by progress"]
    parser.add_argument(
        "--concurrency",
        type=count,
        default=None if of_plan else 8,
        metavar="N",
        help=f"jobs under way at the same time (default: {many})",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=None if of_plan else 10800.0,
        metavar="SECONDS",
        help=f"longest wait for one refine of the service (default: {long})",
    )
    parser.add_argument(
        "--poll-interval", type=seconds, metavar="SECONDS", help=f"fixed time between checks (default: {pace})"
    )


def add_remesh_options(parser: argparse._ActionsContainer) -> None:
    """The options of the local engine. ``None`` where one is not given."""
    faces = parser.add_mutually_exclusive_group()
    faces.add_argument(
        "--triangles", type=count, metavar="N", help="at most so many triangles, 50 to 5000000 (default: 20000)"
    )
    faces.add_argument("--quads", type=count, metavar="N", help="about so many quads instead of triangles")
    parser.add_argument(
        "--texture",
        type=whole,
        metavar="PIXELS",
        help="side of the textures: 512, 1024, 2048 (default), 4096, 8192, or 0 for none",
    )
    parser.add_argument(
        "--remesh",
        choices=["auto", "always"],
        help="auto (default) leaves a mesh that is clean and within the budget as it is; always remeshes it",
    )


def remesh_options(options: argparse.Namespace) -> RemeshOptions:
    """What the options say about the local engine. Raises :class:`BadValue`."""
    return RemeshOptions(
        triangles=options.triangles or RemeshOptions.triangles,
        quads=options.quads or 0,
        texture_size=RemeshOptions.texture_size if options.texture is None else options.texture,
        mode=RemeshMode((options.remesh or RemeshMode.AUTO).upper()),
    ).checked()


def whole(text: str) -> int:
    """*text* as a number from 0 on, for argparse."""
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def count(text: str) -> int:
    """*text* as a number from 1 on, for argparse."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def seconds(text: str) -> float:
    """*text* as a span of time, for argparse."""
    value = float(text)
    if not 0.0 < value < 1e7:  # noqa: PLR2004 - about four months; also refuses nan
        raise ValueError(text)
    return value


whole.__name__ = "whole number"
count.__name__ = "positive whole number"  # argparse names the type in its message
seconds.__name__ = "positive number"
