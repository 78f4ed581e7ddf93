# SPDX-License-Identifier: GPL-3.0-or-later
"""Log files hold no secret, and not more than a week of them is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from csm_blender.core.errors import Unreachable
from csm_blender.core.logs import DAYS_KEPT, PACKAGE_LOGGER, log_to_file

KEY = "Abc123Abc123Abc123Abc123Abc12345"
SECRETS = (KEY, "X-Amz-Signature", "0a1b2c", "ada@example.org", "ada%40example.org")


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    logger = logging.getLogger(PACKAGE_LOGGER)
    before = [*logger.handlers]
    yield
    for handler in [handler for handler in logger.handlers if handler not in before]:
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(logging.NOTSET)


def test_what_the_package_logs_is_written_without_secrets_tracebacks_included(tmp_path: Path) -> None:
    path = log_to_file(tmp_path, KEY)
    assert path is not None
    log = logging.getLogger(f"{PACKAGE_LOGGER}.core.anything")
    log.info("sent %s to %s", KEY, "https://store.example/jane@x.example/mesh.glb?sig=abc")
    try:
        int(f"bad key {KEY}")
    except ValueError:
        log.exception("it broke")
    logging.getLogger("somebody.else").warning("not ours")
    text = path.read_text(encoding="utf-8")
    assert path.parent == tmp_path / "logs"
    assert KEY not in text
    assert "sig=abc" not in text
    assert "bad key [key]" in text
    assert "not ours" not in text
    assert PACKAGE_LOGGER == "csm_blender"


def test_a_second_call_writes_each_line_once_and_no_key(tmp_path: Path) -> None:
    """As ``resume`` calls it, first for jobs without a service, and each task of a Dask worker."""
    path = log_to_file(tmp_path, "")
    assert path == log_to_file(tmp_path, KEY) == log_to_file(tmp_path, KEY)
    assert path is not None
    logging.getLogger(PACKAGE_LOGGER).warning("sent %s", KEY)
    [line] = path.read_text(encoding="utf-8").splitlines()
    assert line.endswith("sent [key]")


def test_old_files_go_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(1, 21):
        (folder / f"csm-2020-01-{day:02d}.log").write_text("old")
    (folder / "notes.txt").write_text("somebody's")
    today = log_to_file(tmp_path)
    assert today is not None
    left = sorted(path.name for path in folder.glob("csm-*.log"))
    assert left == [f"csm-2020-01-{day:02d}.log" for day in range(21 - DAYS_KEPT, 21)] + [today.name]
    assert (folder / "notes.txt").exists()


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    assert log_to_file(tmp_path) is None


@pytest.mark.parametrize(
    "cause",
    [
        "Max retries exceeded with url: /ada%40example.org/mesh.glb?X-Amz-Signature=0a1b2c (Caused by TimeoutError())",
        "https://storage/ada@example.org/mesh.glb?X-Amz-Signature=0a1b2c",
        f"Invalid header value b'{KEY}'",
    ],
)
def test_the_cause_is_told_without_secrets(cause: str, tmp_path: Path) -> None:
    path = log_to_file(tmp_path, KEY)
    assert path is not None
    error = Unreachable("No connection to the storage.")
    error.__cause__ = OSError(cause)
    logging.getLogger(PACKAGE_LOGGER).error("A step broke", exc_info=error)
    told = path.read_text(encoding="utf-8")
    assert "OSError" in told
    assert "direct cause" in told
    assert not [secret for secret in SECRETS if secret in told]
