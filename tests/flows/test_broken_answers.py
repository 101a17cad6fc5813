"""Answers that break in odd places, and connections that never opened: typed errors, soon, without the key."""

from __future__ import annotations

import asyncio
import gzip
import pickle
import socket
import threading

import aiohttp
import pytest

from tests.hostile import Answer, hang_up, hostile, reply, reset, stall
from zhipu_async import AsyncZhipuAI, Replay, Timeout
from zhipu_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APIStatusError,
    AuthenticationError,
    InvalidArgument,
    InvalidType,
    StreamFailed,
)

KEY = "id-of-a-key.secret-of-a-key"
FINE = reply({"id": "1", "choices": [{"message": {"role": "assistant", "content": "hi"}}]})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ZIPPED = gzip.compress(b'{"id": "1"}' + b" " * 5000)


def client(base_url: str, **options: object) -> AsyncZhipuAI:
    timeout = Timeout(connect=5, first=5, idle=60, total=60)
    return AsyncZhipuAI(KEY, base_url=base_url, max_retries=0, timeout=timeout, **options)  # type: ignore[arg-type]  # pyright: ignore


async def ask(zhipu: AsyncZhipuAI) -> str:
    return (await zhipu.chat.completions.create(model="glm-4.7", messages="hello")).text


async def create(zhipu: AsyncZhipuAI) -> object:
    return await zhipu.request("POST", "/things", body={"model": "m"}, replay=Replay.ONCE)


