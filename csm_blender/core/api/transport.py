# SPDX-License-Identifier: GPL-3.0-or-later
"""``requests`` with this project's manners: timeouts always, TLS always, no .netrc, plain sentences for what broke."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

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
        bundle = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
        session.verify = bundle or True
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
        raise ForeignRedirect("The service gives a link that is no URL.", _REPORT_IT) from None
    if is_loopback(url) and scheme in ("http", "https"):
        if is_loopback(settings.base_url):
            return
        raise ForeignRedirect("The service points to a file on this very machine.", _REPORT_IT)
    if settings.loopback_only:
        raise OnlineAccessOff("Network access is off, and the mesh lies on another machine ({host}).", host=host)
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
            "The TLS certificate of {host} is not trusted: {reason}.", host=host, reason=_reason(error)
        ) from None
    except requests.exceptions.ProxyError:
        raise Unreachable("The proxy on the way to {host} cannot be reached or refuses.", host=host) from None
    except requests.exceptions.ConnectTimeout:
        raise Unreachable("{host} does not answer.", host=host) from None
    except requests.exceptions.ReadTimeout:
        raise ConnectionBroken("{host} stayed silent for too long.", host=host) from None
    except requests.exceptions.ConnectionError as error:
        cause = _urllib3_cause(error)
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            raise Unreachable(
                "No connection to {host}: {network_reason}.", host=host, network_reason=_network_reason(cause)
            ) from None
        raise ConnectionBroken("The connection to {host} broke.", host=host) from None
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        raise BadValue("The API key contains characters that cannot be sent.", "Copy the key again.") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema):
        raise ForeignRedirect("The service gives a link that is no URL.", _REPORT_IT) from None
    except requests.exceptions.RequestException as error:
        raise ConnectionBroken("The request to {host} failed ({name}).", host=host, name=type(error).__name__) from None
    except OSError as error:
        # requests says so with a bare OSError when the CA bundle it was pointed at does not exist.
        if "CA certificate bundle" in str(error):
            raise UntrustedServer("REQUESTS_CA_BUNDLE names a file that does not exist.") from None
        raise


def _urllib3_cause(error: requests.exceptions.ConnectionError) -> object:
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner


def _network_reason(cause: object) -> Message:
    text = str(cause)
    if "resolve" in text or "getaddrinfo" in text or "Name or service" in text:
        return Message("the name does not resolve")
    return Message("it was refused" if "refused" in text.lower() else "the host cannot be reached")


def _reason(error: Exception) -> Message:
    text = str(error).lower()
    for mark, sentence in (
        ("self-signed certificate in certificate chain", "its chain ends in a certificate this machine does not know"),
        ("self-signed", "it is self-signed"),
        ("self signed", "it is self-signed"),
        ("unable to get local issuer", "this machine does not know who issued it"),
        ("expired", "it has expired"),
        ("hostname mismatch", "it is for another host name"),
        ("doesn't match", "it is for another host name"),
        ("wrong version number", "the server does not speak TLS on this port"),
        ("ca certs", "the CA bundle of this machine cannot be read"),
    ):
        if mark in text:
            return Message(sentence)
    return Message("the secure connection could not be made")
