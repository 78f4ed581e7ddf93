# SPDX-License-Identifier: GPL-3.0-or-later
"""When to ask again. Polling ("not done yet") and retrying ("that went wrong") are two different rhythms."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_DELAY_S = 30.0
LONGEST_RETRY_AFTER_S = 3600.0


def poll_delay_s(running_s: float, percent: float | None, fixed_s: float | None = None) -> float:
    """Seconds until the next check of a refine that has been running for *running_s*.

    *fixed_s* is the user's own interval and wins. Otherwise 1 s at first, then a ninth of the time the refine has taken
    so far, between 5 and 30 s: the longer it takes, the less a small delay matters. Where the service gives a
    *percent*, a quarter of the time that seems to be left is waited instead, but at least 3 % of what has passed: far
    from the end that asks less often, near the end it finds the result sooner.
    """
    if fixed_s is not None:
        return fixed_s
    if percent is not None and 0.0 < percent <= 100.0 and running_s > 0.0:  # noqa: PLR2004 - percent
        left_s = running_s * (100.0 - percent) / percent
        return min(LONGEST_DELAY_S, max(0.5, 0.03 * running_s, left_s / 4.0))
    return 1.0 if running_s < 1.0 else min(LONGEST_DELAY_S, max(5.0, running_s / 9.0))


def retry_delay_s(faults: int, retry_after_s: float | None, draw: random.Random) -> float:
    """Seconds until the next try after *faults* faults in a row (at least 1).

    The server's own ``Retry-After`` wins. Otherwise exponential backoff with full jitter: see
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    if retry_after_s is not None:
        return min(LONGEST_RETRY_AFTER_S, max(0.1, retry_after_s))
    return max(0.1, draw.uniform(0.0, min(LONGEST_DELAY_S, 2.0 ** min(faults, 10))))


def parse_retry_after(value: str | None, date: str | None = None) -> float | None:
    """Seconds from a ``Retry-After`` header, which holds seconds or an HTTP date (RFC 9110 §10.2.3).

    *date* is the answer's ``Date`` header: where there is one, it is what the server's clock says now, and the clock of
    this machine may be wrong.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    when = _http_date(text)
    if when is None:
        return None
    return max(0.0, (when - (_http_date(date or "") or datetime.now(UTC))).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
