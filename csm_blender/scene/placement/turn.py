# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a placed result by a quarter about the up axis of its box; afterwards it fits the box as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ...converter.fitting import fitted_by, planned_move
from ...converter.mesh.transform_mesh import coordinates, reshape
from ...core.conversion import ConversionRequest, Fitted
from ...core.models import JobSpec
from ...core.sources import Facing


def turn_result(mesh: bpy.types.Mesh, spec: JobSpec, facing: Facing = Facing.TURN_90) -> Fitted:
    """Turn the *mesh* of a result of a job planned as *spec* on by *facing*, and fit it again as the job says.

    All objects with this mesh are turned. Gives how it fits now; the stretch in it is that of the turn alone. An undo
    step is the caller's.
    """
    request = replace(ConversionRequest.of(spec, Path()), facing=facing)
    to_meters = np.diag(np.array(spec.placement.signed_scale) * spec.scale_length)
    points = coordinates(mesh) @ to_meters  # as a mesh would have been delivered that became this one
    move = planned_move(points.min(axis=0), points.max(axis=0), request)
    reshape(mesh, move.linear @ to_meters, move.shift, around=np.linalg.inv(to_meters) @ move.around)
    return fitted_by(move, mesh, request.refinement)
