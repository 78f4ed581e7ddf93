# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be typed: subcommands, options and their help."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ..core.errors import UsageError
from ..core.messages import Message
from ..core.version import VERSION
from .farm.options import add_farm_commands
from .options import add_job_options, add_json_option, add_remesh_options, add_waiting_options, count, seconds

_EPILOG = """\
remesh, jobs, and refine of files and objects work on this computer and need no key and no network. For all others,
the API key is read from the environment variable CSM_API_KEY, or from the add-on's preferences; it is never an option.
CSM_BASE_URL names another service, CSM_HOME another folder for the jobs.

"""
_EXIT_STATUS = """\
exit status: 0 all placed or written; 1 a job or a mesh did not succeed; 2 wrong use, nothing sent, nothing written;
             3 no key or refused key; 4 network access is off; 130 interrupted: go on with resume or work
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
    sessions.add_argument("--limit", type=count, default=20, metavar="N", help="how many (default: 20)")
    sessions.add_argument("--page", type=count, default=1, metavar="N", help="which page, from 1 (default: 1)")
    jobs = _add_plain(subcommands, "jobs", "list the jobs of this machine")
    jobs.add_argument(
        "--report", action="store_true", help="print JSON for support instead: versions, states, errors; no secrets"
    )
    resume = _add_plain(subcommands, "resume", "finish what an interrupted or killed refine left, and place it")
    farm = add_farm_commands(subcommands, _EXIT_STATUS)
    for sub in (refine, status, sessions, resume, *farm):
        sub.add_argument(
            "--base-url", metavar="URL", help="the service (default: CSM_BASE_URL, preferences, api.csm.ai)"
        )
    for sub in (status, sessions, jobs, resume):
        add_json_option(sub)
    for sub in (refine, resume):
        add_waiting_options(sub)
    return parser


def _add_plain(subcommands: argparse._SubParsersAction[_Parser], name: str, purpose: str) -> _Parser:
    """A subcommand whose help says the same in the list of all and in its own."""
    return subcommands.add_parser(name, help=purpose, description=f"{purpose[:1].upper()}{purpose[1:]}.")


def _add_refine(subcommands: argparse._SubParsersAction[_Parser]) -> _Parser:
    refine = subcommands.add_parser(
        "refine",
        help="refine sessions, mesh files and objects onto objects of a scene",
        description="Refine sessions, mesh files and objects onto objects of a scene. Each refine request of a session"
        " may spend credits of your account; files and objects, and --engine local or none, cost nothing.",
        epilog=f"{_REFINE_EXAMPLES}\n{_EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_job_options(refine)
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
    add_remesh_options(remesh)
    remesh.add_argument(
        "--timeout", type=seconds, default=1800.0, metavar="SECONDS", help="give up after so long (default: 30 min)"
    )
    add_json_option(remesh, "the report as JSON")
