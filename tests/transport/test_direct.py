"""The short way of usual requests: it sends what aiohttp's session would send, and leaves the unusual to that."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import trustme
from aioresponses import aioresponses

from tests.hostile import hostile
from tests.transport.test_websocket import server_context
from zhipu_async.errors import APIConnectionError, APITimeoutError, InvalidArgument
from zhipu_async.transport.direct import MOST_PLACES, Answer, Direct, lines_of
from zhipu_async.transport.http import Http, Own
from zhipu_async.transport.outgoing import PLAIN_BODY_BYTES, own_form
from zhipu_async.transport.response import Response

HEADERS = {"User-Agent": "u", "Accept-Encoding": "gzip", "Authorization": "Bearer k", "X-Own": "值"}
BODY = b'{"a":1}'
LONG_URL = "http://127.0.0.1:1/api/paas/v4/x"


async def fine(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def body_of(http: Http, method: str, url: str, body: bytes | None, **headers: str) -> bytes:
    response = await http.send(method, url, {**HEADERS, **headers}, body)
    return await response.read_all(1000, lambda: None)


@pytest.fixture
def directly(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked by the short way."""
    asked: list[str] = []
    send = Direct.send

    async def noted(self: Any, place: Any, *arguments: Any) -> Answer:
        asked.append(place.url)
        return await send(self, place, *arguments)

    monkeypatch.setattr(Direct, "send", noted)
    return asked


# ── the same request ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("POST", BODY, {"Content-Type": "application/json"}),
        ("POST", b"", {"Content-Type": "application/json"}),
        ("POST", None, {"Content-Type": "application/json"}),
        ("GET", None, {}),
        ("GET", BODY, {"Content-Type": "application/json"}),
        ("GET", None, {"Accept": "text/event-stream"}),
        ("GET", None, {"accept": "text/event-stream"}),
        ("GET", None, {"user-agent": "theirs", "AUTHORIZATION": "Bearer other"}),
    ],
)
async def test_it_sends_what_a_session_would_send(
    method: str, body: bytes | None, headers: dict[str, str], directly: list[str]
) -> None:
    async with hostile(fine) as server, aiohttp.ClientSession() as session:
        url = f"{server.base_url}/async-result/task_1-2.3~4"
        for http in (Http(), Http(session=session)):
            assert await body_of(http, method, url, body, **headers) == b"ok"
            await http.close()
    short, long = server.requests
    assert directly == [url]
    assert (short.method, short.target, short.body) == (long.method, long.target, long.body)
    assert short.headers == long.headers


async def test_its_connections_are_used_again() -> None:
    async with hostile(fine) as server:
        http = Http()
        for _ in range(3):
            assert await body_of(http, "POST", server.base_url, BODY) == b"ok"
        assert (len(server.requests), server.open_connections) == (3, 1)
        await http.close()


async def test_what_comes_before_the_answer_is_passed_over() -> None:
    async def hinted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await fine(reader, writer)

    async with hostile(hinted) as server:
        http = Http()
        assert await body_of(http, "POST", server.base_url, BODY) == b"ok"
        await http.close()


async def test_a_control_character_in_a_header_is_refused_before_anything_is_sent() -> None:
    async with hostile(fine) as server:
        http = Http()
        with pytest.raises(InvalidArgument):
            await body_of(http, "POST", server.base_url, BODY, **{"X-Own": "a\r\nX-Other: b"})
        assert not server.requests
        await http.close()


# ── connections that break ─────────────────────────────────────────────────────────────────────────


async def test_what_only_reads_is_asked_once_more_when_a_kept_connection_is_gone() -> None:
    async with hostile(fine, cut, fine) as server:
        http = Http()
        for _ in range(2):
            assert await body_of(http, "GET", server.base_url, None) == b"ok"
        assert len(server.requests) == 3
        await http.close()


async def test_the_clock_of_a_connection_that_does_not_open_is_named() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # never a word of TLS
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    async with server:
        http = Http()
        with pytest.raises(APITimeoutError) as raised:
            await http.send("POST", url, HEADERS, BODY, connect=0.01)
        assert (raised.value.clock, raised.value.seconds, raised.value.sent) == ("connect", 0.01, False)
        await http.close()


