"""The short way of a usual request: the pool, TLS and parser of aiohttp, without the steps of its session."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

MOST_PLACES = 256  # a program calls a dozen endpoints; but each poll of a task has an address of its own
INFORMATIONAL = frozenset(range(100, 200)) - {101}  # more is to come; who switches protocols has answered

# Nothing to quote, nothing to resolve, no header that changes how a request is sent: the rest is for aiohttp.
PLAIN_URL = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)")
METHODS = frozenset({"GET", "POST"})
NOT_PLAIN = frozenset({"connection", "content-length", "cookie", "expect", "host", "transfer-encoding"})
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Place(NamedTuple):
    """Where requests go."""

    url: str
    asking: aiohttp.ClientRequest
    """What the pool is asked with for a connection; it is never sent."""
    start: bytes
    """The first line and the host."""
    takes_body: bool


class Direct:
    """Sends the usual requests of one session over its connector.

    aiohttp's session and request take 1,600 steps of the interpreter for what is the same each time: they copy the
    headers three times, parse the address, look for cookies, proxies and traces, and begin a task that writes the body.
    """

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        asking: Callable[[str], aiohttp.ClientRequest],
        line_bytes: int,
        gone: tuple[type[Exception], ...],
    ) -> None:
        self._connector = connector
        self._asking = asking
        self._line_bytes = line_bytes
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._origins: dict[str, aiohttp.ClientRequest] = {}
        self._places: dict[tuple[str, str], Place] = {}
        # Held until it ends, or aiohttp warns of it: that of a loop which is closed would turn into garbage unended.
        self._in_use: dict[Connection, Answer | None] = {}

    @property
    def is_over(self) -> bool:
        """Whether the loop is closed: nothing of a connection can be called any more."""
        return self._loop.is_closed()

    def place(self, method: str, url: str) -> Place | None:
        """Return where a request goes; None when it is not a plain one."""
        return self._places.get((method, url)) or self._new_place(method, url)

    def _new_place(self, method: str, url: str) -> Place | None:
        plain = PLAIN_URL.fullmatch(url) if method in METHODS else None
        if plain is None:
            return None
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        origin, path = plain.groups()
        asking = self._origins.get(origin) or self._origins.setdefault(origin, self._asking(origin))
        start = f"{method} {path} HTTP/1.1\r\nHost: {asking.headers['Host']}\r\n".encode()
        made = self._places[method, url] = Place(url, asking, start, method == "POST")
        return made

    async def send(
        self,
        place: Place,
        lines: bytes,
        body: bytes | None,
        timeout: aiohttp.ClientTimeout,
        leaving: Callable[[], None],
    ) -> Answer:
        """Return the answer once its header has arrived. Cancelling closes the connection.

        Raises what aiohttp does, and a bare TimeoutError when no connection is to be had in time.

        lines: the headers. leaving: called when the first bytes go out.
        """
        written = _written(place, lines, body)
        is_last = place.takes_body  # as in aiohttp: what only reads is sent once more on another connection
        while True:
            connection = await self._connector.connect(place.asking, traces=[], timeout=timeout)
            self._in_use[connection] = None
            try:
                protocol, transport = connection.protocol, connection.transport
                if protocol is None or transport is None or transport.is_closing():
                    raise ConnectionResetError("closed before anything was sent")
                protocol.set_response_params(
                    read_until_eof=True,
                    auto_decompress=False,
                    max_line_size=self._line_bytes,
                    max_field_size=self._line_bytes,
                )
                leaving()
                transport.write(written)
                message, content = await protocol.read()
                while message.code in INFORMATIONAL:
                    message, content = await protocol.read()
                return self._answer(place.url, connection, message, content)
            except BaseException as error:
                self.end(connection)
                if is_last or not isinstance(error, self._gone):
                    raise
                is_last = True

    def _answer(
        self, url: str, connection: Connection, message: RawResponseMessage, content: aiohttp.StreamReader
    ) -> Answer:
        answer = Answer(self, url, connection, message, content)
        if answer.connection is not None:
            self._in_use[connection] = answer
        return answer

    def end(self, connection: Connection, *, is_whole: bool = False) -> None:
        """Give a connection back when the answer is whole and all was sent, drop it otherwise."""
        if self.is_over:
            return  # `forget` is to come
        self._in_use.pop(connection, None)
        transport = connection.transport
        if is_whole and transport is not None and not unsent(transport):
            connection.release()
        else:
            connection.close()

    def break_off(self) -> None:
        """Before the pool closes: wake who reads, and let nothing wait for what the other side does not take."""
        for answer in self._in_use.values():
            if answer is not None:
                answer.wake()
        for protocol in getattr(self._connector, "_acquired", ()):
            transport: asyncio.Transport | None = protocol.transport
            if transport is not None and unsent(transport):
                transport.abort()

    def forget(self) -> None:
        """Let go of all connections, whose pool is closed."""
        while self._in_use:
            self._in_use.popitem()[0].close()


def unsent(transport: asyncio.Transport) -> int:
    """Return how many bytes wait to be sent."""
    # Of TLS, asyncio counts only what is not yet encrypted.
    below: object = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    encrypted = below.get_write_buffer_size() if isinstance(below, asyncio.WriteTransport) else 0
    return transport.get_write_buffer_size() + encrypted


def _written(place: Place, lines: bytes, body: bytes | None) -> bytes:
    if body is None and not place.takes_body:
        return b"%b%b\r\n" % (place.start, lines)
    body = body or b""
    return b"%b%bContent-Length: %d\r\n\r\n%b" % (place.start, lines, len(body), body)


def lines_of(headers: Mapping[str, str]) -> bytes:
    """Return the lines of headers, b"" when one of them changes how a request is sent.

    Of a name that comes twice, however it is written, the last one counts, as with aiohttp.
    """
    by_name = {"accept": "Accept: */*\r\n"}
    by_name |= {name.lower(): f"{name}: {value}\r\n" for name, value in headers.items()}
    if not NOT_PLAIN.isdisjoint(by_name):
        return b""
    lines = by_name.values()
    if any(CONTROL.search(line, 0, len(line) - 2) for line in lines):
        raise ValueError("a header holds a control character")
    return "".join(lines).encode()


class Answer:
    """A response as far as `Response` needs it; its connection goes back by itself when the end comes."""

    __slots__ = ("_direct", "connection", "content", "headers", "status", "url")

    def __init__(
        self,
        direct: Direct,
        url: str,
        connection: Connection,
        message: RawResponseMessage,
        content: aiohttp.StreamReader,
    ) -> None:
        self.connection: Connection | None = connection
        self._direct = direct
        self.url: str = url
        self.status: int = message.code
        self.headers: Mapping[str, str] = message.headers
        self.content: aiohttp.StreamReader = content
        content.on_eof(self._end)

    def _end(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            self._direct.end(connection, is_whole=True)

    def wake(self) -> None:
        """Tell who reads that nothing more will come."""
        if self.content.exception() is None and not self._direct.is_over:
            self.content.set_exception(ConnectionAbortedError("the response was closed"))

    def close(self) -> None:
        """Drop the connection at once, and wake who reads."""
        connection, self.connection = self.connection, None
        self.wake()
        if connection is not None:
            self._direct.end(connection)
