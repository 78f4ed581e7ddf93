# SPDX-License-Identifier: GPL-3.0-or-later
"""``requests`` as this project uses it: timeouts and TLS always, no .netrc, plain sentences for what went wrong."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import exceptions
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.ssl_match_hostname import CertificateError

from .. import errors
from ..messages import Message
from ..settings import Settings, is_loopback
from ..version import USER_AGENT
from .limits import LimitedAdapter

_REPORT_IT = "Report this to the service."


def new_http_session(url: str, total_s: float | None = None) -> requests.Session:
    """A session for talking to *url*'s origin; *total_s* limits each answer, see :class:`.limits.LimitedAdapter`.

    The environment's proxies and CA bundle hold, except that no proxy is used to reach this machine itself.
    """
    session = requests.Session()
    session.auth = lambda request: request  # without any auth, requests looks for credentials in .netrc
    session.headers["User-Agent"] = USER_AGENT
    adapter = LimitedAdapter(total_s)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if is_loopback(url):
        session.trust_env = False
        session.verify = os.environ.get(_ca_variable()) or True
    return session


@contextlib.contextmanager
def open_response(
    http: requests.Session, method: str, url: str, settings: Settings, **arguments: Any
) -> Iterator[requests.Response]:
    """The answer to one request, whose body is still to be read. Redirects are not followed.

    Raises errors of this project, also for what goes wrong in the body of the ``with`` statement.
    """
    timeouts = (settings.connect_timeout_s, settings.read_timeout_s)
    with (
        faults_explained(url),
        http.request(method, url, timeout=timeouts, allow_redirects=False, stream=True, **arguments) as response,
    ):
        yield response


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of *url*, with the scheme's own port filled in. Raises ``ValueError`` if it is no URL."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, (parts.hostname or "").lower(), port)


def check_allowed(url: str, settings: Settings) -> None:
    """Refuse a file's *url* that must not be fetched.

    https may lead anywhere, unless only this machine is allowed. This machine itself may be asked for files only where
    the service lives on it: a service elsewhere must not point there.
    """
    try:
        scheme, host, _port = origin(url)
    except ValueError as error:
        raise errors.ForeignRedirect("The service gives a link that is not a valid URL.", _REPORT_IT) from error
    if is_loopback(url) and scheme in ("http", "https"):
        if not is_loopback(settings.base_url):
            raise errors.ForeignRedirect("The service points to a file on this computer.", _REPORT_IT)
    elif settings.loopback_only:
        raise errors.OnlineAccessOff("Network access is off, and the mesh is on another computer ({host}).", host=host)
    elif scheme != "https" or not host:
        raise errors.ForeignRedirect(
            "The service points to {scheme}://{host}, which is not https.", _REPORT_IT, scheme=scheme, host=host
        )


@contextlib.contextmanager
def faults_explained(url: str) -> Iterator[None]:
    """Turn what ``requests`` raises into this project's errors.

    What kind of error it becomes is for people and for GETs only: whether a POST left this machine is not read from it,
    see :class:`.limits.WatchedBody`.
    """
    try:
        yield
    except (OSError, UnicodeEncodeError) as error:  # all exceptions of requests are OSErrors
        if explained := _explained(error, urlsplit(url).hostname or Message("the service")):
            raise explained from error
        raise


def _explained(error: Exception, host: str) -> errors.CsmError | None:  # noqa: C901, PLR0911 - a list of cases
    """The error of ours for *error*; ``None`` where it did not come from ``requests``."""
    match error:
        case exceptions.SSLError():
            reason = _tls_reason(error)
            return errors.UntrustedServer(
                "The TLS certificate of {host} is not trusted: {reason}.", host=host, reason=reason
            )
        case exceptions.ProxyError():
            return errors.Unreachable("The proxy for {host} cannot be reached or refuses the connection.", host=host)
        case exceptions.ConnectTimeout():
            return errors.Unreachable("{host} does not answer.", host=host)
        case exceptions.ReadTimeout():
            return errors.ConnectionBroken("{host} took too long to answer.", host=host)
        case exceptions.ConnectionError():
            causes = list(_chain(error))
            if any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in causes):
                return errors.Unreachable(
                    "No connection to {host}: {reason}.", host=host, reason=_network_reason(causes)
                )
            return errors.ConnectionBroken("The connection to {host} was lost.", host=host)
        case exceptions.InvalidHeader() | UnicodeEncodeError():
            return errors.BadValue("The API key contains characters that cannot be sent.", "Copy the key again.")
        case exceptions.InvalidURL() | exceptions.MissingSchema() | exceptions.InvalidSchema():
            return errors.ForeignRedirect("The service gives a link that is not a valid URL.", _REPORT_IT)
        case exceptions.RequestException():
            return errors.ConnectionBroken(
                "The request to {host} failed ({error}).", host=host, error=type(error).__name__
            )
    # Where the CA bundle is missing, requests raises an OSError with nothing but a text; the system's have a number.
    is_of_system = isinstance(error, OSError) and error.errno is not None
    if not is_of_system and (name := _ca_variable()) and not Path(os.environ[name]).exists():
        return errors.UntrustedServer("{variable} names a file that does not exist.", variable=name)
    return None


def _ca_variable() -> str:
    """The environment variable that names the CA bundle, as ``requests`` chooses it; empty for none."""
    return next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)), "")


def _chain(error: object) -> Iterator[BaseException]:
    """*error* and what it came from: urllib3 puts some causes into arguments and ``reason`` in place of chaining."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__context__, cause.__cause__]


def _network_reason(causes: list[BaseException]) -> Message:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Message("its name does not resolve")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Message("it refused the connection")
    return Message("the host cannot be reached")


def _tls_reason(error: Exception) -> Message:
    reason = Message("the secure connection could not be made")
    for cause in _chain(error):
        if isinstance(cause, CertificateError):  # urllib3's own check of the host name
            return _TLS_REASONS[_HOSTNAME_MISMATCH]
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _TLS_REASONS.get(cause.verify_code, reason)
        if isinstance(cause, ssl.SSLError):
            reason = _TLS_REASONS.get(cause.reason, reason)
    return reason


_HOSTNAME_MISMATCH = 62
_UNKNOWN_ISSUER = Message("this computer does not know who issued it")
_NO_TLS = Message("the server does not use TLS on this port")
_TLS_REASONS: dict[int | str | None, Message] = {
    9: Message("it is not valid yet"),
    10: Message("it has expired"),
    18: Message("it is self-signed"),
    19: Message("its chain ends in a certificate that this computer does not know"),
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    _HOSTNAME_MISMATCH: Message("it is for another host name"),
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "NO_CERTIFICATE_OR_CRL_FOUND": Message("the file of CA certificates on this computer cannot be read"),
}
"""By OpenSSL's verify code (https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/) or reason code."""
