# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be typed: subcommands, options and their help."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ..core.errors import UsageError
from ..core.messages import Message
from ..core.remesh import RemeshMode, RemeshOptions
from ..core.version import VERSION

_EPILOG = """\
remesh, jobs, and refine of files and objects work on this computer and need no key and no network. For all others,
the API key is read from the environment variable CSM_API_KEY, or from the add-on's preferences; it is never an option.
CSM_BASE_URL names another service, CSM_HOME another folder for the jobs.

"""
_EXIT_STATUS = """\
exit status: 0 all placed or written; 1 a job or a mesh did not succeed; 2 wrong use, nothing sent, nothing written;
             3 no key or refused key; 4 network access is off; 130 interrupted (finish a refine with: resume)
"""
_REFINE_EXAMPLES = """\
examples:
  refine --job SESSION_P_44569824122=Chair --output refined.blend
  refine --jobs jobs.csv --output refined.blend --json > report.json
  refine --job SESSION_1689257215_1674078 --bbox 0.5,0.9,0.5 --pivot 0,-0.5,0 --export meshes
  refine --job chair.glb=Chair --triangles 5000 --output refined.blend
  refine --folder meshes --engine none --facing auto --output refined.blend
"""
_REMESH_EXAMPLES = """\
reads:  .glb .gltf .obj .fbx .stl .ply .usd .usda .usdc .usdz, and a .zip that holds one of them
writes: .glb .fbx .blend   with the textures inside
        .obj .usdc         with the textures beside it, named after it
        .ply               without textures
        .glb, .gltf and .obj have y up, .stl and .ply have z up, all in meters; .fbx and .usd say theirs.

The output is complete or absent: it is written under another name and renamed when all is done, and one that was
there before is kept until then. The input is never changed.

examples:
  remesh rough.glb clean.glb
  remesh scan.ply chair.fbx --triangles 5000 --texture 1024
  remesh rough.zip clean.obj --quads 10000
  remesh rough.glb clean.glb --triangles 20000 --texture 2048 --json > report.json
"""


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process: inside Blender, ``sys.exit`` would close it without our exit status."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            "{problem}.", Message("See {prog} --help", prog=self.prog), problem=message[:1].upper() + message[1:]
        )


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The parser for all subcommands. It raises :class:`UsageError` for what it does not understand."""
    parser = _Parser(
        prog=prog,
        description="Refine CSM.ai sessions, mesh files and objects into meshes that stand exactly where block-out"
        " objects stand, and rough mesh files into clean ones.",
        epilog=_EPILOG + _EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"CSM Refine {VERSION}")
    subcommands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    refine = _add_refine(subcommands)
    _add_remesh(subcommands)
    status = _add_plain(subcommands, "status", "show what the service says about a session")
    status.add_argument("session", metavar="SESSION", help="session code, or a URL that contains one")
    sessions = _add_plain(subcommands, "sessions", "list the sessions of the account")
    sessions.add_argument("--limit", type=_count, default=20, metavar="N", help="how many (default: 20)")
    sessions.add_argument("--page", type=_count, default=1, metavar="N", help="which page, from 1 (default: 1)")
    jobs = _add_plain(subcommands, "jobs", "list the jobs of this machine")
    jobs.add_argument(
        "--report", action="store_true", help="print JSON for support instead: versions, states, errors; no secrets"
    )
    resume = _add_plain(subcommands, "resume", "finish what an interrupted or killed refine left, and place it")
    for sub in (refine, status, sessions, resume):
        sub.add_argument(
            "--base-url", metavar="URL", help="the service (default: CSM_BASE_URL, preferences, api.csm.ai)"
        )
    for sub in (status, sessions, jobs, resume):
        sub.add_argument("--json", action="store_true", help="print JSON on stdout, everything else on stderr")
    for sub in (refine, resume):
        _add_waiting_options(sub)
    return parser


def _add_plain(subcommands: argparse._SubParsersAction[_Parser], name: str, purpose: str) -> _Parser:
    """A subcommand whose help says the same in the list of all and in its own."""
    return subcommands.add_parser(name, help=purpose, description=f"{purpose[:1].upper()}{purpose[1:]}.")


def _add_waiting_options(parser: _Parser) -> None:
    parser.add_argument(
        "--concurrency", type=_count, default=8, metavar="N", help="jobs under way at the same time (default: 8)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=10800.0,
        metavar="SECONDS",
        help="longest wait for one refine of the service (default: 3 h)",
    )
    parser.add_argument(
        "--poll-interval",
        type=_seconds,
        metavar="SECONDS",
        help="fixed time between checks (default: paced by progress)",
    )


def _add_refine(subcommands: argparse._SubParsersAction[_Parser]) -> _Parser:
    refine = subcommands.add_parser(
        "refine",
        help="refine sessions, mesh files and objects onto objects of a scene",
        description="Refine sessions, mesh files and objects onto objects of a scene. Each refine request of a session"
        " may spend credits of your account; files and objects, and --engine local or none, cost nothing.",
        epilog=f"{_REFINE_EXAMPLES}\n{_EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = refine.add_argument_group("what to refine")
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
    engine = refine.add_argument_group("what to do with the mesh")
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
    _add_remesh_options(engine)
    how = refine.add_argument_group("how to place the result")
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
    where = refine.add_argument_group("where to save")
    where.add_argument("--output", metavar="OUT.blend", help="save the scene with the results here")
    where.add_argument("--in-place", action="store_true", help="save over the input file")
    where.add_argument("--export", metavar="DIR", help="also write each fitted mesh as DIR/SESSION.glb or DIR/NAME.glb")
    run = refine.add_argument_group("how to run")
    run.add_argument("--dry-run", action="store_true", help="show what would be sent; send nothing")
    run.add_argument("--again", action="store_true", help="ask for a new refine even if the session is already refined")
    run.add_argument(
        "--json", action="store_true", help="print the report as JSON on stdout, everything else on stderr"
    )
    return refine


def _add_remesh(subcommands: argparse._SubParsersAction[_Parser]) -> None:
    remesh = subcommands.add_parser(
        "remesh",
        help="make a clean, textured low-polygon mesh of a rough one, on this computer",
        description="Make one clean, closed, textured mesh within a budget of faces of a rough one: rebuild or mend its"
        " surface, reduce it, unwrap it, and bake the colors of the original. All on this computer: no key, no scene,"
        " no network.",
        epilog=f"{_REMESH_EXAMPLES}\n{_EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    remesh.add_argument("input", metavar="IN", help="the mesh file to read")
    remesh.add_argument("output", metavar="OUT", help="the mesh file to write")
    _add_remesh_options(remesh)
    remesh.add_argument(
        "--timeout", type=_seconds, default=1800.0, metavar="SECONDS", help="give up after so long (default: 30 min)"
    )
    remesh.add_argument(
        "--json", action="store_true", help="print the report as JSON on stdout, everything else on stderr"
    )


def _add_remesh_options(parser: argparse._ActionsContainer) -> None:
    """The options of the local engine. ``None`` where one is not given."""
    faces = parser.add_mutually_exclusive_group()
    faces.add_argument(
        "--triangles", type=_count, metavar="N", help="at most so many triangles, 50 to 5000000 (default: 20000)"
    )
    faces.add_argument("--quads", type=_count, metavar="N", help="about so many quads instead of triangles")
    parser.add_argument(
        "--texture",
        type=_whole,
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


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1e7:  # noqa: PLR2004 - about four months; also refuses nan
        raise ValueError(text)
    return value


_whole.__name__ = "whole number"
_count.__name__ = "positive whole number"  # argparse names the type in its message
_seconds.__name__ = "positive number"
