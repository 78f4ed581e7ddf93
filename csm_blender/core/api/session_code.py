# SPDX-License-Identifier: GPL-3.0-or-later
"""Session codes, found in any text that a user pastes.

Forms seen in the documentation and in CSM's own repositories: ``SESSION_P_44569824122``,
``SESSION_1689257215_1674078``, ``SESSION_11_1710422392_4549402``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ..errors import BadSessionCode

MAX_LENGTH = 64
_WHOLE = re.compile(r"SESSION_[A-Za-z0-9]+(?:_[A-Za-z0-9]+){0,3}", re.ASCII)
_INSIDE = re.compile(r"(?<![A-Za-z0-9_])" + _WHOLE.pattern + r"(?![A-Za-z0-9_])", re.ASCII)


def parse_session_code(text: str) -> str:
    """The one session code in *text*: the code itself, with spaces around it, or a pasted http(s) URL holding it.

    Raises :class:`BadSessionCode` with a sentence that says what was found instead.
    """
    stripped = text.strip()
    if not stripped:
        raise BadSessionCode("The session code is empty.")
    if len(stripped) <= MAX_LENGTH and _WHOLE.fullmatch(stripped):
        return stripped
    if stripped.startswith(("http://", "https://")):
        return _code_in_url(stripped)
    if stripped.startswith("ASSET_"):
        raise BadSessionCode("{text} is the code of an asset, not of a session.", text=shortened(stripped))
    raise BadSessionCode("{text} is not a session code.", text=shortened(stripped))


def find_session_codes(text: str) -> list[str]:
    """All session codes in a pasted *text*, in order, each once."""
    return list(dict.fromkeys(code for code in _INSIDE.findall(text) if len(code) <= MAX_LENGTH))


def _code_in_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadSessionCode("{text} is not a valid URL.", text=shortened(url)) from error
    codes = find_session_codes(unquote(f"{parts.path}?{parts.query}#{parts.fragment}"))
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise BadSessionCode("The pasted URL contains {count} session codes.", count=len(codes))
    raise BadSessionCode("The pasted URL contains no session code.")


def shortened(text: str, limit: int = 60) -> str:
    """*text* quoted for a message: control characters escaped, cut to *limit* characters."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
