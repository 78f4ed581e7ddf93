# SPDX-License-Identifier: GPL-3.0-or-later
"""The type of what operators return."""

from __future__ import annotations

from typing import Literal

Returned = set[Literal["RUNNING_MODAL", "CANCELLED", "FINISHED", "PASS_THROUGH", "INTERFACE"]]