@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("POST", 1)])
async def test_a_second_break_and_any_break_of_a_creation_are_errors(method: str, sent: int) -> None:
    async with hostile(cut) as server:
        http = Http()
        with pytest.raises(APIConnectionError):
            await body_of(http, method, server.base_url, None)
        assert len(server.requests) == sent
        await http.close()


async def test_what_is_no_http_is_an_error() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp ready\r\n\r\n")

    async with hostile(babble) as server:
        http = Http()
        with pytest.raises(APIConnectionError, match="not an HTTP answer"):
            await body_of(http, "POST", server.base_url, BODY)
        await http.close()


@pytest.mark.parametrize("closed", ["the response", "the client"])
async def test_closing_wakes_who_waits_for_the_body(closed: str) -> None:
    async def begun(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")

    async with hostile(begun) as server:
        http = Http()
        response = await http.send("POST", server.base_url, HEADERS, BODY)
        assert await response.read() == b"o"
        waiting = asyncio.ensure_future(response.read())
        await asyncio.sleep(0)
        if closed == "the response":
            response.close()
        else:
            await http.close()
        with pytest.raises(APIConnectionError):
            await waiting
        await http.close()


class Line:
    """A connection of which so many bytes are still to be sent."""

    def __init__(self, unsent: int | None) -> None:
        self.ends: list[str] = []
        self.transport = None if unsent is None else SimpleNamespace(get_write_buffer_size=lambda: unsent)

    def close(self) -> None:
        self.ends.append("closed")

    def release(self) -> None:
        self.ends.append("released")


class Ended:
    """A body that was whole from the beginning."""

    def on_eof(self, tell: Callable[[], None]) -> None:
        tell()

    def exception(self) -> None:
        return None

    def set_exception(self, _: Exception) -> None:
        pass


@pytest.mark.parametrize(("unsent", "end"), [(0, "released"), (7, "closed"), (None, "closed")])
async def test_a_connection_is_kept_when_all_was_sent(unsent: int | None, end: str) -> None:
    line: Any = Line(unsent)
    message: Any = SimpleNamespace(code=200, headers={})
    content: Any = Ended()
    async with aiohttp.ClientSession() as session, aiohttp.TCPConnector() as connector:
        answer = Answer(Own(session, connector).direct, LONG_URL, line, message, content)
        answer.close()
    assert line.ends == [end]


@pytest.mark.parametrize(
    "unasked",
    [
        b"HTTP/1.1 500 X\r\nContent-Length: 5\r\n\r\nother",
        b"HTTP/1.1 408 X\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_what_was_said_unasked_is_not_taken_for_the_next_answer(method: str, unasked: bytes) -> None:
    begun = asyncio.Event()

    async def talkative(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        await begun.wait()
        writer.write(b"k" + unasked)

    async with hostile(talkative, fine) as server:
        http = Http()
        response = await http.send("POST", server.base_url, HEADERS, BODY)
        begun.set()
        assert await response.read_all(1000, lambda: None) == b"ok"
        assert await body_of(http, method, server.base_url, BODY) == b"ok"
        assert (response.status, len(server.requests)) == (200, 2)
        await http.close()


# ── connections whose other side does nothing ──────────────────────────────────────────────────────


class Deaf:
    """A server that reads no more than the beginning of a request until it may, and answers early or not at all."""

    def __init__(self, answer: bytes = b"") -> None:
        self.may_read = asyncio.Event()
        self.reached = asyncio.Event()
        self.taken: list[int] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached.set()
        writer.write(self._answer)
        await self.may_read.wait()
        self.taken.append(len(await reader.read()))
        writer.close()

    async def start(self, tls: ssl.SSLContext | None = None) -> tuple[asyncio.Server, str]:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server = await asyncio.start_server(self.serve, sock=listener, limit=1024, ssl=tls)
        return server, f"{'https' if tls else 'http'}://localhost:{listener.getsockname()[1]}/x"


@pytest.fixture
def small_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes little of what is sent; the rest waits here."""

    def shrink(transport: asyncio.Transport, _: bool) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    monkeypatch.setattr("aiohttp.base_protocol.tcp_nodelay", shrink)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Who signs the certificates that are trusted."""
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    trusting.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    return authority


@pytest.mark.parametrize("size", [PLAIN_BODY_BYTES, PLAIN_BODY_BYTES + 1])
@pytest.mark.usefixtures("small_pipes")
async def test_of_a_cancelled_request_nothing_more_is_sent(size: int) -> None:
    deaf, http = Deaf(), Http()
    server, url = await deaf.start()
    async with server:
        sending = asyncio.ensure_future(http.send("POST", url, HEADERS, bytes(size)))
        await deaf.reached.wait()
        sending.cancel()
        await asyncio.wait([sending])
        deaf.may_read.set()
        await http.close()
        await until(lambda: bool(deaf.taken))
    assert deaf.taken[0] < size // 2


@pytest.mark.parametrize("size", [PLAIN_BODY_BYTES, PLAIN_BODY_BYTES + 1])
@pytest.mark.usefixtures("small_pipes")
async def test_closing_does_not_wait_until_the_other_side_reads(size: int) -> None:
    deaf, http = Deaf(), Http()
    server, url = await deaf.start()
    async with server:
        sending = asyncio.ensure_future(http.send("POST", url, HEADERS, bytes(size)))
        await deaf.reached.wait()
        await http.close()
        with pytest.raises(APIConnectionError):
            await sending
        deaf.may_read.set()
        await until(lambda: bool(deaf.taken))


@pytest.mark.usefixtures("small_pipes")
async def test_over_tls_too_a_connection_with_bytes_to_send_is_not_used_again(authority: trustme.CA) -> None:
    deaf, http = Deaf(b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno"), Http()
    server, url = await deaf.start(server_context(authority))
    async with server:
        for body in (bytes(PLAIN_BODY_BYTES), BODY):
            assert await body_of(http, "POST", url, body) == b"no"
        deaf.may_read.set()
        await until(lambda: len(deaf.taken) == 1)  # the other one is still kept
        await http.close()
        await until(lambda: len(deaf.taken) == 2)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_over_tls_a_cancelled_request_does_not_wait_for_a_farewell(
    method: str, authority: trustme.CA
) -> None:
    context, http = server_context(authority), Http()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://localhost:{listener.getsockname()[1]}/x"
        sending = asyncio.ensure_future(http.send(method, url, HEADERS, BODY))
        line = await asyncio.to_thread(shake_hands, listener, context)
        sending.cancel()
        await asyncio.wait([sending])
        await http.close()
        with line:
            await asyncio.to_thread(read_to_the_end, line)


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """Take a request over TLS; return the bare line below it, on which nobody says farewell."""
    line = context.wrap_socket(listener.accept()[0], server_side=True)
    line.recv(65536)
    return socket.socket(fileno=line.detach())


def read_to_the_end(line: socket.socket) -> None:
    line.settimeout(10)  # a line that stays open is an error
    while line.recv(65536):
        pass


async def until(happened: Callable[[], bool]) -> None:
    while not happened():
        await asyncio.sleep(0)


# ── loops that end ─────────────────────────────────────────────────────────────────────────────────


def answer_half(listener: socket.socket) -> socket.socket:
    line, _ = listener.accept()
    line.recv(65536)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
    return line


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("is_orderly", [True, False])
def test_a_half_read_answer_may_outlive_its_loop(is_orderly: bool, is_closed: bool) -> None:
    http = Http()

    async def half() -> tuple[socket.socket, Response]:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        line = asyncio.ensure_future(asyncio.to_thread(answer_half, listener))
        response = await http.send("POST", url, HEADERS, BODY)
        return await line, response

    with socket.create_server(("127.0.0.1", 0)) as listener:
        if is_orderly:
            line, response = asyncio.run(half())
        else:
            loop = asyncio.new_event_loop()
            line, response = loop.run_until_complete(half())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    if is_closed:
        response.close()
    asyncio.run(http.close())
    del response
    gc.collect()  # would warn
    with line:
        read_to_the_end(line)


# ── the long way ───────────────────────────────────────────────────────────────────────────────────


async def way(
    http: Http, method: str = "POST", url: str = LONG_URL, body: Any = BODY, **headers: str
) -> bool:
    """Whether a request would take the short way."""
    own = http._open_session()  # pyright: ignore[reportPrivateUsage]
    async with own.session:
        return own.place(method, url, own_form({**HEADERS, **headers}), body) is not None


async def pieces() -> AsyncIterator[bytes]:
    yield BODY


async def test_a_usual_request_takes_the_short_way() -> None:
    assert await way(Http())
    assert await way(Http(), url="https://open.bigmodel.cn/api/paas/v4/chat/completions")


UNUSUAL: dict[str, dict[str, Any]] = {
    "another method": {"method": "DELETE"},
    "a query": {"url": LONG_URL + "?a=b"},
    "a space": {"url": LONG_URL + "/a b"},
    "a quoted space": {"url": LONG_URL + "/a%20b"},
    "what has to be quoted": {"url": LONG_URL + "/文"},
    "a way up": {"url": LONG_URL + "/../y"},
    "a slash at the end": {"url": LONG_URL + "/"},
    "a user": {"url": "http://user:word@127.0.0.1/x"},
    "a large body": {"body": bytes(PLAIN_BODY_BYTES + 1)},
    "a body in pieces": {"body": pieces()},
    "a host": {"Host": "elsewhere"},
    "a cookie": {"cookie": "a=b"},
    "a wait before the body": {"Expect": "100-continue"},
    "chunks": {"Transfer-Encoding": "chunked"},
}


@pytest.mark.parametrize("unusual", UNUSUAL.values(), ids=UNUSUAL)
async def test_an_unusual_request_takes_the_long_way(unusual: dict[str, Any]) -> None:
    assert not await way(Http(), **unusual)


async def test_a_proxy_may_stand_in_between() -> None:
    assert not await way(Http(trust_env=True))


async def test_an_aiohttp_that_was_not_tried_is_asked_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp, "__version__", "3.99.0")
    http = Http()
    assert not await way(http)
    own = http._open_session()  # pyright: ignore[reportPrivateUsage]
    async with own.session:
        assert type(own.session.connector) is aiohttp.TCPConnector


async def test_who_traces_aiohttp_hears_of_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    begin: Any = aiohttp.ClientSession.__init__

    def traced(self: Any, **given: Any) -> None:
        begin(self, trace_configs=[aiohttp.TraceConfig()], **given)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", traced)
    assert not await way(Http())


async def test_who_stands_in_for_aiohttp_sees_every_request() -> None:
    http = Http()
    with aioresponses():
        assert not await way(http)
    assert await way(http)


async def test_not_every_address_is_remembered() -> None:
    async with aiohttp.ClientSession() as session, aiohttp.TCPConnector() as connector:
        own = Own(session, connector)
        for number in range(MOST_PLACES * 3):
            assert own.direct.place("GET", f"{LONG_URL}/{number}")
        assert len(own.direct._places) <= MOST_PLACES  # pyright: ignore[reportPrivateUsage]


def test_lines_are_headers_as_they_are_sent() -> None:
    assert lines_of({"A": "1", "B": "值"}) == "Accept: */*\r\nA: 1\r\nB: 值\r\n".encode()
    assert lines_of({"A": "1", "Content-Length": "3"}) == b""


def test_of_a_header_that_comes_twice_the_last_one_is_sent() -> None:
    twice = own_form({"User-Agent": "ours", "accept": "text/event-stream", "user-agent": "theirs"})
    assert twice.lines == b"accept: text/event-stream\r\nuser-agent: theirs\r\n"


async def test_an_origin_is_named_as_a_session_would_name_it() -> None:
    async with aiohttp.ClientSession() as session, aiohttp.TCPConnector() as connector:
        direct = Own(session, connector).direct
        for origin, host in {
            "http://A.B:80": "a.b",
            "https://a.b:443": "a.b",
            "http://a.b:443": "a.b:443",
        }.items():
            place = direct.place("GET", f"{origin}/x")
            assert place is not None
            assert place.start == f"GET /x HTTP/1.1\r\nHost: {host}\r\n".encode()
