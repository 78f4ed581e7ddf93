# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a mesh file: streamed to a ``.part`` beside its place, checked for length, then renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import requests

from .. import errors
from ..file_system import fresh_part, remove_file, replace_file
from ..settings import Settings
from .backoff import parse_retry_after
from .limits import body_chunks
from .transport import check_allowed, new_http_session, open_response

MAX_REDIRECTS = 5


@dataclass(frozen=True)
class Download:
    """A file that arrived whole: where it is, its length in bytes and its SHA-256 in hex."""

    path: Path
    length: int
    sha256: str


def download(url: str, path: Path, settings: Settings, on_progress: Callable[[int, int | None], None]) -> Download:
    """Fetch *url* into *path*.

    No key, cookie or .netrc entry goes along: signed links need none. *on_progress* is called with (bytes so far,
    bytes announced or ``None``) as they come and may raise to stop. Raises a :class:`TransientError` where
    another try may succeed, :class:`DiskProblem` where it would not; in all cases the ``.part`` file is deleted.
    """
    part = fresh_part(path)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            check_allowed(url, settings)
            headers = {"Accept-Encoding": "identity"}  # so that the length announced is the file's
            with new_http_session(url) as http, open_response(http, "GET", url, settings, headers=headers) as response:
                if response.is_redirect:
                    url = _joined(url, response.headers["location"])
                    continue
                _refuse_status(response)
                length, digest = _stream_to(part, response, settings.max_download_bytes, on_progress)
            replace_file(part, path)
            return Download(path, length, digest)
        raise errors.LinkExpired("The link to the mesh redirects in a loop.")
    except OSError as error:
        raise errors.DiskProblem(
            "The mesh cannot be written to {folder}: {reason}.", folder=path.parent, reason=error
        ) from error
    finally:
        remove_file(part)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise errors.ForeignRedirect("The storage redirects to an address that is not a valid URL.") from error


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:  # noqa: PLR2004 - HTTP
        return
    if status in (401, 403, 404, 410):
        raise errors.LinkExpired("The storage refuses the link ({status}).", status=status)
    if status in (408, 425, 429) or status >= 500:  # noqa: PLR2004 - HTTP
        wait = parse_retry_after(response.headers.get("retry-after"), response.headers.get("date"))
        raise errors.ServiceBusy("The storage cannot answer right now ({status}).", retry_after_s=wait, status=status)
    raise errors.RequestRefused("The storage answers with {status}.", status=status)


def _stream_to(
    part: Path, response: requests.Response, max_bytes: int, on_progress: Callable[[int, int | None], None]
) -> tuple[int, str]:
    announced_text = response.headers.get("content-length", "")
    announced = int(announced_text) if announced_text.isdigit() else None
    too_long = errors.MeshTooLarge("The mesh is larger than the limit of {limit} MiB.", limit=max_bytes // 1024**2)
    if announced is not None and announced > max_bytes:
        raise too_long
    digest = hashlib.sha256()
    length = 0
    with part.open("wb") as file:
        try:
            for chunk in body_chunks(response, max_bytes, too_long, large=True):
                file.write(chunk)
                digest.update(chunk)
                length += len(chunk)
                on_progress(length, announced)
        except errors.ConnectionBroken as broken:
            raise errors.DownloadCut("The download was interrupted. {reason}", reason=broken) from broken
        if length == 0:
            raise errors.DownloadCut("The download is empty.")
    return length, digest.hexdigest()


def is_intact(path: Path, sha256: str) -> bool:
    """Whether the file at *path* is there and is what was downloaded.

    A download is not waited for until it is on the disk, so that after a power cut it may be cut or empty.
    """
    try:
        return sum_of_file(path) == sha256
    except OSError:
        return False


def sum_of_file(path: Path) -> str:
    """The SHA-256 of a file's content. Raises :class:`OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