def raw(*pieces: bytes, then: Answer = stall) -> Answer:
    """Write these bytes, each by itself, so that the response has begun when the next one comes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        await then(reader, writer)

    return answer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param((CHUNKED, b"ZZ\r\n{}\r\n"), id="a chunk size that is no number"),
        pytest.param((CHUNKED, b"3\r\n{  \r\n", b"ZZ\r\n"), id="a later one"),
        pytest.param((CHUNKED, b"2\r\n{}XX\r\n"), id="a chunk without its end"),
        pytest.param((CHUNKED, b"fffffffffffffffffffff\r\n{"), id="a chunk beyond counting"),
    ],
)
async def test_broken_framing_ends_a_call_long_before_its_clocks(body: tuple[bytes, ...]) -> None:
    async with hostile(raw(*body)) as server, client(server.base_url) as zhipu:
        async with asyncio.timeout(10):
            with pytest.raises(APIConnectionError, match="broke while the answer arrived"):
                await ask(zhipu)
    assert [state.in_flight for state in zhipu.limits.states()] == [0]


@pytest.mark.parametrize("end", [hang_up, reset], ids=["close", "reset"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_compressed_answer_that_is_cut_is_a_connection_error(end: Answer, stream: bool) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED)
    async with hostile(raw(head, ZIPPED[:12], then=end)) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIConnectionError, match="broke while the answer arrived"):
            await zhipu.chat.completions.create(model="m", messages="hi", stream=stream)


@pytest.mark.parametrize("kept", [len(ZIPPED) - 4, len(ZIPPED) // 2])
async def test_compression_that_ends_too_early_is_said(kept: int) -> None:
    answer = reply(ZIPPED[:kept], headers="Content-Encoding: gzip\r\n")
    async with hostile(answer) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIResponseError, match="ends too early"):
            await zhipu.request("GET", "/x")


async def test_an_unknown_compression_is_refused_and_its_connection_closed() -> None:
    begun = raw(HEAD + b"Content-Encoding: br\r\nContent-Length: 99\r\n\r\n??")
    async with hostile(begun) as server:
        async with client(server.base_url) as zhipu:
            with pytest.raises(APIResponseError, match="'br'"):
                await ask(zhipu)
            async with asyncio.timeout(5):
                while server.open_connections:
                    await asyncio.sleep(0)


async def test_only_compressions_that_can_be_bounded_are_asked_for() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await ask(zhipu)
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"what?\r\n\r\n", id="no status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", id="a header without end"),
        pytest.param(HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n{}", id="two lengths"),
    ],
)
async def test_what_is_not_http_is_an_error_that_holds_no_header_of_ours(answer: bytes) -> None:
    async with hostile(raw(answer, then=hang_up)) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIConnectionError, match="not an HTTP answer") as caught:
            await ask(zhipu)
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in repr(error) + repr(vars(error))
        error = error.__cause__ or error.__context__


async def test_json_nested_beyond_reason_is_an_unreadable_answer() -> None:
    deep = b'{"id": "x", "choices": [], "unknown": %b%b}' % (b"[" * 100_000, b"]" * 100_000)
    async with hostile(reply(deep)) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIResponseError, match="not JSON"):
            await ask(zhipu)


async def test_an_error_page_of_megabytes_still_says_what_its_status_says() -> None:
    page = reply(b"x" * 2_000_000, status=401, kind="text/plain")
    async with hostile(page) as server, client(server.base_url) as zhipu:
        with pytest.raises(AuthenticationError):
            await ask(zhipu)


@pytest.mark.parametrize(
    ("status", "location", "kind", "said"),
    [
        (302, "Location: http://[::1\r\n", APIResponseError, "what is no address"),
        (302, "Location: /elsewhere\r\n", APIResponseError, "another path"),
        (304, "", APIStatusError, "HTTP 304"),
    ],
)
async def test_odd_redirects_are_errors_too(
    status: int, location: str, kind: type[APIError], said: str
) -> None:
    async with hostile(reply(b"", status=status, headers=location)) as server:
        async with client(server.base_url) as zhipu:
            with pytest.raises(kind, match=said):
                await ask(zhipu)


@pytest.mark.parametrize("reason", ["network_error", "model_context_window_exceeded"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_an_answer_that_the_platform_broke_off_is_the_same_error_whole_and_in_a_stream(
    reason: str, stream: bool
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "half"}, "finish_reason": reason}
    async with hostile(reply({"id": "1", "choices": [choice]})) as server, client(server.base_url) as zhipu:
        completions = zhipu.chat.completions
        with pytest.raises(StreamFailed, match=reason) as caught:
            await (completions.stream(model="m", messages="x").finish() if stream else ask(zhipu))
    assert (caught.value.code, caught.value.endpoint) == (reason, "chat.completions.create")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "half"
    assert caught.value.request_id
    assert len(server.requests) == 1, "it was paid for, so it is not asked for again unasked"


@pytest.mark.parametrize("reason", ["sensitive", "length"])
async def test_outcomes_are_not_errors(reason: str) -> None:
    answer = {"choices": [{"message": {"content": "half"}, "finish_reason": reason}]}
    async with hostile(reply(answer)) as server, client(server.base_url) as zhipu:
        made = await zhipu.chat.completions.create(model="m", messages="x")
    assert made.finish_reason == reason


@pytest.mark.parametrize("auth", ["bearer", "jwt"])
async def test_a_server_that_echoes_the_request_puts_no_key_into_the_error(auth: str) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = server.requests[-1].headers["authorization"]
        body = {"error": {"code": "1002", "message": f"no such token: {said}"}}
        await reply(body, status=401, headers=f"X-Echo: {said}\r\n")(reader, writer)

    async with hostile(echo) as server, client(server.base_url, auth=auth) as zhipu:
        with pytest.raises(AuthenticationError, match=r"\*\*\*") as caught:
            await ask(zhipu)
        sent = server.requests[0].headers["authorization"].removeprefix("Bearer ")
    assert sent.encode() not in pickle.dumps(caught.value)


# ── what surely never arrived ──────────────────────────────────────────────────────────────────────


async def test_a_clock_that_runs_out_while_connecting_has_sent_nothing() -> None:
    async with hostile(raw(b"")) as server:  # speaks no TLS and says nothing, so the handshake never ends
        address = server.base_url.replace("http://127.0.0.1", "https://localhost")
        async with client(address) as zhipu:
            with pytest.raises(APIConnectionError) as caught:
                await zhipu.with_options(timeout=0.2).videos.submit(model="cogvideox-3", prompt="a cat")
    assert not caught.value.sent


@pytest.mark.parametrize(
    "answer",
    [hang_up, reset, raw(b"what?\r\n\r\n", then=hang_up), reply(b"", status=407)],
    ids=["close", "reset", "nonsense", "407"],
)
async def test_a_proxy_that_opens_no_tunnel_has_passed_nothing_on(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hostile(answer) as proxy:
        monkeypatch.setenv("https_proxy", proxy.base_url.removesuffix("/api/paas/v4"))
        async with client("https://example.com/api/paas/v4", trust_env=True) as zhipu:
            with pytest.raises(APIConnectionError) as caught:
                await create(zhipu)
    assert not caught.value.sent
    assert [request.method for request in proxy.requests] == ["CONNECT"]


async def test_an_impossible_address_is_said_and_not_taken_for_a_lost_answer() -> None:
    async with client("https://a..b/api/paas/v4") as zhipu:
        with pytest.raises(InvalidArgument, match="address"):
            await create(zhipu)


async def test_a_connection_closed_while_the_program_was_busy_is_not_used_for_what_creates() -> None:
    close, closed = threading.Event(), threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    page = HEAD + b"Content-Length: 2\r\n\r\n{}"

    def serve() -> None:
        for last in (False, True):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(page)
                close.wait(30)
            if not last:
                closed.set()

    serving = threading.Thread(target=serve)
    serving.start()
    async with client(f"http://127.0.0.1:{server.getsockname()[1]}/api/paas/v4") as zhipu:
        assert await create(zhipu) == {}
        close.set()
        closed.wait(30)  # blocks the loop on purpose: it cannot have heard of the end
        assert await create(zhipu) == {}
    await asyncio.to_thread(serving.join)
    server.close()


# ── sessions of the caller's ───────────────────────────────────────────────────────────────────────


async def test_an_injected_session_that_was_closed_is_named() -> None:
    session = aiohttp.ClientSession()
    await session.close()
    async with client("http://127.0.0.1:9/api/paas/v4", http_session=session) as zhipu:
        with pytest.raises(InvalidArgument, match="closed"):
            await ask(zhipu)


def test_what_is_no_session_is_named_at_once() -> None:
    with pytest.raises(InvalidType, match="http_session takes an aiohttp"):
        client("http://127.0.0.1:9/api/paas/v4", http_session="mine")


def test_an_injected_session_of_another_loop_is_named() -> None:
    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(session: aiohttp.ClientSession) -> None:
        async with client("http://127.0.0.1:9/api/paas/v4", http_session=session) as zhipu:
            with pytest.raises(InvalidArgument, match="another event loop"):
                await ask(zhipu)

    with asyncio.Runner() as home:
        session = home.run(opened())
        with asyncio.Runner() as elsewhere:
            elsewhere.run(use(session))
        home.run(session.close())
