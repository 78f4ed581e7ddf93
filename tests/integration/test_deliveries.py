# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as they are delivered: each is placed as it looks, or refused with the reason: docs/deliveries.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from common import ROOT

pytest.importorskip("bpy")

from delivery_cases.delivery import Delivery, outcome_of
from delivery_cases.run import named_deliveries

EXACT = 1e-6
SPOILED = ("bad_numbers", "missing_textures", "transparent_materials", "inside_out")
"""Findings with which a result is not called good; none of them unless it is expected."""


@pytest.mark.parametrize("delivery", named_deliveries().values(), ids=named_deliveries())
def test_what_is_delivered_is_placed_as_it_looks_or_refused_with_the_reason(delivery: Delivery, tmp_path: Path) -> None:
    outcome = outcome_of(delivery.made(), tmp_path)
    if delivery.refused and (outcome.kind or not delivery.or_placed):
        assert delivery.refused in outcome.refused
        assert not re.search(r"Location:|\.py|/[a-z_0-9.-]+/", outcome.refused), "no places of this computer"
        return
    assert not outcome.refused
    assert outcome.triangles == delivery.triangles
    assert outcome.fitted_error < EXACT
    size = max(high - low for low, high in zip(*delivery.box, strict=True))
    for found, expected in zip(outcome.box, delivery.box, strict=True):
        # Coordinates are 32-bit numbers: far from the origin they are coarse.
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * size)
    told = " ".join(outcome.notes)
    assert delivery.says in told if delivery.says else not told
    found = {name: outcome.findings.get(name) or 0 for name in (*SPOILED, *delivery.finds)}
    assert found == dict.fromkeys(SPOILED, 0) | dict(delivery.finds)


def test_the_page_lists_every_delivery() -> None:
    page = (ROOT / "docs" / "deliveries.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    listed = {row[-1]: row[0] for row in rows}
    assert {name: listed.get(name) for name in named_deliveries()} == {
        name: delivery.feature for name, delivery in named_deliveries().items()
    }, "python scripts/deliveries.py writes it"
