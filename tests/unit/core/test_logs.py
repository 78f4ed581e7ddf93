# SPDX-License-Identifier: GPL-3.0-or-later
"""The log file says why something went wrong, down to the first cause, and holds no secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from csm_blender.core.errors import Unreachable
from csm_blender.core.logs import PACKAGE_LOGGER, log_to_file

KEY = "sk-0123456789abcdef"
SECRETS = (KEY, "X-Amz-Signature", "0a1b2c", "ada@example.org", "ada%40example.org")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger(PACKAGE_LOGGER)
    before = list(found.handlers)
    yield found
    for handler in [handler for handler in found.handlers if handler not in before]:
        found.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize(
    "cause",
    [
        "Max retries exceeded with url: /ada%40example.org/mesh.glb?X-Amz-Signature=0a1b2c (Caused by TimeoutError())",
        "https://storage/ada@example.org/mesh.glb?X-Amz-Signature=0a1b2c",
        f"Invalid header value b'{KEY}'",
    ],
)
def test_the_cause_is_told_without_secrets(cause: str, tmp_path: Path, logger: logging.Logger) -> None:
    path = log_to_file(tmp_path, KEY)
    assert path is not None
    error = Unreachable("No connection to the storage.")
    error.__cause__ = OSError(cause)
    logger.error("A step broke", exc_info=error)
    told = path.read_text(encoding="utf-8")
    assert "OSError" in told
    assert "direct cause" in told
    assert not [secret for secret in SECRETS if secret in told]
