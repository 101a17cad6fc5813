"""HTTP over aiohttp, which only this module imports; it is itself imported off the loop, at the first call."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from functools import cached_property
from types import FunctionType
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict, istr
from yarl import URL

from zhipu_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    InvalidArgument,
    ZhipuError,
)
from zhipu_async.transport.addresses import placed
from zhipu_async.transport.direct import Answer, Direct, Place, lines_of
from zhipu_async.transport.lookout import Lookout
from zhipu_async.transport.loops import PerLoop

KEEP_ALIVE_SECONDS = 25.0  # the platform drops idle connections after about 30
HEADER_LINE_BYTES = 16 * 1024  # of one header line; the platform's are far below
PLAIN_BODY_BYTES = 1024 * 1024  # larger bodies are written piece by piece, so that the loop is not held up
INFLATED_PIECE_BYTES = 256 * 1024  # what one compressed piece may become at a time
PIECE_BYTES = 64 * 1024  # of a body at a time, where it is not read whole

KNOWN_VERSIONS = frozenset({"3.12", "3.13", "3.14"})  # in which the short way was tried
# A kept connection that was closed meanwhile.
GONE = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, ConnectionResetError)

# What aiohttp raises from a body that does not arrive; RuntimeError when it broke while nobody read.
BROKEN = (OSError, ValueError, RuntimeError, aiohttp.ClientError)

Body = bytes | AsyncIterable[bytes] | None


def _nothing() -> None: ...


class Http:
    """Sends requests from whichever loop is running; an injected session is used and never closed."""

    def __init__(self, *, trust_env: bool = False, session: aiohttp.ClientSession | None = None) -> None:
        self._trust_env = trust_env
        self._injected = session
        self._sessions: PerLoop[Own] = PerLoop(self._open_session, _close_session, _abandon_session)
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}

    def __repr__(self) -> str:
        return f"Http({'injected session' if self._injected else f'{len(self._sessions)} loops'})"

    def in_own_form(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return headers that are sent often in the form that `send` need not make anew."""
        return own_form(headers)

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body = None,
        *,
        query: Mapping[str, str] | None = None,
        connect: float | None = None,
        redirects: bool = False,
        leaving: Callable[[], None] = _nothing,
    ) -> Response:
        """Return the response once its header has arrived. Cancelling closes the connection.

        leaving: called when there is a connection and the first bytes go out on it.
        """
        own = None if self._injected is not None else self._sessions.here() or await self._sessions.get()
        session = _usable(self._injected) if own is None else own.session
        timeout = self._timeouts.get(connect) or self._timeout(connect)
        place: Place | None = None
        try:
            if not isinstance(headers, Headers):
                headers = own_form(headers)
            if own is not None and not query and not redirects:
                place = own.place(method, url, headers, body)
            if own is not None and place is not None and (body is None or isinstance(body, bytes)):
                return Response(await own.direct.send(place, headers.lines, body, timeout, leaving), session)
            answer = await session.request(
                method,
                url if body is not None else placed(url),  # with a body there are few, which aiohttp keeps
                data=_payload(body, leaving),
                headers=headers,
                params=query or None,
                timeout=timeout,
                allow_redirects=redirects,
                auto_decompress=False,
                raise_for_status=False,
            )
        except (OSError, ValueError, HttpProcessingError, aiohttp.ClientError) as exc:
            failure, cause = _translated(exc, connect), _without_headers(exc)
        else:
            return Response(answer, session)
        raise failure from cause

    async def close(self) -> None:
        """Close this loop's connections and those of dead loops. Cancelling does not stop it."""
        if self._injected is not None:
            _end_draining(self._injected)
        await self._sessions.close()

    def _open_session(self) -> Own:
        # The limiter decides how much is under way, so the pool must not queue as well.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
            max_line_size=HEADER_LINE_BYTES,
            max_field_size=HEADER_LINE_BYTES,
        )
        return Own(session, connector)

    def _timeout(self, connect: float | None) -> aiohttp.ClientTimeout:
        made = self._timeouts[connect] = aiohttp.ClientTimeout(total=None, connect=connect)
        return made


