# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the local service: serve, and ``add`` a mesh of one's own as a session."""

from __future__ import annotations

import argparse
import importlib.util
import secrets
import string
import sys
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = ("starlette", "uvicorn", "numpy", "PIL")
NOTE = (
    "It refines by mesh processing in Blender, with the local engine of CSM Refine: this is neither CSM's generative "
    "model nor the cloud."
)


def default_data_dir() -> Path:
    """The folder for sessions where ``--data`` names none: the platform's place for a user's program data."""
    from csm_blender.core.api.local_service import service_folder

    return service_folder()


def missing_requirements() -> list[str]:
    """Names of the required modules that this Python cannot import."""
    return [name for name in REQUIREMENTS if importlib.util.find_spec(name) is None]


def random_key() -> str:
    """A key of the real service's form: 32 letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


def _between(low: float, high: float, kind: type[float] = float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    return number


def _serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="csm_server",
        description=f"Serve CSM's session API on this machine. {NOTE}",
        epilog="To add a mesh of your own: csm_server add FILE.glb [--session CODE] [--data DIR]",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_between(0, 65535, int), default=0, help="port to listen on; 0, the default, takes a free one"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where sessions are kept (default: a user folder)")
    parser.add_argument("--api-key", metavar="KEY", help="the x-api-key to ask for (default: a random one, printed)")
    parser.add_argument(
        "--refine-seconds",
        type=_between(0, 86400),
        default=2.0,
        metavar="S",
        help="a refine takes at least this long, so that clients see it running (default: %(default)s)",
    )
    parser.add_argument(
        "--style",
        choices=("2024", "2025"),
        help="answer all sessions in this style: 2024 has `status`, 2025 `session_status` (default: each its own)",
    )
    parser.add_argument(
        "--blender",
        default="",
        metavar="PATH",
        help="a Blender, or a Python with bpy, to refine with (default: this Python's bpy, or blender on the PATH)",
    )
    parser.add_argument(
        "--triangles", type=int, default=20_000, metavar="N", help="refined meshes have at most so many"
    )
    parser.add_argument(
        "--texture", type=int, default=2048, metavar="PIXELS", help="side of baked textures, 0 for none (2048)"
    )
    parser.add_argument(
        "--memory",
        type=_between(0.1, 1e6),
        default=4.0,
        metavar="GB",
        help="refining one mesh may take so much memory, if as much is free (default: %(default)s)",
    )
    parser.add_argument(
        "--at-once",
        type=_between(1, 1000, int),
        default=0,
        metavar="N",
        help="refine so many meshes at once, if there is memory for them (default: as many as there are cores)",
    )
    parser.add_argument(
        "--dask",
        default="",
        metavar="ADDRESS",
        help="have the workers of the Dask cluster with this scheduler refine, as tcp://HOST:8786 (docs/farm.md)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer to this host name, too; repeatable (this machine's own addresses and localhost are answered to)",
    )
    parser.add_argument("--control", action="store_true", help="switch on the /_control routes (for tests only)")
    return parser


def _add_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="csm_server add", description="Add a GLB file as the preview mesh of a new session and print its code."
    )
    parser.add_argument("file", type=Path, metavar="FILE.glb", help="the mesh; axes as in glTF: y up, z to the front")
    parser.add_argument("--session", metavar="CODE", help="its session code, SESSION_… (default: a new one)")
    parser.add_argument("--style", choices=("2024", "2025"), default="2025", help="how it answers (default: 2025)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the service's data folder (default: a user folder)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 for a failure, 2 for wrong use or a missing requirement."""
    words = sys.argv[1:] if argv is None else argv
    adding = words[:1] == ["add"]
    args = _add_parser().parse_args(words[1:]) if adding else _serve_parser().parse_args(words)
    if missing := missing_requirements():
        file = Path(__file__).with_name("requirements.txt")
        print(f"csm_server needs {', '.join(missing)}: run  {sys.executable} -m pip install -r {file}", file=sys.stderr)
        return 2
    data = args.data or default_data_dir()
    try:
        return _add(args, data) if adding else _serve(args, data)
    except KeyboardInterrupt:
        return 130


def _add(args: argparse.Namespace, data: Path) -> int:
    from csm_server.glb import MeshError
    from csm_server.incoming import checked_glb
    from csm_server.store import Store, StoreError

    try:
        mesh = checked_glb(args.file)
        session = Store(data).add(mesh, code=args.session, style=args.style, caption=args.file.stem)
    except (OSError, MeshError, StoreError) as error:
        print(f"csm_server add: {args.file} cannot be added: {error}", file=sys.stderr)
        return 2
    print(session.code)
    return 0


def _serve(args: argparse.Namespace, data: Path) -> int:
    from csm_blender.core.errors import BadValue
    from csm_blender.core.remesh import RemeshOptions
    from csm_server import server

    try:
        budget = RemeshOptions(triangles=args.triangles, texture_size=args.texture).checked()
    except BadValue as error:
        print(f"csm_server: {error}", file=sys.stderr)
        return 2
    return server.run(args, data, args.api_key or random_key(), budget)
