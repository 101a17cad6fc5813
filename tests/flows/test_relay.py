"""Relaying a stream to a browser, under uvicorn with FastAPI and Starlette, and bare."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress

import pytest
import uvicorn
from fastapi import FastAPI
from openai import APIError as OpenAIError
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.event_server import HEAD, EventServer, Script, Talk, body, event_server
from tests.protocol.frames import DONE, event, frame, text
from zhipu_async import AsyncZhipuAI, Timeout
from zhipu_async.flows.relay import RelayResponse
from zhipu_async.flows.stream import ChatStream

KEY = "id-of-a-key.secret-of-a-key"
END = event(
    text("", finish_reason="stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})
)
ANSWER = (event(frame({"reasoning_content": "hm"})), event(text("你")), event(text("好")), END, DONE)

App = Callable[..., Awaitable[None]]


@asynccontextmanager
async def talking(script: Script) -> AsyncGenerator[tuple[EventServer, AsyncZhipuAI]]:
    async with event_server(script) as server:
        clocks = Timeout(connect=5, first=5, idle=5, total=20)
        async with AsyncZhipuAI(KEY, base_url=server.base_url, timeout=clocks, max_retries=0) as zhipu:
            yield server, zhipu


def ask(zhipu: AsyncZhipuAI) -> ChatStream:
    return zhipu.chat.completions.stream(model="glm-5.3", messages="a secret prompt")


def in_flight(zhipu: AsyncZhipuAI) -> int:
    return sum(state.in_flight for state in zhipu._calls.permits.states())  # pyright: ignore[reportPrivateUsage]


# ── applications, as people write them ─────────────────────────────────────────────────────────────


def fastapi_asgi(zhipu: AsyncZhipuAI, heartbeat: float) -> App:
    app = FastAPI()

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request) -> object:  # pyright: ignore[reportUnusedFunction]
        await request.json()
        return ask(zhipu).asgi(heartbeat=heartbeat)

    return app


def fastapi_streaming(zhipu: AsyncZhipuAI, heartbeat: float) -> App:
    app = FastAPI()

    @app.post("/v1/chat/completions", response_model=None)
    async def chat() -> object:  # pyright: ignore[reportUnusedFunction]
        stream = await zhipu.chat.completions.create(model="glm-5.3", messages="x", stream=True)
        return StreamingResponse(stream.relay(heartbeat=heartbeat), media_type="text/event-stream")

    return app


def starlette_asgi(zhipu: AsyncZhipuAI, heartbeat: float) -> App:
    async def chat(request: Request) -> Response:
        response = ask(zhipu).asgi(heartbeat=heartbeat)
        assert isinstance(response, Response)
        return response

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])


def bare_asgi(zhipu: AsyncZhipuAI, heartbeat: float) -> App:
    async def app(scope: dict[str, object], receive: Callable[[], Awaitable[object]], send: object) -> None:
        await RelayResponse(ask(zhipu)._cursor, heartbeat)(scope, receive, send)  # type: ignore[arg-type]  # pyright: ignore[reportPrivateUsage, reportArgumentType]

    return app


Serve = Callable[[AsyncZhipuAI, float], App]
APPS: list[Serve] = [fastapi_asgi, fastapi_streaming, starlette_asgi, bare_asgi]


@asynccontextmanager
async def serving(app: App) -> AsyncGenerator[int]:
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.ensure_future(server._serve())  # pyright: ignore[reportPrivateUsage]
    while not server.started:
        await asyncio.sleep(0.001)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


class Browser:
    """A client that reads what it is sent, and goes away when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.seen = b""

    @staticmethod
    @asynccontextmanager
    async def at(port: int) -> AsyncGenerator[Browser]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
            )
            yield Browser(reader, writer)

    async def until(self, wanted: bytes) -> bytes:
        """Read until this has come."""
        while wanted not in self.seen:
            piece = await asyncio.wait_for(self._reader.read(65536), 5)
            assert piece, f"the response ended without {wanted!r}: {self.seen!r}"
            self.seen += piece
        return self.seen

    async def rest(self) -> bytes:
        """Read to the end."""
        self.seen += await asyncio.wait_for(self._reader.read(), 5)
        return self.seen


