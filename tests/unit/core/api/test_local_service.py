# SPDX-License-Identifier: GPL-3.0-or-later
"""The local service is found where only its user could have announced it; CSM's cloud is never asked to take a mesh."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from csm_blender.core.api.local_service import (
    RUNNING,
    RunningService,
    announce,
    may_take_sessions,
    running_service,
    service_folder,
    withdraw,
)

SERVICE = RunningService("http://127.0.0.1:40123", "k" * 32)


def test_what_is_announced_is_found_until_it_is_withdrawn(tmp_path: Path) -> None:
    assert running_service(tmp_path) is None
    announce(tmp_path, SERVICE)
    assert running_service(tmp_path) == SERVICE
    withdraw(tmp_path, RunningService("http://127.0.0.1:1", "other"))
    assert running_service(tmp_path) == SERVICE, "that was another service"
    withdraw(tmp_path, SERVICE)
    assert running_service(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_shown_nowhere() -> None:
    assert SERVICE.key not in repr(SERVICE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps others out of the user's folders, not by mode bits")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606, 0o622])
def test_a_file_that_others_may_read_or_write_is_not_trusted(tmp_path: Path, mode: int) -> None:
    announce(tmp_path, SERVICE)
    assert (tmp_path / RUNNING).stat().st_mode & 0o777 == 0o600
    (tmp_path / RUNNING).chmod(mode)
    assert running_service(tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    announce(elsewhere, SERVICE)
    (tmp_path / RUNNING).symlink_to(elsewhere / RUNNING)
    assert running_service(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"url": "http://127.0.0.1:1"}',
        json.dumps({"url": "https://evil.example", "key": "k"}),
        json.dumps({"url": "http://evil.example", "key": "k"}),
        json.dumps({"url": "ftp://127.0.0.1", "key": "k"}),
        json.dumps({"url": "http://127.0.0.1:1", "key": "ключ"}),
        " " * 20_000 + json.dumps(SERVICE.as_dict()),
    ],
)
def test_what_is_no_service_of_this_machine_is_not_found(tmp_path: Path, content: str) -> None:
    (tmp_path / RUNNING).write_text(content, encoding="utf-8")
    (tmp_path / RUNNING).chmod(0o600)
    assert running_service(tmp_path) is None


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://api.csm.ai", False),
        ("https://API.CSM.AI./", False),
        ("https://csm.ai", False),
        ("http://127.0.0.1:40123", True),
        ("https://refine.studio.example", True),
        ("https://csm.ai.example", True),
        ("", False),
    ],
)
def test_only_services_of_ones_own_are_asked_to_take_a_mesh(url: str, may: bool) -> None:
    assert may_take_sessions(url) is may


def test_the_folder_is_the_platform_s_for_program_data(tmp_path: Path) -> None:
    named = {"XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    assert service_folder(named).name == "csm-local-service"
    if sys.platform != "darwin":  # which has no variable for it
        assert service_folder(named).parent == tmp_path