def _usable(injected: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
    assert injected is not None
    if injected.closed:
        raise InvalidArgument("the http_session that was given is closed")
    if getattr(injected, "_loop", None) not in (None, asyncio.get_running_loop()):
        raise InvalidArgument("the http_session that was given belongs to another event loop")
    return injected


class Own:
    """A session of ours, and the short way over its connector."""

    __slots__ = ("_is_watched", "_loop", "direct", "session")

    def __init__(self, session: aiohttp.ClientSession, connector: aiohttp.BaseConnector) -> None:
        self.session = session
        self.direct = Direct(connector, self._asking, HEADER_LINE_BYTES, GONE)
        self._loop = asyncio.get_running_loop()
        # A proxy may stand in between, tracers ask sessions to tell them of each step, and an aiohttp that is newer
        # than this may want to be asked otherwise.
        self._is_watched = (
            session.trust_env or bool(session.trace_configs) or _version() not in KNOWN_VERSIONS
        )

    def place(self, method: str, url: str, headers: Headers, body: Body) -> Place | None:
        """Return where a usual request goes, None when it has to take the long way."""
        if self._is_watched or not (
            body is None or (isinstance(body, bytes) and len(body) <= PLAIN_BODY_BYTES)
        ):
            return None
        return self.direct.place(method, url) if headers.lines and not _is_mocked() else None

    def _asking(self, origin: str) -> aiohttp.ClientRequest:
        return aiohttp.ClientRequest("GET", URL(origin), loop=self._loop, session=self.session)


def _version() -> str:
    return ".".join(aiohttp.__version__.split(".")[:2])


def _is_mocked() -> bool:
    """Whether somebody stands in for aiohttp: tests with fixed replies do, and tracers that look at each request."""
    request: object = getattr(aiohttp.ClientSession, "_request", None)
    return type(request) is not FunctionType or request.__code__.co_filename != aiohttp.client.__file__


class Headers(CIMultiDict[str]):
    """Headers in aiohttp's own form, which it only copies: made once, they serve all requests with one key.

    Values do not show: tools that print the variables of a traceback would print the key.
    """

    @cached_property
    def lines(self) -> bytes:
        """Return them as they are sent, b"" when one of them changes how a request is sent."""
        return lines_of(self)

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def own_form(headers: Mapping[str, str]) -> Headers:
    """Return headers under aiohttp's own names: of any other it makes two copies, which live as long as a stream."""
    return Headers((_SHARED_NAMES.get(name) or istr(name), value) for name, value in headers.items())


_SHARED_NAMES: dict[str, istr] = {
    str(name): name for name in (hdrs.ACCEPT_ENCODING, hdrs.AUTHORIZATION, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
}


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


class Telling(aiohttp.Payload):
    """A body that says when its first bytes go out: before that, nothing can have reached the platform."""

    def __init__(self, body: bytes, leaving: Callable[[], None]) -> None:
        super().__init__(body)
        self._body = body
        self._leaving = leaving

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self._body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return self._body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Tell, and write it all."""
        self._leaving()
        await writer.write(self._body)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Tell, and write it all: its length is the content's."""
        self._leaving()
        await writer.write(self._body)


class TellingLarge(aiohttp.BytesIOPayload):
    """The same for a large body, which is written piece by piece."""

    def __init__(self, body: bytes, leaving: Callable[[], None]) -> None:
        super().__init__(io.BytesIO(body))
        self._leaving = leaving

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Tell, and write."""
        self._leaving()
        await super().write_with_length(writer, content_length)


async def _telling(body: AsyncIterable[bytes], leaving: Callable[[], None]) -> AsyncGenerator[bytes]:
    leaving()
    async for piece in body:
        yield piece


def _payload(body: Body, leaving: Callable[[], None]) -> aiohttp.Payload | AsyncIterable[bytes] | None:
    if body is None:
        leaving()  # a header alone goes out with no word about it
        return None
    if isinstance(body, bytes):
        return (TellingLarge if len(body) > PLAIN_BODY_BYTES else Telling)(body, leaving)
    return _telling(body, leaving)


# Whose end is still awaited though nobody reads them any more: closed together with their session.
_draining: WeakKeyDictionary[aiohttp.ClientSession, set[aiohttp.ClientResponse | Answer]] = (
    WeakKeyDictionary()
)


def _inflater(encoding: str, answer: aiohttp.ClientResponse | Answer) -> zlib._Decompress | None:  # pyright: ignore[reportPrivateUsage]
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    answer.close()
    raise APIResponseError(f"the answer is compressed as {name!r}, which was not asked for")


def _translated(exc: Exception, connect: float | None) -> ZhipuError:
    if isinstance(exc, aiohttp.ConnectionTimeoutError) or (type(exc) is TimeoutError and exc.errno is None):
        return APITimeoutError(clock="connect", seconds=connect or 0.0, sent=False)
    if isinstance(exc, aiohttp.ClientConnectorError):
        reason = exc.os_error.strerror or type(exc.os_error).__name__
        return APIConnectionError(f"cannot connect to {exc.host}:{exc.port} ({reason})", sent=False)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return APIConnectionError(f"cannot connect: the proxy answered with HTTP {exc.status}", sent=False)
    if isinstance(exc, aiohttp.ClientResponseError | HttpProcessingError):
        return APIConnectionError("what came is not an HTTP answer", sent=True)
    if isinstance(exc, ValueError) and not isinstance(exc, OSError):  # before any connection was looked for
        return InvalidArgument(f"the request cannot be sent ({type(exc).__name__}): is its address right?")
    return APIConnectionError(
        f"the connection broke before the answer began ({type(exc).__name__})", sent=True
    )


def _broken(exc: BaseException) -> APIConnectionError:
    broken = APIConnectionError(f"the connection broke while the answer arrived ({type(exc).__name__})")
    broken.__cause__ = exc
    return broken


def _without_headers(exc: Exception) -> Exception | None:
    # The first hold the headers of the request, and so the key; the others show what came, which may repeat it.
    return None if isinstance(exc, aiohttp.ClientResponseError | HttpProcessingError) else exc


async def _close_session(own: Own) -> None:
    session = own.session
    _end_draining(session)
    await session.close()


def _end_draining(session: aiohttp.ClientSession) -> None:
    for answer in _draining.pop(session, ()):
        answer.close()


def _abandon_session(own: Own) -> None:
    session = own.session
    # Its loop is closed, so nothing can be awaited or scheduled there any more. aiohttp forgets such
    # connections and asyncio then warns of each; only private names still reach the sockets.
    _draining.pop(session, None)
    connector = session.connector
    session.detach()
    if connector is None:
        return
    pooled = [protocol for kept in getattr(connector, "_conns", {}).values() for protocol, *_ in kept]
    for protocol in (*pooled, *getattr(connector, "_acquired", ())):
        _close_socket(getattr(protocol, "transport", None))
    connector._close()  # pyright: ignore[reportPrivateUsage]


def _close_socket(transport: object) -> None:
    inner = getattr(transport, "_ssl_protocol", None)
    lost = getattr(getattr(inner, "_transport", transport), "_call_connection_lost", None)
    if lost is not None:
        lost(None)