# ── what arrives ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", APPS)
async def test_openais_client_reads_the_relayed_answer(make: Serve) -> None:
    async with talking(body(*ANSWER)) as (_, zhipu), serving(make(zhipu, 15)) as port:
        async with AsyncOpenAI(api_key="x", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as openai:
            stream = await openai.chat.completions.create(
                model="glm-5.3", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "你好"
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == 3
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
        assert in_flight(zhipu) == 0


@pytest.mark.parametrize("make", APPS)
async def test_when_the_browser_goes_away_the_platforms_socket_closes(make: Serve) -> None:
    async with talking(body(*ANSWER[:2], finish=False)) as (server, zhipu), serving(make(zhipu, 15)) as port:
        async with Browser.at(port) as browser:
            await browser.until("你".encode())
            assert in_flight(zhipu) == 1
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
        while in_flight(zhipu):
            await asyncio.sleep(0)


@pytest.mark.parametrize("make", APPS)
async def test_heartbeats_fill_the_silence(make: Serve) -> None:
    go_on = asyncio.Event()

    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        talk.send(ANSWER[0])
        await go_on.wait()
        talk.send(*ANSWER[1:])
        talk.finish()

    async with talking(script) as (_, zhipu), serving(make(zhipu, 0.01)) as port, Browser.at(port) as browser:
        await browser.until(b": keep-alive\n\n")
        go_on.set()
        assert b"data: [DONE]\n\n" in await browser.rest()


@pytest.mark.parametrize("make", APPS)
async def test_an_error_in_mid_stream_is_an_event_without_done(make: Serve) -> None:
    error = event({"error": {"code": "1234", "message": "it broke"}})
    async with talking(body(*ANSWER[:2], error)) as (_, zhipu), serving(make(zhipu, 15)) as port:
        async with Browser.at(port) as browser:
            seen = await browser.rest()
        assert b'{"error":{"message":"it broke","type":"StreamFailed","param":null,"code":"1234"}}' in seen
        assert b"[DONE]" not in seen
        async with AsyncOpenAI(api_key="x", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as openai:
            with pytest.raises(OpenAIError, match="it broke"):
                async for _ in await openai.chat.completions.create(model="m", messages=[], stream=True):
                    pass


def refuse(status: int, code: str) -> Script:
    content = json.dumps({"error": {"code": code, "message": "refused"}}).encode()

    async def script(talk: Talk) -> None:
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        talk.raw(head.encode() + content)

    return script


async def failing(talk: Talk) -> None:
    talk.raw(HEAD)
    talk.send(event({"error": {"code": "500", "message": "refused"}}))


async def silence(talk: Talk) -> None:
    talk.raw(HEAD)
    talk.send(b": keep-alive\n\n")


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (refuse(400, "1214"), 400, "1214"),
        (refuse(400, "1301"), 400, "1301"),
        (refuse(429, "1302"), 429, "1302"),
        (refuse(401, "1000"), 502, "1000"),
        (refuse(500, "500"), 502, "500"),
        (failing, 502, "500"),
    ],
)
@pytest.mark.parametrize("make", [fastapi_asgi, bare_asgi])
async def test_an_error_before_the_first_piece_is_an_http_error(
    make: Serve, script: Script, status: int, code: str
) -> None:
    async with talking(script) as (_, zhipu), serving(make(zhipu, 15)) as port:
        async with Browser.at(port) as browser:
            seen = await browser.rest()
        head, _, content = seen.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert json.loads(content)["error"]["code"] == code
        assert in_flight(zhipu) == 0


async def test_a_clock_that_runs_out_is_a_gateway_timeout() -> None:
    async with talking(silence) as (_, zhipu):
        impatient = zhipu.with_options(timeout=Timeout(first=0.05))
        async with serving(bare_asgi(impatient, 15)) as port, Browser.at(port) as browser:
            assert (await browser.rest()).startswith(b"HTTP/1.1 504 ")


async def test_a_slow_browser_holds_the_platform_back() -> None:
    long = event(text("x" * 50_000))

    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        for _ in range(2000):
            talk.send(long)
        talk.send(*ANSWER[1:])
        talk.finish()

    async with talking(script) as (server, zhipu), serving(bare_asgi(zhipu, 15)) as port:
        async with Browser.at(port) as browser:
            await browser.until(b"xxx")
            for _ in range(200):
                await asyncio.sleep(0)
            unsent = server.talks[0].transport.get_write_buffer_size()
            assert unsent > 50_000_000, "most of it waits where it comes from"
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


async def test_headers_and_background_work_are_starlettes() -> None:
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    async with talking(body(*ANSWER)) as (_, zhipu):

        async def chat(request: Request) -> Response:
            response = ask(zhipu).asgi()
            assert isinstance(response, Response)
            response.headers["x-mine"] = "1"
            response.background = BackgroundTask(work)
            return response

        app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
        async with serving(app) as port, Browser.at(port) as browser:
            seen = await browser.rest()
            assert b"x-mine: 1" in seen
            assert b"x-accel-buffering: no" in seen
        assert ran.is_set()


async def test_without_starlette_it_is_plain_asgi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "starlette.responses")
    async with talking(body(*ANSWER)) as (_, zhipu):
        assert type(ask(zhipu).asgi()) is RelayResponse


async def test_a_cancelled_server_closes_the_stream() -> None:
    async with talking(body(*ANSWER[:2], finish=False)) as (server, zhipu):
        sent: list[object] = []

        async def send(message: object) -> None:
            sent.append(message)

        async def receive() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        answering = asyncio.ensure_future(ask(zhipu).asgi()({"type": "http"}, receive, send))
        while len(sent) < 2:
            await asyncio.sleep(0)
        answering.cancel()
        await asyncio.wait((answering,))
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


async def test_a_browser_that_breaks_while_it_is_written_to_closes_the_stream() -> None:
    async with talking(body(*ANSWER[:2], finish=False)) as (server, zhipu):

        async def send(message: object) -> None:
            raise ConnectionResetError

        async def receive() -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

        with pytest.raises(ConnectionResetError):
            await ask(zhipu).asgi()({"type": "http"}, receive, send)
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
