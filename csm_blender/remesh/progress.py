# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a stage as a part of the whole."""

from __future__ import annotations

from ..core.remesh import ReportProgress


def within(report_progress: ReportProgress, low: float, high: float) -> ReportProgress:
    """A report of a stage's own progress, 0 to 1, that tells *report_progress* shares from *low* to *high*."""

    def report(share: float, text: str) -> None:
        report_progress(low + (high - low) * share, text)

    return report
