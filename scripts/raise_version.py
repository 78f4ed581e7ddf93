# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a new version wherever it is said: ``python3 scripts/raise_version.py 1.2.0``. A release begins with it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))  # this folder is no package; its modules are siblings

from releasing import versions

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="three numbers: 1.2.0")
    parser.add_argument("--date", default=datetime.now(tz=UTC).strftime("%Y-%m-%d"), help="default: today")
    arguments = parser.parse_args()
    try:
        print("\n".join(versions.raise_version(ROOT, arguments.version, arguments.date)) or "nothing to change")
    except ValueError as problem:
        sys.exit(str(problem))
