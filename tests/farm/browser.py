# SPDX-License-Identifier: GPL-3.0-or-later
"""A Chromium without a window, spoken to over its own debugging protocol."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import IN_CI
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClientConnection, websocket_connect

START_S = 60.0
NAMES = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """A page: what it holds and does, asked in JavaScript. ``seen`` are the events it has sent."""

    def __init__(self, socket: WebSocketClientConnection, loop: IOLoop) -> None:
        self._socket, self._loop = socket, loop
        self._numbers = itertools.count(1)
        self.seen: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        return self._loop.run_sync(lambda: self._call(method, parameters), timeout=START_S)

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.write_message(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await self._socket.read_message() or "{}")
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self.seen.append(message)

    def ask(self, expression: str) -> Any:
        """The value of *expression*; an error in it fails the test."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, file: Path) -> None:
        """Go to *file* and wait until it has run."""
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=file.as_uri())
        end_s = time.monotonic() + START_S
        while self.ask("document.readyState + ' ' + location.protocol") != "complete file:":
            assert time.monotonic() < end_s
            time.sleep(0.05)

    def requested(self) -> list[str]:
        """What the page has asked for, itself included."""
        return [
            each["params"]["request"]["url"] for each in self.seen if each.get("method") == "Network.requestWillBeSent"
        ]


@contextlib.contextmanager
def opened(file: Path, folder: Path) -> Iterator[Page]:
    """*file* in a Chromium whose data lie in *folder*; skips where there is none, fails in CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if IN_CI:
            pytest.fail("chromium is missing in CI")
        pytest.skip("needs chromium on the PATH (apt-get install chromium)")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen([program, *flags, "about:blank"], stdout=output, stderr=subprocess.STDOUT)
    asyncio.set_event_loop(asyncio.new_event_loop())
    loop = IOLoop.current()
    try:
        yield Page(_connected(log, loop), loop)
    finally:
        process.terminate()
        process.wait(START_S)


def _connected(log: Path, loop: IOLoop) -> WebSocketClientConnection:
    from tornado.httpclient import AsyncHTTPClient

    end_s = time.monotonic() + START_S
    while not (found := re.search(r"DevTools listening on ws://([^/]+)/", log.read_text(errors="replace"))):
        assert time.monotonic() < end_s, log.read_text(errors="replace")
        time.sleep(0.05)

    async def connect() -> WebSocketClientConnection:
        answer = await AsyncHTTPClient().fetch(f"http://{found[1]}/json/list")
        page = next(each for each in json.loads(answer.body) if each["type"] == "page")
        return await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=1 << 28)

    return loop.run_sync(connect)
