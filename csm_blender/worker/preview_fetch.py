# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch the mesh that a job would begin with, and have it fitted to a block-out; a child process of Blender.

Its argument is a folder that holds ``spec.json``; the fitted mesh is written there. Its answer says how it went.
No request costs credits: all are GETs. It ends when the answer is not awaited any more, and its converter with it.
"""

from __future__ import annotations

import json
import random
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ..core.api.backoff import retry_delay_s
from ..core.api.client import CsmClient
from ..core.api.download import download
from ..core.conversion import ConversionRequest
from ..core.errors import (
    ABOUT_DELIVERED,
    BadMesh,
    ConversionFailed,
    CsmError,
    DiskProblem,
    MeshTooLarge,
    TransientError,
    sanitized_error,
)
from ..core.files import preview_cache
from ..core.files.companions import copy_source
from ..core.files.preview_cache import Kind
from ..core.messages import Message
from ..core.models import JobSpec
from ..core.pipeline.retrieve import CONVERTER_LOOK_S, check_delivered
from ..core.processes.child_side import Parent
from ..core.processes.converter_pool import MESH_NAME, ConverterPool
from ..core.processes.launch import arguments_of_child
from ..core.settings import Settings
from ..core.sources import SourceKind
from .config import WorkerConfig

SPEC_NAME = "spec.json"
TRIES = 4
LONGEST_PAUSE_S = 10.0
_NAME = "preview"


def main(argv: list[str]) -> int:
    """Read the configuration from standard input, fetch, fit, answer."""
    parent = Parent()
    config = WorkerConfig.from_line(parent.next_line())
    try:
        answer = {"good": True, **prepare(config, Path(argv[0]))}
    except CsmError as error:
        answer = {"good": False, **sanitized_error(error, config.settings.key)}
    parent.send_answer(answer)
    return 0


def prepare(config: WorkerConfig, folder: Path) -> dict[str, Any]:
    """Fetch and fit what ``spec.json`` in *folder* asks for: ``kind``, ``stale`` and the converter's ``report``.

    ``stale`` says that the service could not be reached and an earlier copy was taken. Raises a :class:`CsmError`.
    """
    spec = spec_in(folder)
    try:
        mesh = folder / MESH_NAME
        kind, stale = Kind.PREVIEW, False
        if not mesh.exists():  # else whoever asked has put it there, as always for an object
            match spec.source.kind:
                case SourceKind.SESSION:
                    kind, stale = fetch(config.settings, config.home, spec.session_code, mesh)
                case SourceKind.FILE:
                    copy_source(Path(spec.source.name), mesh, lambda _done, _total: None)
        return {"kind": str(kind), "stale": stale, "report": _fitted(config, spec, folder, mesh)}
    except MeshTooLarge:
        raise
    except (BadMesh, ConversionFailed) as problem:
        raise type(problem)(problem.message, _hint(problem, spec)) from problem
    except OSError as problem:
        raise DiskProblem("The files of the preview cannot be used: {reason}.", reason=problem) from problem


def spec_in(folder: Path) -> JobSpec:
    """What is asked for in *folder*. Raises :class:`DiskProblem`."""
    try:
        return JobSpec.from_dict(json.loads((folder / SPEC_NAME).read_text(encoding="utf-8")))
    except OSError as problem:
        raise DiskProblem("The files of the preview cannot be used: {reason}.", reason=problem) from problem


def _hint(problem: CsmError, spec: JobSpec) -> Message:
    """One that fits where the mesh came from."""
    if spec.source.kind is SourceKind.SESSION:
        return Message("Refining needs no preview; fetching it again costs nothing.")
    return (
        Message("Export it again, best as .glb, then retry.") if problem.hint.code == ABOUT_DELIVERED else problem.hint
    )


def fetch(settings: Settings, home: Path, code: str, mesh: Path) -> tuple[Kind, bool]:
    """Write the session's mesh to *mesh*: a kept copy where it is still the same, else downloaded.

    Gives its kind, and whether it is a copy that could not be compared with what the service has now. Raises a
    :class:`CsmError` or :class:`OSError`.
    """
    faults = 0
    with closing(CsmClient(settings)) as client:
        while True:
            try:
                return _fetch_once(client, settings, home, code, mesh), False
            except TransientError as fault:
                faults += 1
                pause_s = retry_delay_s(faults, fault.retry_after_s, random.Random())  # noqa: S311 - nothing secret
                if faults == TRIES or pause_s > LONGEST_PAUSE_S:
                    if kind := preview_cache.take_last(home, settings.base_url, code, mesh):
                        return kind, True
                    raise
                time.sleep(pause_s)


def _fetch_once(client: CsmClient, settings: Settings, home: Path, code: str, mesh: Path) -> Kind:
    offer = preview_cache.offer_of(client.session(code))
    if not preview_cache.take(home, settings.base_url, code, offer, mesh):
        download(offer.url, mesh, settings, lambda _done, _total: None)
        check_delivered(mesh)
        preview_cache.keep(home, settings.base_url, code, offer, mesh)
    return offer.kind


def _fitted(config: WorkerConfig, spec: JobSpec, folder: Path, mesh: Path) -> dict[str, Any]:
    converters = ConverterPool(config.interpreters, limit=1)
    try:
        converters.start(_NAME, folder, ConversionRequest.of(spec, mesh).as_dict())
        while (report := converters.collect(_NAME)) is None:
            time.sleep(CONVERTER_LOOK_S)
        return report
    finally:
        converters.stop_all()


if __name__ == "__main__":
    sys.exit(main(arguments_of_child(sys.argv)))
