"""How far a download has come, and how it goes on after a break. No I/O here."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from zhipu_async.errors import APIConnectionError, APIResponseError
from zhipu_async.protocol.replies import PARTIAL_CONTENT

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Arrived:
    """What has arrived of one file, over as many answers as it takes.

    A server is asked for the rest where it has told how long the file is and how to know that it is still the same
    one. Any other sends it anew, and what was there before is compared and left out.
    """

    def __init__(self) -> None:
        self.size: int = 0
        self.total: int | None = None
        """Bytes in all, None when they are unknown."""
        self._checksum = 0
        self._mark = ""
        self._repeated = 0  # bytes of this answer, still to come, that have been here before
        self._checksum_again = 0  # of those that came again

    def asking(self) -> dict[str, str]:
        """Return the headers that ask for what is missing."""
        if not self.size or not self._mark or self.total is None:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._mark}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Note what an answer is about to send, or raise when it does not belong to what has arrived."""
        if status == PARTIAL_CONTENT:
            start, total = _range_of(headers)
        else:
            start, total = 0, _length_of(headers)
        if start not in (0, self.size) or (self.size and total != self.total):
            raise _changed()
        self._repeated, self._checksum_again = self.size - start, 0
        self.total = total
        self._mark = _mark_of(headers)

    def take(self, piece: bytes) -> bytes:
        """Return what is new in a piece of the answer."""
        if self._repeated:
            again = piece[: self._repeated]
            piece = piece[self._repeated :]
            self._repeated -= len(again)
            self._checksum_again = zlib.crc32(again, self._checksum_again)
            if not self._repeated and self._checksum_again != self._checksum:
                raise _changed()
        self.size += len(piece)
        self._checksum = zlib.crc32(piece, self._checksum)
        return piece

    def end(self) -> None:
        """Raise unless the file is whole."""
        if self._repeated:
            raise _changed()
        if self.total is not None and self.size < self.total:
            raise APIConnectionError(f"the download ended after {self.size} of {self.total} bytes")


def _changed() -> APIResponseError:
    return APIResponseError("the file is another one than before the connection broke")


def _range_of(headers: Mapping[str, str]) -> tuple[int, int | None]:
    found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None:
        raise APIResponseError("the answer is a part of the file, and does not say which", status=206)
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _length_of(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) if text.isdecimal() and not headers.get("Content-Encoding") else None


def _mark_of(headers: Mapping[str, str]) -> str:
    """What tells one state of the file from another; a weak ETag does not tell bytes apart."""
    tag = headers.get("ETag", "")
    return headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
