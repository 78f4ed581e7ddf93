# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are small, full or read-only, and a pipeline whose store lies on one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from common import IN_CI
from jobs_at_hand import QuickDraw, idle_converters, settings
from tiny_glb import box_binary, box_document, glb

from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.pipeline import Pipeline

URL = "http://127.0.0.1:9"


def mounted(folder: Path, options: str) -> bool:
    """Whether a tmpfs with *options* could be mounted on *folder*; skips with the reason where it cannot."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return True
    if IN_CI:
        pytest.fail(f"a tmpfs is needed in CI: {done.stderr}")
    pytest.skip(f"mounting a tmpfs needs root: {done.stderr.strip()}")


def add_session(service: Any, tmp_path: Path, code: str, size: int = 0) -> Path:
    mesh = tmp_path / "box.glb"
    document_padding = b"\0" * size
    document = box_document()
    document["buffers"][0]["byteLength"] += size
    mesh.write_bytes(glb(document, box_binary() + document_padding))
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1)
    return mesh


def pipeline_on(store: Store, service: Any, **changes: Any) -> Pipeline:
    chosen = settings(service.url, service.key, **changes)
    return Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw())
