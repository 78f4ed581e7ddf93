# SPDX-License-Identifier: GPL-3.0-or-later
"""``requests`` with this project's manners: timeouts always, TLS always, no .netrc, plain sentences for what broke."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.util.ssl_match_hostname import CertificateError

from ..errors import BadValue, ConnectionBroken, ForeignRedirect, OnlineAccessOff, Unreachable, UntrustedServer
from ..messages import Message
from ..settings import Settings, is_loopback
from ..version import USER_AGENT
from .limits import LimitedAdapter

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class _NoAuth(AuthBase):
    """Keeps ``requests`` from looking up credentials in .netrc, which it does when no auth is set."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def new_http_session(url: str, total_s: float | None = None) -> requests.Session:
    """A session for talking to *url*'s origin; *total_s* limits each answer, see :class:`.wire.LimitedAdapter`.

    The environment's proxies and CA bundle hold, except that no proxy is used to reach this machine itself.
    """
    session = requests.Session()
    session.auth = _NoAuth()
    session.headers["User-Agent"] = USER_AGENT
    adapter = LimitedAdapter(total_s)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if is_loopback(url):
        session.trust_env = False
        name = _ca_variable()
        session.verify = os.environ[name] if name else True
    return session


def timeouts(settings: Settings) -> tuple[float, float]:
    """(connect, read) timeouts in seconds, the form ``requests`` takes."""
    return (settings.connect_timeout_s, settings.read_timeout_s)


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of *url*, with the scheme's own port filled in. Raises ``ValueError`` if it is no URL."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, (parts.hostname or "").lower(), port)


def check_allowed(url: str, settings: Settings) -> None:
    """Refuse a file's *url* that must not be fetched.

    https may lead anywhere, unless only this machine is allowed. This machine itself may be asked for files only where
    the service lives on it: a service elsewhere has no business pointing there.
    """
    try:
        scheme, host, _port = origin(url)
    except ValueError:
        raise ForeignRedirect("The service gives a link that is not a valid URL.", _REPORT_IT) from None
    if is_loopback(url) and scheme in ("http", "https"):
        if is_loopback(settings.base_url):
            return
        raise ForeignRedirect("The service points to a file on this computer.", _REPORT_IT)
    if settings.loopback_only:
        raise OnlineAccessOff("Network access is off, and the mesh is on another computer ({host}).", host=host)
    if scheme != "https" or not host:
        raise ForeignRedirect(
            "The service points to {scheme}://{host}, which is not https.", _REPORT_IT, scheme=scheme, host=host
        )


_REPORT_IT = "Report this to the service."


@contextlib.contextmanager
def faults_explained(url: str) -> Iterator[None]:  # noqa: C901 - a list of cases, each two lines
    """Turn what ``requests`` raises into this project's errors.

    What kind of error it becomes is for people and for GETs only: whether a POST left this machine is not read from it,
    see :class:`.wire.WatchedBody`.
    """
    host = urlsplit(url).hostname or Message("the service")
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise UntrustedServer(
            "The TLS certificate of {host} is not trusted: {reason}.", host=host, reason=_tls_reason(error)
        ) from error
    except requests.exceptions.ProxyError:
        raise Unreachable("The proxy for {host} cannot be reached or refuses the connection.", host=host) from None
    except requests.exceptions.ConnectTimeout:
        raise Unreachable("{host} does not answer.", host=host) from None
    except requests.exceptions.ReadTimeout:
        raise ConnectionBroken("{host} took too long to answer.", host=host) from None
    except requests.exceptions.ConnectionError as error:
        cause = _urllib3_cause(error)
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            raise Unreachable("No connection to {host}: {reason}.", host=host, reason=_network_reason(cause)) from error
        raise ConnectionBroken("The connection to {host} was lost.", host=host) from None
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        raise BadValue("The API key contains characters that cannot be sent.", "Copy the key again.") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema):
        raise ForeignRedirect("The service gives a link that is not a valid URL.", _REPORT_IT) from None
    except requests.exceptions.RequestException as error:
        raise ConnectionBroken(
            "The request to {host} failed ({error}).", host=host, error=type(error).__name__
        ) from None
    except OSError as error:
        # requests raises a bare OSError when the CA bundle that it shall use does not exist.
        name = _missing_bundle()
        if name is None:
            raise
        raise UntrustedServer("{variable} names a file that does not exist.", variable=name) from error


def _ca_variable() -> str | None:
    """The environment variable that names the CA bundle, as ``requests`` chooses it."""
    return next((name for name in _CA_VARIABLES if os.environ.get(name)), None)


def _missing_bundle() -> str | None:
    """The environment variable that names a CA bundle which does not exist, if there is one."""
    name = _ca_variable()
    return name if name is not None and not Path(os.environ[name]).exists() else None


def _urllib3_cause(error: requests.exceptions.ConnectionError) -> object:
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner


def _chain(error: object) -> Iterator[object]:
    """*error* and what it came from: urllib3 puts some causes into arguments and ``reason`` in place of chaining."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__context__, cause.__cause__]


def _network_reason(error: object) -> Message:
    causes = list(_chain(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Message("its name does not resolve")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Message("it refused the connection")
    return Message("the host cannot be reached")


def _tls_reason(error: Exception) -> Message:
    reason = Message("the secure connection could not be made")
    for cause in _chain(error):
        if isinstance(cause, CertificateError):  # urllib3's own check of the host name
            return _CERTIFICATE_FAULTS[_HOSTNAME_MISMATCH]
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE_FAULTS.get(cause.verify_code, reason)
        if isinstance(cause, ssl.SSLError):
            reason = _TLS_FAULTS.get(cause.reason, reason)
    return reason


_HOSTNAME_MISMATCH = 62
_UNKNOWN_ISSUER = Message("this computer does not know who issued it")
_CERTIFICATE_FAULTS = {
    9: Message("it is not valid yet"),
    10: Message("it has expired"),
    18: Message("it is self-signed"),
    19: Message("its chain ends in a certificate that this computer does not know"),
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    _HOSTNAME_MISMATCH: Message("it is for another host name"),
}
"""By OpenSSL's verify codes, https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/."""

_NO_TLS = Message("the server does not use TLS on this port")
_TLS_FAULTS: dict[str | None, Message] = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "NO_CERTIFICATE_OR_CRL_FOUND": Message("the file of CA certificates on this computer cannot be read"),
}
"""By OpenSSL's reason codes."""
