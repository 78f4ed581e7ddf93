# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that end: an answer may neither trickle in for ever nor unpack to more than was allowed.

``requests`` limits the silence between two bytes only. A server that sends a byte every few seconds would hold a job,
its headers included, so the limit is set where the bytes are read: http.client reads every answer through the file that
its response class makes of the socket.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import zlib
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ..errors import ConnectionBroken, UnexpectedAnswer

SLOWEST_BYTES_PER_S = 4 * 1024
RATE_WINDOW_S = 30.0
CHUNK_BYTES = 64 * 1024
LARGE_CHUNK_BYTES = 1024 * 1024
_WINDOW_BITS = {"identity": 0, "gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""How zlib unpacks the encodings that are accepted; 0 for what is not packed."""
Chunk = bytes | memoryview


class _LimitedFile(io.RawIOBase):
    """The read side of a socket, with a time limit for the whole answer or a lowest speed."""

    def __init__(self, source: io.RawIOBase, total_s: float | None) -> None:
        super().__init__()
        self._source = source
        now = time.monotonic()
        self._end = None if total_s is None else now + total_s
        self._window_end, self._window_bytes = now + RATE_WINDOW_S, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._source.readinto(buffer)
        now = time.monotonic()
        if self._end is not None and now > self._end:
            raise TimeoutError("the answer takes too long")
        self._window_bytes += count or 0
        if now > self._window_end:
            if self._end is None and self._window_bytes < SLOWEST_BYTES_PER_S * RATE_WINDOW_S and count:
                raise TimeoutError("the answer comes too slowly")
            self._window_end, self._window_bytes = now + RATE_WINDOW_S, 0
        return count

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def _limited_response_class(total_s: float | None) -> type[http.client.HTTPResponse]:
    class LimitedResponse(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
            super().__init__(sock, *arguments, **named)
            self.fp.close()
            self.fp = io.BufferedReader(_LimitedFile(sock.makefile("rb", buffering=0), total_s))

        def read_arrived(self, buffer: memoryview) -> int:
            """Fill *buffer* with what has arrived of a body that is not chunked, waiting for the first byte only."""
            if self.length is not None:
                buffer = buffer[: self.length]
            count: int = self.fp.readinto1(buffer) if self.fp is not None and buffer else 0
            if self.length is not None:
                self.length -= count
            return count

    return LimitedResponse


def _pool_class(pool: type[HTTPConnectionPool], response_class: type[http.client.HTTPResponse]) -> type:
    connection = type("LimitedConnection", (pool.ConnectionCls,), {"response_class": response_class})
    return type("LimitedPool", (pool,), {"ConnectionCls": connection})


class LimitedAdapter(HTTPAdapter):
    """Sends like ``requests`` does, over connections whose answers end.

    *total_s* limits each answer as a whole; ``None`` asks for a lowest speed instead, for files of any length.
    """

    def __init__(self, total_s: float | None) -> None:
        response_class = _limited_response_class(total_s)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self._pools = {scheme: _pool_class(pool, response_class) for scheme, pool in pools.items()}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools, with our connections in them."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
        """The same for connections by way of a proxy."""
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


class WatchedBody(io.BytesIO):
    """A request body that records whether it was read.

    The body is read when the connection is made, TLS is agreed and the headers are out. As long as ``touched`` is false
    nothing that a server could act on has left this machine, whatever went wrong; this holds for every version of
    ``requests``, where the kind of the exception does not tell: older ones call any break behind a proxy a proxy error.
    """

    touched = False

    def read(self, size: int | None = -1) -> bytes:
        """The next part of the body."""
        self.touched = True
        return super().read(size)

    def __iter__(self) -> Iterator[bytes]:
        self.touched = True
        return super().__iter__()


def body_chunks(
    response: requests.Response, most_bytes: int, too_long: Exception, *, large: bool = False
) -> Iterator[Chunk]:
    """The body of a streamed *response*, decoded, in chunks. Raises *too_long* beyond *most_bytes* decoded bytes.

    A *large* body is read into one buffer, as much at a time as has arrived, past urllib3's copies: each chunk is valid
    until the next one is asked for, and the connection cannot be used again. gzip and deflate are unpacked here with a
    limit for each step: ``requests`` would unpack a whole chunk at once, and 64 KiB can hold 64 MiB. Raises
    :class:`ConnectionBroken` for a body that is cut or garbled.
    """
    is_chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
    chunks = response.raw.stream(CHUNK_BYTES, decode_content=False)
    if large and not is_chunked:
        chunks = _arriving(response)
    packing = response.headers.get("content-encoding", "").strip().lower() or "identity"
    if packing not in _WINDOW_BITS:
        raise UnexpectedAnswer("The answer is compressed in a way that was not requested.")
    bits = _WINDOW_BITS[packing]
    unpacker = zlib.decompressobj(bits) if bits else None
    received = length = 0
    try:
        for raw in chunks:
            received += len(raw)
            for chunk in _unpacked(unpacker, raw) if unpacker else (raw,):
                length += len(chunk)
                if length > most_bytes:
                    raise too_long
                yield chunk
    except zlib.error as error:
        raise ConnectionBroken("The answer is damaged.") from error
    except (ReadTimeoutError, TimeoutError) as error:
        raise ConnectionBroken("The answer stopped or arrives too slowly.") from error
    except (HTTPError, http.client.HTTPException, OSError) as error:
        raise ConnectionBroken("The answer is incomplete.") from error
    announced = response.headers.get("content-length", "")
    cut = announced.isdigit() and not is_chunked and received != int(announced)
    if cut or (unpacker and not unpacker.eof):
        raise ConnectionBroken("The answer is incomplete.")


def _arriving(response: requests.Response) -> Iterator[Chunk]:
    answer: Any = response.raw._original_response  # noqa: SLF001 - as requests itself does for its cookies
    buffer = memoryview(bytearray(LARGE_CHUNK_BYTES))
    while count := answer.read_arrived(buffer):
        yield buffer[:count]


def _unpacked(unpacker: zlib._Decompress, packed: Chunk) -> Iterator[bytes]:
    """In steps of at most ``CHUNK_BYTES``."""
    while packed and not unpacker.eof:
        yield unpacker.decompress(packed, CHUNK_BYTES)
        packed = unpacker.unconsumed_tail
