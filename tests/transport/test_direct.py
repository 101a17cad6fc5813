"""The short way of usual requests: it sends what aiohttp's session would send, and leaves the unusual to that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from tests.hostile import hostile
from zhipu_async.errors import APIConnectionError, APITimeoutError, InvalidArgument
from zhipu_async.transport.direct import MOST_PLACES, Answer, Direct, lines_of
from zhipu_async.transport.http import Http, Own
from zhipu_async.transport.outgoing import PLAIN_BODY_BYTES, own_form

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


async def test_closing_wakes_who_waits_for_the_body() -> None:
    async def begun(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")

    async with hostile(begun) as server:
        http = Http()
        response = await http.send("POST", server.base_url, HEADERS, BODY)
        assert await response.read() == b"o"
        waiting = asyncio.ensure_future(response.read())
        await asyncio.sleep(0)
        response.close()
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
async def test_an_answer_before_all_was_sent_ends_the_connection(unsent: int | None, end: str) -> None:
    line: Any = Line(unsent)
    message: Any = SimpleNamespace(code=200, headers={})
    content: Any = Ended()
    answer = Answer(LONG_URL, line, message, content, asyncio.get_running_loop())
    answer.close()
    assert line.ends == [end]


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
    assert not await way(Http())


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
