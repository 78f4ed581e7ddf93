# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory is free, so that no more converters run at once than fit, and how much a process takes."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

from ..errors import BadMesh, NotEnoughMemory
from ..files.mesh_file import count_triangles
from ..files.mesh_format import MeshFormat, find_format
from ..remesh import RemeshOptions, memory_needed

CONVERTER_BYTES = 450 * 1024**2
BYTES_PER_MESH_BYTE = 25
"""Measured (docs/benchmarks.md): what a converter takes by itself, and on top of that for each byte of a GLB."""
SHARE_TO_USE = 0.7
_BYTES_OF_TRIANGLE = {
    MeshFormat.OBJ: 100,
    MeshFormat.STL: 50,
    MeshFormat.PLY: 20,
    MeshFormat.USD: 12,
    MeshFormat.USDZ: 12,
    MeshFormat.FBX: 12,
}
"""What a triangle of a large mesh takes in a file, at least; FBX and USD are compressed."""
_CGROUP = Path("/sys/fs/cgroup")


def converter_needs(mesh: Path, remesh: RemeshOptions | None = None) -> int:
    """Bytes of memory that converting the file *mesh* may take, after remeshing it where that is wanted."""
    try:
        needs = CONVERTER_BYTES + BYTES_PER_MESH_BYTE * mesh.stat().st_size
    except OSError:
        needs = CONVERTER_BYTES
    return max(needs, remesh_needs(mesh, remesh)) if remesh else needs


def remesh_needs(mesh: Path, options: RemeshOptions) -> int:
    """Bytes of memory that remeshing the file *mesh* may take.

    By what it announces, or a low guess by its size; one that is damaged is left to the converter to report.
    """
    triangles = 0
    try:
        kind = find_format(mesh)
        if kind in (MeshFormat.GLB, MeshFormat.GLTF):
            triangles = count_triangles(mesh)
        elif kind in _BYTES_OF_TRIANGLE:
            triangles = mesh.stat().st_size // _BYTES_OF_TRIANGLE[kind]
    except (BadMesh, OSError):
        pass
    return memory_needed(triangles, options)


def not_enough_memory(needed: int, free: int) -> NotEnoughMemory:
    """The error for work that needs *needed* bytes where *free* may be used."""
    return NotEnoughMemory(
        "This mesh needs about {needed} GB of memory, and {free} GB may be used.",
        needed=f"{needed / 1e9:.1f}",
        free=f"{free / 1e9:.1f}",
    )


def resident_bytes(pid: int) -> int | None:
    """Bytes of memory that process *pid* takes; ``None`` where the system does not tell in a file (not Linux)."""
    if sys.platform == "win32":
        return None
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def memory_to_use() -> int | None:
    """Bytes that converters may take together, of what is free right now; ``None`` where that cannot be known.

    Linux tells what is available (``MemAvailable``) and how much of its control group's limit is left, Windows tells
    what is available. macOS does not tell without another program, so half of the memory there is counts.
    """
    found = [free for free in (_of_system(), _of_control_group()) if free is not None]
    return int(SHARE_TO_USE * min(found)) if found else None


def _of_system() -> int | None:
    if sys.platform == "win32":
        return _of_windows()
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (OSError, ValueError):
        return None


def _of_control_group() -> int | None:
    """What a container leaves us."""
    try:
        limit, used = ((_CGROUP / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):  # no control group, or no limit ("max")
        return None


def _of_windows() -> int | None:
    """``ullAvailPhys`` of MEMORYSTATUSEX, which holds its own length, a percentage, and seven sizes."""
    layout = struct.Struct("=2I7Q")
    status = ctypes.create_string_buffer(layout.pack(layout.size, *[0] * 8), layout.size)
    try:
        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]  # there on Windows only
        return int(layout.unpack(status.raw)[3]) if kernel.GlobalMemoryStatusEx(status) else None
    except (AttributeError, OSError):
        return None
