# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting the local service from another program, a test or the demo. Needs the standard library only."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self


class LaunchError(RuntimeError):
    """The service did not start; the text holds what it printed."""


class Answer(NamedTuple):
    """An HTTP answer, whatever its status."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


class LocalService:
    """The service as a child process, as a context manager.

    For example::

        with LocalService(python=interpreter, options=["--refine-seconds", "0.5"]) as service:
            service.request("GET", "/image-to-3d-sessions").json["data"]["results"]

    ``url``, ``key`` and ``data`` say where it is, its API key, and its data folder.
    """

    def __init__(
        self,
        *,
        python: str | Path = sys.executable,
        blender: str | Path = "",
        data: str | Path | None = None,
        options: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> None:
        """``python`` must have the service's requirements; ``data`` defaults to a temporary folder.

        ``blender`` is the Blender, or the Python that has bpy, to refine with; empty: the service looks for one.
        ``options`` are further words of its command line; ``timeout`` is for its start, in seconds.
        """
        self._python = str(python)
        self._temporary = None if data else tempfile.TemporaryDirectory(prefix="csm_server_")
        self.data = Path(data or self._temporary.name)  # type: ignore[union-attr]  # one of the two is there
        self._options = [*(["--blender", str(blender)] if blender else []), *options]
        self._timeout = timeout
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._ready = threading.Event()
        self.url = ""
        self.key = ""

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and remove the temporary data folder."""
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    @property
    def output(self) -> str:
        """What it has printed so far, standard output and error together."""
        return "\n".join(self._lines)

    @property
    def pid(self) -> int:
        """The running child's process id."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises LaunchError."""
        self._lines, self._ready = [], threading.Event()
        command = [self._python, str(Path(__file__).parent), "--data", str(self.data), *self._options]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._listener = threading.Thread(
            target=self._listen, args=(self._process, self._lines, self._ready), daemon=True
        )
        self._listener.start()
        self._ready.wait(self._timeout)
        if not self.key:
            self.stop()
            raise LaunchError(f"The local service did not start: {self.output}")

    def _listen(self, process: subprocess.Popen[str], lines: list[str], ready: threading.Event) -> None:
        assert process.stdout
        with process.stdout as stream:
            for line in stream:
                lines.append(line.rstrip())
                before, _, after = line.strip().partition(": ")
                if line.startswith("CSM server at "):
                    self.url = line.split()[-1]
                elif before == "API key":
                    self.key = after
                    ready.set()
        ready.set()

    def stop(self) -> int | None:
        """End it in good order; returns its exit status. It can be started again."""
        return self._end(kill=False)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> int | None:
        process, self._process, self.url, self.key = self._process, None, "", ""
        if process is None:
            return None
        process.kill() if kill else process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        status = process.wait()
        self._listener.join(5)
        return status

    def request(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Call it with its key; ``body`` is bytes, or anything for JSON; ``path`` may be a whole URL (then: no key)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        own = path.startswith("/")
        sent = {"Content-Type": "application/json", **({"x-api-key": self.key} if own else {}), **(headers or {})}
        request = urllib.request.Request(self.url + path if own else path, data=data, method=method, headers=sent)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: never by a proxy
        try:
            with opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def session(self, code: str) -> dict[str, Any]:
        """``data`` of the session ``code``. Raises KeyError where there is none."""
        answer = self.request("GET", f"/image-to-3d-sessions/{code}")
        if answer.status != 200:
            raise KeyError(code)
        data: dict[str, Any] = answer.json["data"]
        return data

    def refine(self, code: str, **body: Any) -> Answer:
        """Call refine for the session ``code``; the keywords are the body's fields."""
        return self.request("POST", f"/image-to-3d-sessions/get-3d/refine/{code}", body)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call ``/_control`` + path (the service needs ``--control``); returns ``data``. Raises ValueError."""
        answer = self.request(method, f"/_control{path}", body)
        if answer.status >= 400:
            raise ValueError(f"{method} /_control{path}: {answer.status} {answer.body.decode(errors='replace')[:300]}")
        return answer.json["data"]

    def counts(self) -> dict[str, Any]:
        """How many calls came in, by kind and session: ``post``, ``get``, ``refines``, ``download``, ``list``."""
        counts: dict[str, Any] = self.control("GET", "/counts")
        return counts

    def add_fault(
        self, do: Mapping[str, Any], *, method: str = "", path: str = "", skip: int = 0, times: int | None = 1
    ) -> None:
        """Add a fault: ``do`` it to calls that match, after the first ``skip``, ``times`` times (None: for ever)."""
        match = {"method": method, "path": path}
        self.control("POST", "/faults", {"match": match, "skip": skip, "times": times, "do": dict(do)})

    def clear_faults(self) -> None:
        """Take all faults away."""
        self.control("DELETE", "/faults")

    def add_session(self, code: str | None, glb: bytes | str | Path, **behaviour: Any) -> str:
        """Add a session with this preview (bytes or a file's path); returns its code, a new one for None.

        ``behaviour``: the fields of ``POST /_control/sessions``, see ``docs/local-service.md``.
        """
        key, value = (
            ("glb_base64", base64.b64encode(glb).decode()) if isinstance(glb, bytes) else ("glb_path", str(glb))
        )
        added: dict[str, Any] = self.control("POST", "/sessions", {"code": code, key: value, **behaviour})
        return str(added["code"])
