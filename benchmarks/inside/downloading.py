# SPDX-License-Identifier: GPL-3.0-or-later
"""In plain Python: ``downloading.py OUT.json URL FILE``: the worker's download, and the most memory it took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import csm_blender.worker.thread_pool  # noqa: F401 - all of the worker counts
from csm_blender.core.api.download import download
from csm_blender.core.settings import Settings


def main(out: Path, url: str, target: Path) -> None:
    """Fetch *url*; write seconds, processor time and the peak of this process's memory."""
    settings = Settings(base_url=url.rsplit("/", 1)[0], key="none")
    begun, used = time.perf_counter(), time.process_time()
    download(url, target, settings, lambda _done, _total: None)
    found = {"seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - used, "peak_bytes": _peak_bytes()}
    target.unlink()
    out.write_text(json.dumps(found), encoding="utf-8")


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
