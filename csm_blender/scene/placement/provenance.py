# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a result comes from, as custom properties on it. No secrets, no paths."""

from __future__ import annotations

import bpy

from ...core.jobs.job import Job
from ...core.version import VERSION
from ..blender.custom_properties import read
from ..versions.history import REFINED_AT, SESSION


def stamp(result: bpy.types.Object | bpy.types.Mesh, job: Job, placed_at: str) -> None:
    """Write session, what was sent, the file's checksum, the add-on's version and the time onto *result*.

    What was not sent is left out.
    """
    sent = job.spec.refinement
    result[SESSION] = job.session_code
    result["csm_job_id"] = job.job_id
    result["csm_glb_sha256"] = job.glb_sha256
    result["csm_addon_version"] = VERSION
    result[REFINED_AT] = placed_at
    for name, value in (("csm_scaled_bbox", sent.scaled_bbox), ("csm_pivot_point", sent.pivot_point)):
        if value is not None:
            result[name] = list(value)
        elif read(result, name) is not None:
            del result[name]
