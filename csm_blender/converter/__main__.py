# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the converter process: one argument, the path of a request written by ``core.conversion``."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from ..core.child import arguments_of_child
from ..core.errors import BadMesh, ConversionFailed, CsmError
from .convert import convert


def main(argv: list[str]) -> None:
    """Convert what the request names and write the report beside it, also when it fails."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    request: dict[str, Any] = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    report = _report(request)
    part = Path(request["report"] + ".part")
    part.write_text(json.dumps(report), encoding="utf-8")
    part.replace(request["report"])


def _end_with_parent() -> None:
    """End at once when the pipe from the parent closes: a killed worker must leave no converter behind.

    A thread is safe here: it touches nothing of Blender's, and this Blender is thrown away anyway.
    """
    with contextlib.suppress(OSError, AttributeError):  # started by hand, without a standard input
        os.read(sys.stdin.fileno(), 1)
        os._exit(3)


def _report(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return convert(request)
    except (BadMesh, ConversionFailed) as error:
        return {"error": error.as_dict()}
    except CsmError as error:
        return {"error": ConversionFailed(str(error), error.hint).as_dict()}
    except Exception as error:  # whatever the importer raises is about the file; its traceback goes to the log
        logging.getLogger(__name__).exception("The conversion broke")
        return {"error": ConversionFailed(f"Blender could not convert the delivered mesh: {error}").as_dict()}


if __name__ == "__main__":
    main(arguments_of_child(sys.argv))
    logging.shutdown()
    # The report is on the disk, and nothing else is of use. Taking Blender down in order costs time, and in the wheels of
    # 4.5 it has been seen to hang for ever in a lock at exit.
    os._exit(0)
