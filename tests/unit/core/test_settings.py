# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the key, the service and the job folder are taken from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_blender.core.errors import BadValue, MissingKey
from csm_blender.core.settings import LONGEST_LEASE_S, Settings, base_url_from, data_home, is_loopback, key_from

KEY = "Abc123Abc123Abc123Abc123Abc12345"


def test_settings_hide_the_key_and_refuse_what_no_header_holds() -> None:
    assert KEY not in repr(Settings(key=KEY))
    with pytest.raises(MissingKey):
        Settings().require_key()
    with pytest.raises(BadValue):
        Settings(key="a\nb").require_key()
    assert key_from({"CSM_API_KEY": f" {KEY} "}, "other") == KEY
    assert key_from({}, "other") == "other"


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "https://", "api.csm.ai", "https://u:p@x.example", "https://x.example?k=1", "https://[::1", "http://x.example",
     "https://x.example#a", "https://x.example:99999"],
)  # fmt: skip
def test_base_urls_that_are_refused(url: str) -> None:
    with pytest.raises(BadValue):
        base_url_from({"CSM_BASE_URL": url})


def test_loopback_by_name_and_address(tmp_path: Path) -> None:
    for url in ("http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:2", "http://a.localhost"):
        assert is_loopback(url)
    for url in (
        "http://localhost.example",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[",
        "x",
        "http://127.0.0.1.example",
    ):
        assert not is_loopback(url)
    assert data_home({"CSM_HOME": str(tmp_path)}) == tmp_path


def test_the_environment_wins_over_the_preferences_and_both_over_the_default() -> None:
    assert base_url_from({}) == "https://api.csm.ai"
    assert base_url_from({}, "https://a.example/v3/") == "https://a.example/v3"
    assert base_url_from({"CSM_BASE_URL": "http://127.0.0.1:8000/"}, "https://a.example") == "http://127.0.0.1:8000"


def test_a_lease_is_longer_than_any_single_request() -> None:
    for timeout_s in (0.1, 20.0, 60.0):
        settings = Settings(connect_timeout_s=timeout_s, read_timeout_s=timeout_s)
        assert settings.connect_timeout_s + settings.answer_limit_s < settings.lease_s <= LONGEST_LEASE_S


def test_the_job_folder_without_a_choice_is_the_platforms_place() -> None:
    home = data_home({"XDG_DATA_HOME": "/data", "LOCALAPPDATA": "/data"})
    assert home.name == "csm_blender"
    assert home.is_absolute()
