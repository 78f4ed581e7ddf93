# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB without its animations: importers pose what is animated at its first frame, and the rest pose is wanted."""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def without_animation(path: Path, *, animated: bool) -> Iterator[Path]:
    """The GLB at *path*, which was checked; for an *animated* one a copy without its animations, gone afterwards."""
    if not animated:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder) / "still.glb"
        with path.open("rb") as source, still.open("wb") as copy:
            json_bytes = struct.unpack("<4sIIII", source.read(20))[3]
            document = json.loads(source.read(json_bytes))
            document.pop("animations", None)
            text = json.dumps(document, separators=(",", ":")).encode()
            text += b" " * (-len(text) % 4)
            copy.write(struct.pack("<4sIIII", b"glTF", 2, 0, len(text), 0x4E4F534A))
            copy.write(text)
            shutil.copyfileobj(source, copy)
            length = copy.tell()
            copy.seek(8)
            copy.write(struct.pack("<I", length))
        yield still
