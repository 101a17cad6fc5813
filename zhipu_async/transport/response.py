"""A response whose body is still arriving, and what its ways to break mean."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakKeyDictionary

import aiohttp

from zhipu_async.errors import APIConnectionError, APIError, APIResponseError
from zhipu_async.transport.direct import Answer
from zhipu_async.transport.lookout import Lookout

INFLATED_PIECE_BYTES = 256 * 1024  # what one compressed piece may become at a time
PIECE_BYTES = 64 * 1024  # of a body at a time, where it is not read whole

# What aiohttp raises from a body that does not arrive; RuntimeError when it broke while nobody read.
BROKEN = (OSError, ValueError, RuntimeError, aiohttp.ClientError)


class Response:
    """A response whose body is still arriving. Sync to drop, so that it can be dropped anywhere."""

    __slots__ = ("_answer", "_content", "_given", "_inflater", "_session", "_unread", "headers", "status")

    def __init__(self, answer: aiohttp.ClientResponse | Answer, session: aiohttp.ClientSession) -> None:
        self._answer = answer
        self._session = session
        self._content = answer.content
        self.status: int = answer.status
        self.headers: Mapping[str, str] = answer.headers
        encoding = answer.headers.get("Content-Encoding")
        self._inflater = _inflater(encoding, answer) if encoding else None
        self._unread = b""  # has arrived; its first `_given` bytes have been read
        self._given = 0

    @property
    def content_type(self) -> str:
        """Return the media type, in lower case and without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def url(self) -> str:
        """Return where it came from, after redirects."""
        return str(self._answer.url)

    def source(self) -> Callable[[], Awaitable[bytes]]:
        """Return what gives the next piece of the body, b"" at its end, by the shortest way there is.

        `broken` says what to make of its errors.
        """
        # Once released, aiohttp reports a whole body as a broken one.
        plain = self._inflater is None and not self._unread and not self._content.at_eof()
        return self._content.readany if plain else self.read

    def broken(self, error: BaseException) -> APIError | None:
        """Return what an error of the `source` means; None when it has nothing to do with the connection."""
        if isinstance(error, APIError):
            return error
        return _broken(error) if isinstance(error, BROKEN) else None

    async def read(self, most: int = PIECE_BYTES) -> bytes:
        """Return the next piece of the body, b"" at its end."""
        if self._unread:
            return self._part(most)
        try:
            if self._inflater is not None:
                piece = await self._inflated(self._inflater)
            else:
                # Once released, aiohttp reports a whole body as a broken one.
                piece = b"" if self._content.at_eof() else await self._content.readany()
        except BROKEN as exc:
            raise _broken(exc) from exc
        if len(piece) <= most:
            return piece
        self._unread = piece
        return self._part(most)

    async def read_watched(self) -> bytes:
        """Return the next piece as `read` does, and raise within a second or two when it cannot come any more."""
        if self._unread or self._content.is_eof():
            return await self.read()
        lookout = Lookout(self)
        try:
            return await self.read()
        finally:
            lookout.stop()

    def arrived(self) -> bytes:
        """Return the whole body when it is here and plain, b"" when there is something to wait for or to look at."""
        if self._inflater is not None or not self._content.is_eof():
            return b""
        try:
            return self._content.read_nowait()
        except (OSError, ValueError, aiohttp.ClientError):
            return b""  # `read` says what is wrong

    async def peek(self, most: int, moved: Callable[[], None]) -> tuple[bytes, bool]:
        """Return the beginning of the body and whether it is all of it, and leave it there to be read.

        `moved` hears of each piece.
        """
        beginning = bytearray()
        while len(beginning) <= most and (piece := await self.read_watched()):
            moved()
            beginning += piece
        held = bytes(beginning)
        self._unread, self._given = held + self._unread[self._given :], 0
        return held, len(held) <= most

    async def read_all(self, limit_bytes: int, moved: Callable[[], None]) -> bytes:
        """Return the whole body, or raise when it is larger than the limit; `moved` hears of each piece."""
        if self._content.is_eof():
            return await self._all(limit_bytes, moved)
        lookout = Lookout(self)
        try:
            return await self._all(limit_bytes, moved)
        finally:
            lookout.stop()

    async def _all(self, limit_bytes: int, moved: Callable[[], None]) -> bytes:
        body = await self.read(limit_bytes)
        if self.at_eof() and len(body) <= limit_bytes:
            return body
        pieces, size = [body], len(body)
        while body and size <= limit_bytes:
            moved()
            body = await self.read(limit_bytes)
            pieces.append(body)
            size += len(body)
        if size > limit_bytes:
            self.close()
            raise APIResponseError(f"the answer is larger than {limit_bytes} bytes", status=self.status)
        return b"".join(pieces)

    def _part(self, most: int) -> bytes:
        part = self._unread[self._given : self._given + most]
        self._given += len(part)
        if self._given == len(self._unread):
            self._unread, self._given = b"", 0
        return part

    def at_eof(self) -> bool:
        """Tell whether the whole body has been read."""
        held_back = self._unread or (self._inflater is not None and not self._inflater.eof)
        return self._content.at_eof() and not held_back

    def lost(self) -> bool:
        """Tell whether the connection is gone though the body is not whole.

        aiohttp closes it without waking the reader when the framing of the body breaks (3.14 does on a chunk
        size that is not hexadecimal), so whoever waits has to look.
        """
        connection = self._answer.connection
        if connection is None or self._content.is_eof():
            return False
        return connection.transport is None or connection.transport.is_closing()

    def close(self) -> None:
        """Drop the connection at once."""
        self._answer.close()

    def release(self) -> None:
        """Give the connection back to the pool when the body is whole, drop it otherwise."""
        if not self._content.is_eof():
            self._answer.close()  # else it went back by itself when the end came

    async def _inflated(self, inflater: zlib._Decompress) -> bytes:  # pyright: ignore[reportPrivateUsage]
        # A bounded piece at a time: what a small compressed body can become is nobody's guess.
        while True:
            packed = inflater.unconsumed_tail
            if not packed and not self._content.at_eof():
                packed = await self._content.readany()
            try:
                plain = inflater.decompress(packed, INFLATED_PIECE_BYTES)
            except zlib.error as exc:
                raise APIResponseError("the answer's compression is damaged", status=self.status) from exc
            if plain:
                return plain
            if not packed:
                self._check_whole(inflater)
                return b""

    def _check_whole(self, inflater: zlib._Decompress) -> None:  # pyright: ignore[reportPrivateUsage]
        if self._content.total_bytes and not inflater.eof:
            raise APIResponseError("the answer's compression ends too early", status=self.status)

    def drain(self, seconds: float) -> None:
        """Let the end of the body come by itself, which frees the connection; drop it when that takes longer."""
        _draining.setdefault(self._session, set()).add(self._answer)
        asyncio.get_running_loop().call_later(seconds, self._drained)

    def _drained(self) -> None:
        _draining.get(self._session, set()).discard(self._answer)
        self.release()


# Whose end is still awaited though nobody reads them any more: closed together with their session.
_draining: WeakKeyDictionary[aiohttp.ClientSession, set[aiohttp.ClientResponse | Answer]] = (
    WeakKeyDictionary()
)


def end_draining(session: aiohttp.ClientSession) -> None:
    """Close what of a session is still awaited."""
    for answer in _draining.pop(session, ()):
        answer.close()


def forget_draining(session: aiohttp.ClientSession) -> None:
    """Await it no more, where the loop is closed and there is nothing to close it with."""
    _draining.pop(session, None)


def _inflater(encoding: str, answer: aiohttp.ClientResponse | Answer) -> zlib._Decompress | None:  # pyright: ignore[reportPrivateUsage]
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    answer.close()
    raise APIResponseError(f"the answer is compressed as {name!r}, which was not asked for")


def _broken(exc: BaseException) -> APIConnectionError:
    broken = APIConnectionError(f"the connection broke while the answer arrived ({type(exc).__name__})")
    broken.__cause__ = exc
    return broken
