# SPDX-License-Identifier: GPL-3.0-or-later
"""Refines as tasks of an existing Dask cluster, where the service is given the address of its scheduler.

Workers see the service's data folder under the same path, and have Blender. No key is in what they are sent.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.processes.memory import converter_needs
from csm_server.blender import BlenderError, Refiner, find_blender

CONNECT_S = 10.0
RETRIES = 2
ATTEMPT = "attempt-"
STEP = 0.01
"""The least share of progress that is told."""
_PATHS = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]


class DaskRefiner:
    """Has the workers of a cluster refine, as many meshes at once as they have threads."""

    def __init__(self, address: str, blender: str, memory_bytes: int) -> None:
        """``blender`` is what each worker refines with, empty for what it finds; ``memory_bytes`` as for Refiner."""
        self._address = address
        self._task = {"blender": blender, "memory_bytes": memory_bytes}
        self._client: Any = None
        self._first = asyncio.Lock()

    async def refine(self, request: ConversionRequest, folder: Path, report: Callable[[float], None]) -> None:
        """Do what ``request`` says; ``folder`` is for its files. Raises BlenderError."""
        client = await self._connected()
        needs = converter_needs(request.mesh, request.remesh)
        known = client.scheduler_info(n_workers=-1)["workers"]
        fit = [address for address, each in known.items() if not each["memory_limit"] or each["memory_limit"] >= needs]
        if known and not fit:
            raise BlenderError(f"No Dask worker has the {needs / 1e9:.1f} GB of memory that this mesh needs.")
        topic = f"csm-refine {folder}"
        task = {**self._task, "request": request.as_dict(), "folder": str(folder), "topic": topic}
        chosen = {"workers": fit} if len(fit) < len(known) else {}
        future = client.submit(_portable_task(), _PATHS, task, pure=False, retries=RETRIES, **chosen)
        client.subscribe_topic(topic, lambda event: report(float(event[1])))
        try:
            if error := await future:
                raise BlenderError(error)
        except (OSError, RuntimeError) as error:
            if isinstance(error, BlenderError):
                raise
            raise BlenderError(f"The Dask workers failed: {error}") from error
        finally:
            client.unsubscribe_topic(topic)
            await asyncio.shield(client.cancel([future]))  # nothing, once it is done
            for attempt in folder.glob(f"{ATTEMPT}*"):
                shutil.rmtree(attempt, ignore_errors=True)

    async def _connected(self) -> Any:
        async with self._first:
            if self._client is None or self._client.status != "running":
                distributed: Any = importlib.import_module("distributed")
                try:
                    self._client = await distributed.Client(self._address, asynchronous=True, timeout=CONNECT_S)
                except (OSError, TimeoutError, ValueError) as error:
                    raise BlenderError(f"There is no Dask scheduler at {self._address}.") from error
        return self._client

    def stop(self) -> None:
        """Nothing of it runs in this process; tasks end with the client."""


def do_refine(task: dict[str, Any]) -> str:
    """Refine one mesh, in a Dask worker; gives what went wrong, else nothing. The answer is in the task's folder."""
    worker: Any = importlib.import_module("distributed").get_worker()
    key = worker.get_current_task()
    told = 0.0

    def report(share: float) -> None:
        nonlocal told
        known = worker.state.tasks.get(key)
        if known is None or known.state == "cancelled":
            raise BlenderError("The service does not want it any more.")
        if share >= told + STEP:
            told = share
            worker.log_event(task["topic"], share)

    request, folder = ConversionRequest.from_dict(task["request"]), Path(task["folder"])
    attempt = Path(tempfile.mkdtemp(prefix=ATTEMPT, dir=folder))  # what a killed worker leaves must not disturb it
    made = attempt / Path(str(request.export)).name
    try:
        interpreters, _words = find_blender(task["blender"])
        refiner = Refiner(interpreters, "", task["memory_bytes"])
        own = replace(request, export=str(made), blend=attempt / Path(request.blend).name)
        asyncio.run(_refined(refiner, own, attempt, report))
        made.replace(folder / made.name)
    except BlenderError as error:
        return str(error)
    return ""


async def _refined(refiner: Refiner, request: ConversionRequest, folder: Path, report: Callable[[float], None]) -> None:
    try:
        await refiner.refine(request, folder, report)
    finally:
        refiner.stop()


def _portable_task() -> Callable[[list[str], dict[str, Any]], str]:
    """What a worker calls. Being local it is sent whole: a scheduler needs no copy of this program."""

    def csm_refine(paths: list[str], task: dict[str, Any]) -> str:
        import importlib
        import sys

        sys.path += [path for path in paths if path not in sys.path]
        answer: str = importlib.import_module("csm_server.dask_refining").do_refine(task)
        return answer

    return csm_refine


def missing() -> str:
    """What this Python lacks for it, as a sentence; empty if nothing."""
    if importlib.util.find_spec("distributed"):
        return ""
    return f'--dask needs Dask: run  {sys.executable} -m pip install "distributed>=2025.1"'
