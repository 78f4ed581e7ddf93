# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory there is, and is taken."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_glb import glb

from csm_blender.core.processes import memory
from csm_blender.core.remesh import RemeshOptions, memory_needed


def test_a_converter_needs_more_for_a_larger_file(tmp_path: Path) -> None:
    mesh = tmp_path / "mesh"
    mesh.write_bytes(bytes(1000))
    assert memory.converter_needs(mesh) == memory.CONVERTER_BYTES + 1000 * memory.BYTES_PER_MESH_BYTE
    assert memory.converter_needs(tmp_path / "none") == memory.CONVERTER_BYTES


@pytest.mark.parametrize(
    ("limit", "used", "left"), [("3000", "1000", 2000), ("1000", "3000", 0), ("max", "1000", None)]
)
def test_a_container_leaves_what_its_limit_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, used: str, left: int | None
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory._of_control_group() == left


@pytest.mark.parametrize(
    ("system", "container", "usable"), [(1000, 400, 280), (400, 1000, 280), (1000, None, 700), (None, None, None)]
)
def test_converters_use_a_share_of_the_smaller_of_both(
    monkeypatch: pytest.MonkeyPatch, system: int | None, container: int | None, usable: int | None
) -> None:
    monkeypatch.setattr(memory, "_of_system", lambda: system)
    monkeypatch.setattr(memory, "_of_control_group", lambda: container)
    assert memory.memory_to_use() == usable


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_a_process_takes() -> None:
    held = bytearray(50_000_000)
    assert (memory.resident_bytes(os.getpid()) or 0) > len(held)
    assert memory.resident_bytes(2**30) is None


def test_windows_tells_what_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    def status_ex(status: ctypes.Array[ctypes.c_char]) -> int:
        assert int.from_bytes(status.raw[:4], "little") == len(status.raw) == 64, "sizeof(MEMORYSTATUSEX)"
        status[16:24] = (5 * 1024**3).to_bytes(8, "little")
        return 1

    kernel = SimpleNamespace(GlobalMemoryStatusEx=status_ex)
    monkeypatch.setattr(memory.ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert memory._of_windows() == 5 * 1024**3


def test_what_a_file_announces_or_its_size_tells_what_remeshing_needs(tmp_path: Path) -> None:
    options = RemeshOptions()
    (tmp_path / "in.glb").write_bytes(glb())
    assert memory.remesh_needs(tmp_path / "in.glb", options) == memory_needed(12, options)
    (tmp_path / "in.stl").write_bytes(bytes(80) + (1000).to_bytes(4, "little") + bytes(50_000))
    assert memory.remesh_needs(tmp_path / "in.stl", options) == pytest.approx(memory_needed(1000, options), rel=1e-3)
    for damaged in (b"", b"glTF", b"PK"):
        (tmp_path / "in").write_bytes(damaged)
        assert memory.remesh_needs(tmp_path / "in", options) == memory_needed(0, options)
    assert memory.remesh_needs(tmp_path / "none", options) == memory_needed(0, options)
