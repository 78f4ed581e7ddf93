# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of promises: what becomes of a job when a fault meets one of its steps.

One table is the source of the parametrised test (``test_matrix.py``) and of the table in ``docs/reliability.md``
(``python tests/reliability/expectations.py`` writes it there).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STEPS = ("check", "submit", "poll", "download")
GOES_ON = "goes on"
UNSURE = "UNCERTAIN"

_PASSING = {
    # fault: error when it never ends, at check / download
    "connection refused": ("unreachable", "unreachable"),
    "name does not resolve": ("unreachable", "unreachable"),
    "reset before the request": ("connection_broken", "connection_broken"),
    "reset after the request": ("connection_broken", "connection_broken"),
    "timeout, request not passed on": ("connection_broken", "connection_broken"),
    "timeout, request passed on": ("connection_broken", "connection_broken"),
    "stall in the body": ("connection_broken", "download_cut"),
    "a byte at a time": ("connection_broken", "connection_broken"),
    "body cut": ("connection_broken", "download_cut"),
    "chunked, cut": ("connection_broken", "download_cut"),
    "Content-Length too big": ("connection_broken", "download_cut"),
    "408": ("service_busy", "service_busy"),
    "425": ("service_busy", "service_busy"),
    "429": ("service_busy", "service_busy"),
    "429, Retry-After in seconds": ("service_busy", "service_busy"),
    "429, Retry-After as a date": ("service_busy", "service_busy"),
    "500": ("service_busy", "service_busy"),
    "502": ("service_busy", "service_busy"),
    "503": ("service_busy", "service_busy"),
    "504": ("service_busy", "service_busy"),
    "HTML with 200": ("unexpected_answer", "unexpected_answer"),
    "empty body": ("unexpected_answer", "download_cut"),
}
_REFUSED = {"401": "refused_key", "402": "no_credits", "403": "refused_key", "404": "unknown_session"}
_PLAIN_REFUSED = ("409", "422")
_HARMLESS = ("body too long", "chunked", "gzip", "redirect within the service")
_LOST_BUT_DONE = (
    "reset after the request", "timeout, request passed on", "stall in the body", "a byte at a time", "body cut",
    "chunked, cut", "Content-Length too big",
)  # fmt: skip
_ONLY_SUBMIT = ("500 after it was done", "HTML after it was done", "task_data that does not parse")


@dataclass(frozen=True)
class Cell:
    """One promise. ``once`` and ``lasting`` are :data:`GOES_ON`, :data:`UNSURE` or the code of the error.

    ``refines`` is how many refines the service may have started when a lasting fault has done its work.
    """

    step: str
    fault: str
    once: str
    lasting: str

    @property
    def name(self) -> str:
        """Name for the test."""
        return f"{self.step}: {self.fault}"


def cells() -> Iterator[Cell]:
    """All promises."""
    for fault, (at_check, at_download) in _PASSING.items():
        yield Cell("check", fault, GOES_ON, at_check)
        yield Cell("submit", fault, *_submit(fault, at_check))
        yield Cell("poll", fault, GOES_ON, "deadline_passed")
        yield Cell("download", fault, GOES_ON, at_download)
    long_wait = "429, Retry-After of two hours"
    yield Cell("check", long_wait, "service_busy", "service_busy")
    yield Cell("submit", long_wait, "rate_limited", "rate_limited")
    yield Cell("poll", long_wait, "deadline_passed", "deadline_passed")
    yield Cell("download", long_wait, "service_busy", "service_busy")
    yield from _refusals()
    for fault in _HARMLESS:
        for step in STEPS:
            if (step, fault) != ("submit", "redirect within the service"):
                yield Cell(step, fault, GOES_ON, GOES_ON)
    for step in STEPS:
        yield Cell(step, "redirect to another origin", "foreign_redirect", "foreign_redirect")
    yield Cell("submit", "redirect within the service", "foreign_redirect", "foreign_redirect")
    for fault in _ONLY_SUBMIT:
        yield Cell("submit", fault, GOES_ON, GOES_ON)
    yield from _wrong_shape()
    yield Cell("download", "410", GOES_ON, "link_expired")
    yield Cell("download", "storage on another port", GOES_ON, GOES_ON)


def _submit(fault: str, not_sent: str) -> tuple[str, str]:
    if not_sent == "unreachable":
        return GOES_ON, not_sent  # nothing left this machine, so it may be sent
    if fault in _LOST_BUT_DONE:
        return GOES_ON, GOES_ON  # the session shows that the refine has started
    if fault.startswith(("425", "429")):
        return "rate_limited", "rate_limited"
    return UNSURE, UNSURE


def _refusals() -> Iterator[Cell]:
    yield Cell("check", "400", GOES_ON, "request_refused")
    yield Cell("submit", "400", "request_refused", "request_refused")
    yield Cell("poll", "400", GOES_ON, "request_refused")
    yield Cell("download", "400", GOES_ON, "request_refused")
    for fault, code in _REFUSED.items():
        yield Cell("check", fault, code, code)
        yield Cell("submit", fault, code, code)
        yield Cell("poll", fault, GOES_ON if fault == "404" else code, code)
        yield Cell("download", fault, GOES_ON, "request_refused" if fault == "402" else "link_expired")
    for fault in _PLAIN_REFUSED:
        yield Cell("check", fault, "request_refused", "request_refused")
        yield Cell("submit", fault, "request_refused", "request_refused")
        yield Cell("poll", fault, GOES_ON, "request_refused")
        yield Cell("download", fault, GOES_ON, "request_refused")


def _wrong_shape() -> Iterator[Cell]:
    for fault in ("JSON without data", "a JSON list", "JSON cut short"):
        yield Cell("check", fault, GOES_ON, "unexpected_answer")
        yield Cell("submit", fault, UNSURE, UNSURE)
        yield Cell("poll", fault, GOES_ON, "deadline_passed")
        yield Cell("download", fault, GOES_ON, "bad_mesh")


def table() -> str:
    """The promises as a table in Markdown: what happens when the fault comes once / when it stays."""
    found = {(cell.fault, cell.step): cell for cell in cells()}
    faults = list(dict.fromkeys(cell.fault for cell in cells()))
    lines = ["| fault | check | submit | poll | download |", "|---|---|---|---|---|"]
    for fault in faults:
        row = [_words(found.get((fault, step))) for step in STEPS]
        lines.append(f"| {fault} | {' | '.join(row)} |")
    return "\n".join(lines)


def _words(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    once, lasting = (text if text in (GOES_ON, UNSURE) else f"`{text}`" for text in (cell.once, cell.lasting))
    return once if once == lasting else f"{once} / {lasting}"


DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- matrix: written by tests/reliability/expectations.py -->", "<!-- end of the matrix -->"


def document_with_table(text: str) -> str:
    """The text of the document with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{sum(1 for _ in cells())} cells\n")
