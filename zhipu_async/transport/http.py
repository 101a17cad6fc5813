"""HTTP over aiohttp, which only this module and its two parts import; imported off the loop, at the first call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from zhipu_async.errors import APIConnectionError, APITimeoutError, InvalidArgument, ZhipuError
from zhipu_async.transport.direct import Direct, Place
from zhipu_async.transport.loops import PerLoop
from zhipu_async.transport.outgoing import PLAIN_BODY_BYTES, Body, Headers, own_form, payload
from zhipu_async.transport.response import Response, end_draining, forget_draining

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

KEEP_ALIVE_SECONDS = 25.0  # the platform drops idle connections after about 30
HEADER_LINE_BYTES = 16 * 1024  # of one header line; the platform's are far below

# In which the short way, and the pool of our own, were tried.
KNOWN_VERSIONS = frozenset({"3.12", "3.13", "3.14"})
# A kept connection that was closed meanwhile.
GONE = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, ConnectionResetError)


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
                url,
                data=payload(body, leaving),
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
            end_draining(self._injected)
        await self._sessions.close()

    def _open_session(self) -> Own:
        # The limiter decides how much is under way, so the pool must not queue as well.
        pool = KeptConnections if _version() in KNOWN_VERSIONS else aiohttp.TCPConnector
        connector = pool(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
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


class KeptConnections(aiohttp.TCPConnector):
    """A pool that keeps no connection whose state is in doubt, and does not linger on one that it drops."""

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        # What came while nothing was asked would be taken for the answer to the next request: another one's
        # answer, or the 408 of a server that is about to close what is idle.
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is None or not connection.protocol.should_close:
                break
            connection.close()
        return connection

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        # To close would wait until the other side reads what is left, and says its farewell of TLS.
        if (should_close or protocol.should_close) and protocol.transport is not None:
            protocol.transport.abort()
        super()._release(key, protocol, should_close=should_close)


class Own:
    """A session of ours, and the short way over its connector."""

    __slots__ = ("_is_watched", "_loop", "direct", "session")

    def __init__(self, session: aiohttp.ClientSession, connector: aiohttp.BaseConnector) -> None:
        self.session: aiohttp.ClientSession = session
        self.direct: Direct = Direct(connector, self._asking, HEADER_LINE_BYTES, GONE)
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


def _without_headers(exc: Exception) -> Exception | None:
    # The first hold the headers of the request, and so the key; the others show what came, which may repeat it.
    return None if isinstance(exc, aiohttp.ClientResponseError | HttpProcessingError) else exc


async def _close_session(own: Own) -> None:
    session = own.session
    end_draining(session)
    own.direct.break_off()
    try:
        await session.close()
    finally:
        own.direct.forget()


def _abandon_session(own: Own) -> None:
    session = own.session
    # Its loop is closed, so nothing can be awaited or scheduled there any more. aiohttp forgets such
    # connections and asyncio then warns of each; only private names still reach the sockets.
    forget_draining(session)
    connector = session.connector
    session.detach()
    if connector is None:
        own.direct.forget()
        return
    pooled = [protocol for kept in getattr(connector, "_conns", {}).values() for protocol, *_ in kept]
    for protocol in (*pooled, *getattr(connector, "_acquired", ())):
        _close_socket(getattr(protocol, "transport", None))
    connector._close()  # pyright: ignore[reportPrivateUsage]
    own.direct.forget()


def _close_socket(transport: object) -> None:
    inner = getattr(transport, "_ssl_protocol", None)
    lost = getattr(getattr(inner, "_transport", transport), "_call_connection_lost", None)
    if lost is not None:
        lost(None)
