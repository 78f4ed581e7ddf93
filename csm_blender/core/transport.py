# SPDX-License-Identifier: GPL-3.0-or-later
"""``requests`` with this project's manners: timeouts always, TLS always, no .netrc, plain sentences for what broke."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from .errors import BadValue, ConnectionBroken, ForeignRedirect, OnlineAccessOff, Unreachable, UntrustedServer
from .settings import Settings, is_loopback
from .version import USER_AGENT


class _NoAuth(AuthBase):
    """Keeps ``requests`` from looking up credentials in .netrc, which it does when no auth is set."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def new_http_session(url: str) -> requests.Session:
    """A session for talking to *url*'s origin. The proxy settings of the environment hold, except for this machine."""
    session = requests.Session()
    session.auth = _NoAuth()
    session.headers["User-Agent"] = USER_AGENT
    session.trust_env = not is_loopback(url)
    return session


def timeouts(settings: Settings) -> tuple[float, float]:
    """(connect, read) timeouts in seconds, the form ``requests`` takes."""
    return (settings.connect_timeout_s, settings.read_timeout_s)


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of *url*, with the scheme's own port filled in."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, (parts.hostname or "").lower(), port)


def check_allowed(url: str, settings: Settings) -> None:
    """Refuse a *url* that must not be contacted: plain http, or another machine while only this one is allowed."""
    scheme, host, _port = origin(url)
    if is_loopback(url) and scheme in ("http", "https"):
        return
    if settings.loopback_only:
        raise OnlineAccessOff(f"Network access is off, and the mesh lies on another machine ({host}).")
    if scheme != "https" or not host:
        raise ForeignRedirect(
            f"The service points to {scheme}://{host}, which is not https.", "Report this to the service."
        )


@contextlib.contextmanager
def faults_explained(url: str) -> Iterator[None]:
    """Turn what ``requests`` raises into this project's errors.

    :class:`Unreachable` is promised to mean that nothing of the request was sent; anything doubtful is
    :class:`ConnectionBroken`.
    """
    host = urlsplit(url).hostname or "the service"
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise UntrustedServer(f"The TLS certificate of {host} is not trusted: {_reason(error)}.") from None
    except requests.exceptions.ProxyError:
        raise Unreachable(f"The proxy on the way to {host} cannot be reached or refuses.") from None
    except requests.exceptions.ConnectTimeout:
        raise Unreachable(f"{host} does not answer.") from None
    except requests.exceptions.ReadTimeout:
        raise ConnectionBroken(f"{host} stayed silent for too long.") from None
    except requests.exceptions.ConnectionError as error:
        cause = _urllib3_cause(error)
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            raise Unreachable(f"No connection to {host}: {_network_reason(cause)}.") from None
        raise ConnectionBroken(f"The connection to {host} broke.") from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
        raise ConnectionBroken(f"The answer of {host} was cut or garbled.") from None
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        raise BadValue("The API key contains characters that cannot be sent.", "Copy the key again.") from None
    except requests.exceptions.RequestException as error:
        raise ConnectionBroken(f"The request to {host} failed ({type(error).__name__}).") from None


def _urllib3_cause(error: requests.exceptions.ConnectionError) -> object:
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner


def _network_reason(cause: object) -> str:
    text = str(cause)
    if "resolve" in text or "getaddrinfo" in text or "Name or service" in text:
        return "the name does not resolve"
    return "it was refused" if "refused" in text.lower() else "the host cannot be reached"


def _reason(error: Exception) -> str:
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
            return sentence
    return "the secure connection could not be made"
