# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the converter process: one argument, the path of a request written by ``core.conversion``."""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from ..core.conversion import ConversionRequest
from ..core.errors import BadMesh, ConversionFailed, CsmError
from ..core.files.whole_file import write_whole
from ..core.messages import to_json
from ..core.processes.launch import arguments_of_child
from .convert import convert


def main(argv: list[str]) -> None:
    """Convert what the request names and write the report beside it, also when it fails.

    Then wait for further requests: their paths come on standard input, a line each, and this process ends when that
    closes. Without a standard input it is one request only.
    """
    paths: queue.SimpleQueue[str] = queue.SimpleQueue()
    paths.put(argv[0])
    threading.Thread(target=_listen, args=(paths,), daemon=True).start()
    while path := paths.get():
        request: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        _speak_to(request.get("log"))
        report = _report(request)
        _speak_to(os.devnull if "log" in request else None)  # an open log could not be removed everywhere
        write_whole(Path(request["report"]), to_json(report))


def _listen(paths: queue.SimpleQueue[str]) -> None:
    """Pass on what the parent says, and end at once when its pipe closes: a killed worker must leave no converter.

    A thread is safe here: it touches nothing of Blender's, and this Blender is thrown away anyway.
    """
    heard = b""
    try:
        while more := os.read(sys.stdin.fileno(), 65536):
            *lines, heard = (heard + more).split(b"\n")
            for line in lines:
                paths.put(line.decode())
    except (OSError, AttributeError):  # started by hand, without a standard input
        paths.put("")
        return
    os._exit(3)


def _speak_to(log: str | None) -> None:
    """Have what Blender and Python print from now on go to the file *log*."""
    if log is None:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)


def _report(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return convert(ConversionRequest.from_dict(request)).as_dict()
    except (BadMesh, ConversionFailed) as error:
        return {"error": error.as_dict()}
    except CsmError as error:
        return {"error": ConversionFailed(error.message, error.hint).as_dict()}
    except Exception as error:  # whatever the importer raises is about the file; its traceback goes to the log
        logging.getLogger(__name__).exception("The conversion broke")
        return {
            "error": ConversionFailed("Blender could not convert the delivered mesh: {error}", error=error).as_dict()
        }


if __name__ == "__main__":
    main(arguments_of_child(sys.argv))
    logging.shutdown()
    # The report is on the disk, and nothing else is of use. Taking Blender down in order costs time, and in the wheels
    # of 4.5 it has been seen to hang for ever in a lock at exit.
    os._exit(0)
