# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests until a refine is found done, by the pipeline's own rhythm on a clock that is turned by hand."""

from __future__ import annotations

from collections.abc import Callable

from measuring import Bench, Row, yes_if

from csm_blender.core.api.backoff import poll_delay_s

MINUTES = (0.5, 2.0, 10.0, 40.0)
PLAIN_S = 5.0
STEP_S = 7.0


def measure(bench: Bench) -> list[Row]:  # noqa: ARG001 - nothing is slow here
    """A row for each kind of service."""
    kinds: dict[str, Callable[[float, float], float | None]] = {
        "a service that tells percent_done": lambda now, end: 100.0 * now / end,
        "one whose percent_done stops at 90 for the last third": lambda now, end: min(90.0, 135.0 * now / end),
        "one that tells nothing": lambda _now, _end: None,
    }
    return [_row(name, percent) for name, percent in kinds.items()]


def _row(name: str, percent: Callable[[float, float], float | None]) -> Row:
    found = {minutes: _average(minutes * 60.0, percent) for minutes in MINUTES}
    requests, late_s, worst_s = found[10.0]
    plain = 600.0 / PLAIN_S + 2.0
    others = "; ".join(
        f"{minutes:g} min: {count:.0f} for {minutes * 12 + 2:.0f}, {100 * late / minutes / 60:.1f} % later"
        for minutes, (count, late, _worst) in found.items()
        if minutes != 10.0
    )
    return Row(
        f"requests for a 10-minute refine, {name}",
        f"{requests:.0f}, found done {late_s:.0f} s later (at worst {worst_s:.0f} s)",
        f"a client that polls every {PLAIN_S:g} s: {plain:.0f}",
        f"{requests / plain:.2f} times, {100 * late_s / 600:.1f} % later",
        "a third or fewer, at most 5 % later",
        yes_if(requests <= plain / 3.0 and late_s <= 30.0),
        f"Means over 50 refines of 570 to 630 s. The same for other lengths: {others}.",
    )


def _average(seconds: float, percent: Callable[[float, float], float | None]) -> tuple[float, float, float]:
    """Mean requests, mean and worst lateness of refines that take about *seconds*."""
    ends = [seconds * (0.95 + 0.1 * i / 49.0) for i in range(50)]
    played = [_play(end, percent) for end in ends]
    counts, late = [count for count, _ in played], [late for _, late in played]
    return sum(counts) / len(counts), sum(late) / len(late), max(late)


def _play(end: float, percent: Callable[[float, float], float | None]) -> tuple[int, float]:
    """Requests (a look before, the refine request, the polls) and how late the end was found."""
    now, requests = 0.0, 2
    delay = poll_delay_s(0.0, None)
    while True:
        now += delay
        requests += 1
        if now >= end:
            return requests, now - end
        delay = poll_delay_s(now, percent(now, end))
