# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark an object as an asset and write on it what it is. The converter does so in a library, the scene in its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from ..core.files.asset_catalog import CATALOG_ID
from .thumbnail import SIZE_PX, Pixels

_NO_CATALOG = "00000000-0000-0000-0000-000000000000"
_OURS = "Refined by CSM"


@dataclass(frozen=True)
class Label:
    """What is written on an asset: where it comes from, and who made it (empty where nobody is named)."""

    session_code: str
    job_id: str
    author: str = ""


def label_asset(obj: bpy.types.Object, label: Label, picture: Pixels | None) -> bool:
    """Make *obj* an asset with this label and picture; ``False`` where Blender does not let it be one.

    What a person has written on an object that was an asset before stays.
    """
    obj.asset_mark()
    data: Any = obj.asset_data
    if data is None:
        return False
    if data.catalog_id == _NO_CATALOG:
        data.catalog_id = CATALOG_ID
    if not data.description or data.description.startswith(_OURS):
        data.description = f"{_OURS} from {label.session_code} (job {label.job_id})"
    if label.author and not data.author:
        data.author = label.author
    for tag in ("CSM", label.session_code):
        data.tags.new(tag, skip_if_exists=True)
    if picture is not None:
        preview: Any = obj.preview_ensure()
        preview.image_size = (SIZE_PX, SIZE_PX)
        preview.image_pixels.foreach_set(picture)
    return True
