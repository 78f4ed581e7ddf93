# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that scripts/soak.py throws at requests, by dice."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter

import fault_proxy as faults

_JSON = {"content_type": "application/json"}


_NO = json.dumps({"error": "No", "message": "No", "statusCode": 429, "data": {}}).encode()


ANYWHERE: dict[str, faults.Fault] = {
    "reset before": faults.reset_before,
    "reset after": faults.reset_after,
    "silent before": faults.silent_before,
    "silent after": faults.silent_after,
    "body cut": faults.cut_body,
    "stall": faults.stall_in_body,
    "500": faults.answer(500, b"oops"),
    "503": faults.answer(503, b"later", retry_after="1"),
    "HTML": faults.answer(200, b"<!doctype html><p>maintenance", content_type="text/html"),
    "empty": faults.answer(200),
    "429": faults.answer(429, _NO, **_JSON),
    "chunked": faults.changed(faults.chunked),
    "gzip": faults.changed(faults.gzipped),
    "500 after": faults.answer_after(500, b"oops"),
}


FILES_ONLY: dict[str, faults.Fault] = {
    "link expired": faults.answer(403, b"expired"),
    "garbage": faults.answer(200, b"glTF\x02\x00\x00\x00garbage"),
}


TURNED_AWAY = "429"


class Weather:
    """Throws the dice for each request and keeps count."""

    def __init__(self, seed: int, share: float) -> None:
        self._dice = random.Random(seed)
        self._share = share
        self._lock = threading.Lock()
        self.met: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()

    def fault_for(self, request: faults.Request) -> faults.Fault | None:
        """What happens to this request, if anything does."""
        with self._lock:
            if self._dice.random() >= self._share:
                return None
            choice = {**ANYWHERE, **FILES_ONLY} if request.kind == "file" else ANYWHERE
            name = self._dice.choice(sorted(choice))
            self.met[f"{request.kind}: {name}"] += 1
            if request.kind == "submit" and name == TURNED_AWAY:
                self.turned_away[request.path.rsplit("/", 1)[-1]] += 1
            return choice[name]
