# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as operators tell them."""

from __future__ import annotations

import bpy

from ..core.errors import CsmError
from ..scene.addon.translation import reports
from .returns import Returned


def report_error(operator: bpy.types.Operator, error: CsmError) -> Returned:
    """Report *error* with its hint, and the set to return then."""
    operator.report({"ERROR"}, told(error))
    return {"CANCELLED"}


def told(error: CsmError) -> str:
    """*error* and its hint, for a report."""
    return reports.translate(error.advice)
