# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the local service take a mesh as a new session; a child process of Blender.

Its argument is a folder that holds ``spec.json``, as for previews. A GLB is sent as it is; anything else is made one
first. Its answer says how it went, with the ``code`` of the session.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from ..core.api.client import CsmClient
from ..core.errors import CsmError, DiskProblem, sanitized_error
from ..core.processes.child_side import Parent
from ..core.processes.launch import arguments_of_child
from ..core.sources import SourceKind
from .config import WorkerConfig
from .preview_fetch import prepare, spec_in

_GLB = b"glTF"


def main(argv: list[str]) -> int:
    """Read the configuration from standard input, make the GLB, send it, answer."""
    parent = Parent()
    config = WorkerConfig.from_line(parent.next_line())
    try:
        answer = {"good": True, "code": add(config, Path(argv[0]))}
    except CsmError as error:
        answer = {"good": False, **sanitized_error(error, config.settings.key)}
    parent.send_answer(answer)
    return 0


def add(config: WorkerConfig, folder: Path) -> str:
    """Send what ``spec.json`` in *folder* names. Gives the code of the session. Raises a :class:`CsmError`."""
    try:
        spec = spec_in(folder)
        mesh = Path(spec.source.name)
        if spec.source.kind is not SourceKind.FILE or not _is_glb(mesh):
            prepare(config, folder)
            mesh = Path(spec.export_path)
        with closing(CsmClient(config.settings)) as client:
            return client.add_session(mesh, spec.source.stem)
    except OSError as problem:
        raise DiskProblem("The mesh cannot be sent: {reason}.", reason=problem) from problem


def _is_glb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_GLB)) == _GLB


if __name__ == "__main__":
    sys.exit(main(arguments_of_child(sys.argv)))
