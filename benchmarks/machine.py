# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measuring machine is."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def description() -> list[str]:
    """Sentences for the head of the table."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB of memory",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"load average (1, 5, 15 minutes) at the start: {load}",
    ]


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    except (AttributeError, ValueError, OSError):
        return 0.0
