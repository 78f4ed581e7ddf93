# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write the two parts of a glTF: its JSON document and its binary data.

A GLB is edited by writing another document before the same binary data (:func:`replace_document`). A glTF that is plain
JSON, with its data in URIs, is made a GLB (:func:`write_as_glb`), because that is what everything after it reads.
"""

from __future__ import annotations

import base64
import binascii
import json
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, unquote_to_bytes

from ..errors import BadMesh

Document = dict[str, Any]

MAX_DATA_BYTES = 2 * 1024**3
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_HEADER_BYTES = 20
_MAX_SHOWN = 80


def read_document(path: Path) -> tuple[Document, int]:
    """The JSON of a GLB that was checked, and where its chunk ends in the file."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(16)[12:], "little")
        file.seek(_HEADER_BYTES)
        document: Document = json.loads(plain_json(file.read(length)))
    return document, _HEADER_BYTES + length


def plain_json(chunk: bytes) -> bytes:
    """The JSON of a GLB's *chunk* without what some exporters put around it: a byte order mark, zeros at the end."""
    return chunk.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0 ")


def is_plain(path: Path) -> bool:
    """Whether there is nothing around the JSON of the GLB at *path*; importers are not as patient as we are."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(16)[12:], "little")
        file.seek(_HEADER_BYTES)
        chunk = file.read(length)
    return chunk.rstrip(b" ") == plain_json(chunk)


def replace_document(path: Path, document: Document, edited: Path, more: bytes = b"") -> None:
    """Write the GLB at *path*, which was checked, to *edited* with another *document*.

    *more* is put at the end of the binary data, where a new bufferView of *document* may point; its place is
    ``buffers[0]["byteLength"]`` before that is raised, rounded up to 4.
    """
    _old, json_end = read_document(path)
    with path.open("rb") as source, edited.open("wb") as sink:
        source.seek(json_end)
        rest = path.stat().st_size - json_end
        if more:
            binary_bytes = int.from_bytes(source.read(4), "little")
            source.seek(8 + json_end)
            more += b"\0" * (-len(more) % 4)
            _write_head(sink, document, 8 + binary_bytes + len(more))
            sink.write(struct.pack("<II", binary_bytes + len(more), _BIN))
            _copy(source, sink, binary_bytes)
            sink.write(more)
        else:
            _write_head(sink, document, rest)
            shutil.copyfileobj(source, sink, 1024 * 1024)


def write_as_glb(path: Path, glb: Path, beside: Path | None = None) -> None:
    """Write the glTF at *path*, which is JSON, to *glb* with the data of its URIs in the binary part.

    What it names by relative URIs is looked for in the folder *beside*. Pictures that are nowhere stay a URI, which
    :mod:`.mend` takes out; a buffer that is nowhere is refused. Raises :class:`BadMesh`.
    """
    if path.stat().st_size > MAX_DATA_BYTES:
        raise BadMesh("The glTF's JSON is far too large.")
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        gathered = _Gathered(document, beside)
        write_glb(document, gathered.parts, glb)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadMesh("The glTF's JSON cannot be read.") from error
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise BadMesh("The glTF is inconsistent: the parts of its JSON do not match.") from error


def write_glb(document: Document, parts: Sequence[bytes | memoryview], path: Path) -> None:
    """Write *document* to *path* with the *parts* one after the other as its binary data."""
    length = sum(map(len, parts))
    rest = -length % 4
    with path.open("wb") as sink:
        _write_head(sink, document, 8 + length + rest)
        sink.write(struct.pack("<II", length + rest, _BIN))
        sink.writelines(parts)
        sink.write(b"\0" * rest)


def data_of_uri(uri: str) -> bytes:
    """What a ``data:`` URI holds. Raises ``ValueError``."""
    head, comma, body = uri.partition(",")
    if not comma:
        raise ValueError("a data URI without data")
    plain = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return plain
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise ValueError("a data URI with a wrong length") from error


def short_name(uri: Any) -> str:
    """The last part of *uri*, fit to be shown."""
    return unquote(str(uri)).replace("\\", "/").rsplit("/", 1)[-1][:_MAX_SHOWN]


def is_data(uri: Any) -> bool:
    """Whether *uri* holds its data itself."""
    return str(uri)[:5].lower() == "data:"


class _Gathered:
    """The data of all buffers and pictures of *document*, which is changed so that it has them in its first buffer."""

    def __init__(self, document: Document, beside: Path | None) -> None:
        self.parts: list[bytes] = []
        self.length = 0
        self._beside = beside
        buffers = document.get("buffers", [])
        places = [self._place(buffer) for buffer in buffers]
        others = [buffer for buffer, place in zip(buffers, places, strict=True) if place is None]
        for view in document.get("bufferViews", []):
            packed = (view.get("extensions", {}).get(name) for name in _MESHOPT)
            for part in (view, *filter(None, packed)):
                index = part["buffer"]
                place = places[index]
                if place is None:
                    part["buffer"] = 1 + sum(each is None for each in places[:index])
                else:
                    part |= {"buffer": 0, "byteOffset": place + part.get("byteOffset", 0)}
        for image in document.get("images", []):
            self._take_picture(image, document)
        if self.length or buffers:
            document["buffers"] = [{"byteLength": self.length}, *others]

    def _place(self, buffer: Document) -> int | None:
        """Where the data of *buffer* was put, or ``None`` where it has none: an extension such as meshopt fills it."""
        if "uri" not in buffer:
            return None
        data = self._data(buffer["uri"])
        if data is None:
            raise BadMesh(
                "The glTF needs the file {name}, which is not beside it.",
                "Put all files of the export into one folder or one zip, or export one .glb.",
                name=repr(short_name(buffer["uri"])),
            )
        if len(data) < int(buffer["byteLength"]):
            raise BadMesh("The glTF announces more data than it holds.")
        return self._take(data)

    def _take_picture(self, image: Document, document: Document) -> None:
        data = self._data(image["uri"]) if "uri" in image else None
        if data is None:
            return
        image.setdefault("mimeType", _picture_type(data, str(image.pop("uri"))))
        views = document.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteOffset": self._take(data), "byteLength": len(data)})
        image["bufferView"] = len(views) - 1

    def _data(self, uri: Any) -> bytes | None:
        if is_data(uri):
            return data_of_uri(str(uri))
        if self._beside is None:
            return None
        path = (self._beside / unquote(str(uri).replace("\\", "/"))).resolve()
        try:
            is_there = path.is_relative_to(self._beside.resolve()) and path.is_file()
        except OSError:  # a name that no file can have
            is_there = False
        return path.read_bytes() if is_there else None

    def _take(self, data: bytes) -> int:
        place = self.length
        padded = data + b"\0" * (-len(data) % 4)
        self.length += len(padded)
        if self.length > MAX_DATA_BYTES:
            raise BadMesh("The delivered file is far too large when unpacked.")
        self.parts.append(padded)
        return place


_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


def _picture_type(data: bytes, uri: str) -> str:
    """The media type by the first bytes, which importers want to know."""
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if data[8:12] == b"WEBP":
        return "image/webp"
    return uri[5:].split(";", 1)[0] if is_data(uri) else "application/octet-stream"


def _write_head(sink: BinaryIO, document: Document, rest: int) -> None:
    """The header and the JSON of a GLB in which *rest* bytes follow."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    sink.write(struct.pack("<4sIIII", b"glTF", 2, _HEADER_BYTES + len(text) + rest, len(text), _JSON) + text)


def _copy(source: BinaryIO, sink: BinaryIO, length: int) -> None:
    while length > 0 and (chunk := source.read(min(length, 1024 * 1024))):
        sink.write(chunk)
        length -= len(chunk)
