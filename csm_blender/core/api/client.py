# SPDX-License-Identifier: GPL-3.0-or-later
"""The CSM API, one method per endpoint."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import requests

from .. import errors
from ..messages import NOTHING, Message, sentences
from ..models import Refinement
from ..redaction import sanitize
from ..settings import Settings
from .backoff import parse_retry_after
from .limits import WatchedBody, body_chunks
from .local_service import ADD_PATH, CAPTION_LIMIT, GLB_TYPE, may_take_sessions
from .session import Session
from .session_code import parse_session_code
from .transport import new_http_session, open_response, origin

MAX_ANSWER_BYTES = 16 * 1024**2
MAX_REDIRECTS = 3
_NO_SESSIONS = Message("Refine the mesh on this computer, or use the local service (docs/local-service.md).")


@dataclass(frozen=True)
class SessionPage:
    """One page of the account's sessions. ``total`` is ``None`` where the service does not say."""

    sessions: list[Session]
    total: int | None


class NotSent(Exception):
    """Nothing that the service could act on has left this machine; *error* says why."""

    def __init__(self, error: errors.CsmError) -> None:
        self.error = error


class CsmClient:
    """Speaks to one base URL with one key. Not for sharing between threads; it keeps one connection alive.

    The key travels in ``x-api-key`` to the base URL's origin and nowhere else. Without one every request raises
    :class:`.errors.MissingKey`; a pipeline whose jobs ask nothing of a service needs none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = new_http_session(settings.base_url, settings.answer_limit_s)

    def refine(self, code: str, refinement: Refinement) -> None:
        """``POST /image-to-3d-sessions/get-3d/refine/{code}``: ask for the refined mesh. This may spend credits.

        Sends at most one request and never repeats it. Raises :class:`NotSent` when it did not leave this machine,
        :class:`AnswerLost` when it did and the outcome is unknown; any other :class:`CsmError` means that the
        service said no and nothing was started.
        """
        fields = {name: value for name, value in refinement.as_dict().items() if value is not None}
        body = WatchedBody(json.dumps(fields).encode())
        # A connection of its own: a kept-alive one that the server has just closed would look like a lost answer.
        try:
            with new_http_session(self._settings.base_url, self._settings.answer_limit_s) as http:
                path = f"image-to-3d-sessions/get-3d/refine/{quote(code, safe='')}"
                response = self._send(http, path, body)
        except errors.CsmError as error:
            if not body.touched:
                raise NotSent(error) from error
            raise errors.AnswerLost(
                "The refine request was sent, but no answer came back. {error}", error=error
            ) from error
        if 300 <= response.status_code < 400:  # noqa: PLR2004 - HTTP
            raise errors.ForeignRedirect("The service redirects the refine request elsewhere.")
        if response.status_code in (425, 429):
            raise errors.RateLimited("The service does not accept the refine request for now.")
        try:
            self._data(response)
        except errors.TransientError as fault:
            raise errors.AnswerLost(
                "The refine request was sent, but no usable answer came back. {error}", error=fault
            ) from fault

    def session(self, code: str) -> Session:
        """``GET /image-to-3d-sessions/{code}``."""
        return Session.from_data(self._get(f"image-to-3d-sessions/{quote(code, safe='')}"))

    def sessions(self, limit: int = 10, page: int = 1) -> SessionPage:
        """``GET /image-to-3d-sessions?limit&page``: the account's sessions."""
        data = self._get(f"image-to-3d-sessions?limit={limit}&page={page}")
        results = data.get("results") if isinstance(data, Mapping) else None
        if not isinstance(results, list):
            raise errors.UnexpectedAnswer("The answer holds no list of sessions.")
        total = data.get("total")
        return SessionPage([Session.from_data(item) for item in results], total if isinstance(total, int) else None)

    def add_session(self, mesh: Path, caption: str) -> str:
        """``POST /local/sessions``: have the local service take the GLB *mesh* as a new session. Gives its code.

        Not a call of CSM's API: see :mod:`.local_service`. Raises a :class:`CsmError`, :class:`RequestRefused` where
        the service takes no sessions or not this mesh.
        """
        if not may_take_sessions(self._settings.base_url):
            raise errors.RequestRefused("CSM's own service takes no meshes from here.", _NO_SESSIONS)
        url = urljoin(f"{self._settings.base_url}/", f"{ADD_PATH}?caption={quote(caption[:CAPTION_LIMIT], safe='')}")
        headers = {"x-api-key": self._settings.require_key(), "Content-Type": GLB_TYPE, "Accept": "application/json"}
        too_long = errors.UnexpectedAnswer("The answer is too long.")
        with (
            mesh.open("rb") as file,
            new_http_session(self._settings.base_url) as http,
            open_response(http, "POST", url, self._settings, headers=headers, data=file) as response,
        ):
            response._content = b"".join(body_chunks(response, MAX_ANSWER_BYTES, too_long))  # noqa: SLF001 - see _send
        if response.is_redirect:
            raise errors.ForeignRedirect("The service redirects to another address, to which the key must not be sent.")
        if response.status_code in (404, 405):
            raise errors.RequestRefused("The service takes no new sessions.", _NO_SESSIONS)
        data = self._data(response)
        try:
            return parse_session_code(data["session_code"])
        except (errors.BadSessionCode, KeyError, TypeError) as error:
            raise errors.UnexpectedAnswer("The answer holds no session code.") from error

    def close(self) -> None:
        """Close the kept connection."""
        self._http.close()

    def _get(self, path: str) -> Any:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(self._http, path)
            if not response.is_redirect:
                return self._data(response)
            path = self._redirect_path(response)
        raise errors.UnexpectedAnswer("The service redirects in a loop.")

    def _redirect_path(self, response: requests.Response) -> str:
        with contextlib.suppress(ValueError):
            target = urljoin(response.url, response.headers["location"])
            if origin(target) == origin(self._settings.base_url):
                return target
        raise errors.ForeignRedirect("The service redirects to another address, to which the key must not be sent.")

    def _send(self, http: requests.Session, path: str, data: WatchedBody | None = None) -> requests.Response:
        """One request, a POST where there is *data*, and its whole answer."""
        url = urljoin(f"{self._settings.base_url}/", path)
        method, headers = ("POST", {"Content-Type": "application/json"}) if data else ("GET", {})
        headers |= {
            "x-api-key": self._settings.require_key(),
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        with open_response(http, method, url, self._settings, headers=headers, data=data) as response:
            too_long = errors.UnexpectedAnswer("The answer is too long.")
            body = b"".join(body_chunks(response, MAX_ANSWER_BYTES, too_long))
        response._content = body  # noqa: SLF001 - the way to give a streamed response its body
        return response

    def _data(self, response: requests.Response) -> Any:
        """``data`` of the documented envelope, or an error named after what the answer says."""
        answer = None
        with contextlib.suppress(ValueError, RecursionError):
            answer = json.loads(response.content)
        fields = answer if isinstance(answer, Mapping) else {}
        status, inner_status = response.status_code, fields.get("statusCode")
        if isinstance(inner_status, int) and status < 400:  # noqa: PLR2004 - HTTP
            status = inner_status
        if status >= 400:  # noqa: PLR2004 - HTTP
            raise self._refusal(status, fields, response)
        if fields is not answer:
            named = response.headers.get("content-type")
            kind = sanitize(named, limit=60) if named else Message("no content type")
            raise errors.UnexpectedAnswer(
                "The service answered with something that is not the documented JSON ({kind}).", kind=kind
            )
        if "data" not in fields:
            if fields.get("error"):
                raise errors.RequestRefused(self._words(fields))
            raise errors.UnexpectedAnswer("The answer is not in the documented form: it holds no data.")
        return fields["data"]

    def _refusal(self, status: int, fields: Mapping[str, Any], response: requests.Response) -> errors.CsmError:
        words = self._words(fields)
        said = Message("The service says: {words}.", words=words.rstrip(".")) if words else NOTHING
        kind: type[errors.CsmError]
        match status:
            case 401 | 403:
                kind, text = errors.RefusedKey, Message("The service refuses the key ({status}).", status=status)
            case 402:
                kind, text = errors.NoCredits, Message("The service asks for credits ({status}).", status=status)
            case 404:
                kind = errors.UnknownSession
                text = Message("The service knows no such session ({status}).", status=status)
            case _ if status in (408, 425, 429) or status >= 500:  # noqa: PLR2004 - HTTP
                text = Message("The service cannot answer right now ({status}).", status=status)
                wait_s = parse_retry_after(response.headers.get("retry-after"), response.headers.get("date"))
                return errors.ServiceBusy(sentences(text, said), retry_after_s=wait_s)
            case _:
                text = Message("The service refuses the request ({status}).", status=status)
                refused = errors.RequestRefused(sentences(text, said))
                refused.status = status
                return refused
        return kind(sentences(text, said))

    def _words(self, fields: Mapping[str, Any]) -> str:
        """The service's own explanation. No error body is documented, so all places that have been seen are tried."""
        words = next((fields[name] for name in ("message", "error", "detail") if fields.get(name)), "")
        return sanitize(words if isinstance(words, str) else json.dumps(words), self._settings.key)
