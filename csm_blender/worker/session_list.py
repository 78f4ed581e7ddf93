# SPDX-License-Identifier: GPL-3.0-or-later
"""List one page of the account's sessions, fetch their pictures, keep both; a child process of the session browser.

Its argument is the page's number. It reports progress once the list is kept, before the pictures are fetched;
its answer says how it went.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ..core.api.client import CsmClient, SessionPage
from ..core.api.download import download
from ..core.api.session import Session
from ..core.errors import CsmError, DiskProblem
from ..core.file_system import remove_file, replace_file
from ..core.files import session_cache
from ..core.messages import ROUTINE, Message
from ..core.processes.child_side import Parent
from ..core.processes.launch import arguments_of_child
from ..core.settings import Settings
from .config import WorkerConfig

LARGEST_PICTURE = 8 * 1024**2
PICTURES_AT_ONCE = 6
_LISTED = 0.2
"""The share of the work that is done when the list is kept."""
_KINDS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
"""How the pictures begin that Blender reads: PNG, JPEG, WebP."""

_log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    """Read the configuration from standard input, list, answer."""
    parent = Parent()
    config = WorkerConfig.from_line(parent.next_line())
    try:
        fetch_page(config.settings, config.home, int(argv[0]), parent.report_progress)
        answer = {"good": True, "message": ""}
    except CsmError as error:
        answer = {"good": False, "message": error.advice}
    parent.send_answer(answer)
    return 0


def fetch_page(
    settings: Settings,
    home: Path,
    number: int,
    report_progress: Callable[[float, str], None] = lambda _share, _text: None,
) -> None:
    """Update the stored list with page *number*, then its pictures. Raises a :class:`CsmError`.

    *report_progress* is called in between: the list can be read from then on.
    """
    with closing(CsmClient(settings)) as client:
        page = client.sessions(session_cache.PAGE_SIZE, number)
    folder = session_cache.folder_for(home, settings.base_url)
    pictures = folder / session_cache.PICTURES
    try:
        pictures.mkdir(parents=True, exist_ok=True)
        _keep(page, number, folder)
        report_progress(_LISTED, Message("Fetching the pictures", code=ROUTINE))
        with ThreadPoolExecutor(PICTURES_AT_ONCE) as pool:
            list(pool.map(lambda session: _fetch_picture(session, pictures, settings), page.sessions))
        _keep(page, number, folder)
    except OSError as error:
        raise DiskProblem("The list of sessions cannot be kept: {reason}.", reason=error) from error


def _keep(page: SessionPage, number: int, folder: Path) -> None:
    """Write *page* into the stored list, with the pictures that are there by now. Raises :class:`OSError`."""
    found = (session_cache.entry_of(session, folder / session_cache.PICTURES) for session in page.sessions)
    entries = tuple(entry for entry in found if entry is not None)
    session_cache.save(session_cache.load(folder).with_page(number, entries, page.total, time.time()), folder)


def _fetch_picture(session: Session, pictures: Path, settings: Settings) -> None:
    """Fetch a session's picture unless it is there. Without it the list is still of use."""
    path = pictures / session_cache.picture_name(session.code)
    if not session.image_url or path.exists():
        return
    part = path.with_suffix(".new")
    try:
        limited = replace(settings, max_download_bytes=LARGEST_PICTURE)
        download(session.image_url, part, limited, lambda _done, _total: None)
        with part.open("rb") as file:
            is_picture = file.read(8).startswith(_KINDS)
        if is_picture:
            replace_file(part, path)
    except (CsmError, OSError) as error:
        _log.info("The picture of %s: %s", session.code, error)
    finally:
        remove_file(part)


if __name__ == "__main__":
    sys.exit(main(arguments_of_child(sys.argv)))
