# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the converter process: one argument, the path of a request written by ``core.processes.converter_pool``.

Without an argument it waits for its first request, too: it can be started while the file is still on its way, so that
Blender is ready when it is there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from ..core.conversion import ConversionRequest
from ..core.errors import ABOUT_DELIVERED, BadMesh, ConversionFailed, CsmError, NotEnoughMemory
from ..core.messages import Message
from ..core.processes.child_side import Parent, log_to
from ..core.processes.launch import arguments_of_child
from ..core.remesh import RemeshRequest, ReportProgress
from .convert import convert

_BROKE = Message(
    "Another try gives the same: ask the service for a plain GLB. The file and the log are kept in the job's folder; "
    "please report this with them.",
    code=ABOUT_DELIVERED,
)


def main(argv: list[str]) -> None:
    """Convert what the request names and answer with the report, also when it fails.

    Then wait for further requests: their paths come on standard input, and this process ends when that closes. Without
    a standard input it is one request only.
    """
    parent = Parent()
    path = argv[0] if argv else _next_path(parent)
    while path:
        request: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        if "log" in request:
            log_to(request["log"])
        parent.folder = request.get("folder")
        report = _report(request, parent.report_progress)
        if "log" in request:
            log_to(os.devnull)  # an open log could not be removed everywhere
        parent.send_answer(report)
        path = _next_path(parent)


def _next_path(parent: Parent) -> str:
    """The path of the next request, waited for; empty when there will be none."""
    line = parent.next_line()
    return str(json.loads(line)["request"]) if line else ""


def _report(request: dict[str, Any], report_progress: ReportProgress) -> dict[str, Any]:
    remeshing = RemeshRequest.keys(required=True) <= request.keys()
    try:
        if remeshing:
            from .remesh_file import remesh_file  # noqa: PLC0415 - imports the engine, which a conversion needs not

            return remesh_file(RemeshRequest.from_dict(request), report_progress).as_dict()
        return convert(ConversionRequest.from_dict(request), report_progress).as_dict()
    except MemoryError:
        return {"error": NotEnoughMemory("There is not enough memory for this mesh.").as_dict()}
    except CsmError as error:
        known = remeshing or isinstance(error, (BadMesh, ConversionFailed, NotEnoughMemory))
        return {"error": (error if known else ConversionFailed(error.message, error.hint)).as_dict()}
    except Exception as error:  # whatever the importer raises is about the file; its traceback goes to the log
        logging.getLogger(__name__).exception("The conversion broke")
        if remeshing:
            from .remesh_file import for_local_file  # noqa: PLC0415 - as above

            words = "Blender could not work on the mesh: {error}"
            return {"error": for_local_file(ConversionFailed(words, error=error)).as_dict()}
        words = "Blender could not convert the delivered mesh: {error}"
        return {"error": ConversionFailed(words, _BROKE, error=error).as_dict()}


if __name__ == "__main__":
    main(arguments_of_child(sys.argv))
    logging.shutdown()
    # The report is sent, and nothing else is of use. Taking Blender down in order costs time, and in the wheels of 4.5
    # it has been seen to hang for ever in a lock at exit.
    os._exit(0)
