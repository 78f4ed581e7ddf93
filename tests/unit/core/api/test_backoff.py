# SPDX-License-Identifier: GPL-3.0-or-later
"""When to ask again: polling slows down, retries spread, and the server's own wish wins."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from csm_blender.core.api.backoff import parse_retry_after, poll_delay_s, retry_delay_s


def test_polling_slows_down_and_a_fixed_rhythm_wins() -> None:
    delays = [poll_delay_s(float(seconds), None) for seconds in range(0, 3600, 10)]
    assert delays == sorted(delays)
    assert (delays[0], delays[1], delays[-1]) == (1.0, 5.0, 30.0)
    assert poll_delay_s(1000.0, 50.0, 2.0) == 2.0
    assert 0.5 <= poll_delay_s(100.0, 90.0) < poll_delay_s(100.0, 10.0) <= 30.0


@given(st.integers(1, 10**6), st.integers(0, 1000))
def test_backoff_stays_within_its_bounds(faults: int, seed: int) -> None:
    assert 0.1 <= retry_delay_s(faults, None, random.Random(seed)) <= 30.0


def test_retry_after_in_seconds_or_as_a_date_of_the_servers_clock() -> None:
    assert parse_retry_after("120") == 120.0
    assert parse_retry_after(None) is None
    assert parse_retry_after("soon") is None
    assert parse_retry_after("٣") is None
    now = datetime(2030, 1, 1, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert parse_retry_after(later, format_datetime(now, usegmt=True)) == 90.0
    assert parse_retry_after("Mon, 01 Jan 1990 00:00:00 GMT") == 0.0
    assert parse_retry_after("Fri, 31 Dec 99999 23:59:59 GMT") is None


def test_what_the_server_wishes_is_waited_for_within_reason() -> None:
    draw = random.Random(1)
    assert retry_delay_s(1, 7.0, draw) == 7.0
    assert retry_delay_s(9, 0.0, draw) == 0.1
    assert retry_delay_s(1, 1e6, draw) == 3600.0
