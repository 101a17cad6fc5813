"""What an error shows to tools that print the variables of frames: no key, no token, no prompt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from traceback import walk_tb

import msgspec
import pytest

from tests.hostile import Answer, hang_up, hostile, reply, reset, stall
from tests.tracker import credentials, frames, shown
from zhipu_async import AsyncZhipuAI, Timeout, parts, tool
from zhipu_async.errors import APIError, UsageError
from zhipu_async.flows.observe import CallRecord

ID, SECRET, PROMPT = "marker-of-the-id", "marker-of-the-secret-half", "marker-of-the-prompt"
KEY = f"{ID}.{SECRET}"
MARKERS = (ID, SECRET, PROMPT)
TALK = [{"role": "user", "content": PROMPT}]

Way = Callable[[AsyncZhipuAI], Awaitable[object]]


@asynccontextmanager
async def client(base_url: str, auth: str = "bearer", **options: object) -> AsyncGenerator[AsyncZhipuAI]:
    timeout = Timeout(connect=5, first=0.2, idle=0.2, total=20)
    given = {"max_retries": 1, "timeout": timeout, "auth": auth, **options}
    async with AsyncZhipuAI(KEY, base_url=base_url, **given) as zhipu:  # type: ignore[arg-type]  # pyright: ignore
        zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  # no pauses
        zhipu.tasks.polling.scale = 0.001
        yield zhipu


def safe(error: BaseException, *also: str) -> bool:
    """Whether frames of libraries show nothing, and there were some to show it."""
    assert frames(error)
    found = [marker for marker in (*MARKERS, *also) if marker in shown(error)]
    assert not found, shown(error)
    return True


@tool
async def look_up(word: str) -> str:
    """Look up."""
    return word


class City(msgspec.Struct):
    name: str


async def the_stream(zhipu: AsyncZhipuAI) -> object:
    async with zhipu.chat.completions.stream(model="m", messages=TALK) as stream:
        return [piece async for piece in stream.text()]


async def one_chunk(zhipu: AsyncZhipuAI) -> object:
    async with zhipu.chat.completions.stream(model="m", messages=TALK) as stream:
        return [await anext(stream), await anext(stream), await anext(stream), await anext(stream)]


async def the_opened_stream(zhipu: AsyncZhipuAI) -> object:
    stream = await zhipu.chat.completions.create(model="m", messages=TALK, stream=True)
    return await stream.finish()


async def the_run(zhipu: AsyncZhipuAI) -> object:
    return await zhipu.chat.completions.run(model="m", messages=TALK, tools=[look_up])


async def the_events_of_a_run(zhipu: AsyncZhipuAI) -> object:
    async with zhipu.chat.completions.run(model="m", messages=TALK, tools=[look_up]) as run:
        return [event async for event in run.events()]


async def the_map(zhipu: AsyncZhipuAI) -> object:
    impatient = zhipu.with_options()
    requests = [{"model": "m", "messages": TALK, "max_retries": 1, "timeout": 5.0}]
    async for outcome in impatient.chat.completions.map(requests, on_error="raise"):  # type: ignore[arg-type]  # pyright: ignore
        return outcome.result
    raise AssertionError


async def the_outcome_of_a_map(zhipu: AsyncZhipuAI) -> object:
    requests = [{"model": "m", "messages": TALK, "max_retries": 1, "timeout": 5.0}]
    async for outcome in zhipu.chat.completions.map(requests, via="task"):  # type: ignore[arg-type]  # pyright: ignore
        if outcome.error is not None:
            raise outcome.error
    raise AssertionError


async def the_outcome_of_a_submission(zhipu: AsyncZhipuAI) -> object:
    async for outcome in zhipu.tasks.as_completed([zhipu.videos.submit(model="m", prompt=PROMPT)]):
        return outcome.result
    raise AssertionError


async def the_map_of_texts(zhipu: AsyncZhipuAI) -> object:
    async for outcome in zhipu.with_options(max_retries=0).embeddings.map([PROMPT], model="m"):
        return outcome.result
    raise AssertionError


async def the_map_in_a_batch(zhipu: AsyncZhipuAI) -> object:
    async for outcome in zhipu.chat.completions.map([{"model": "m", "messages": TALK}], via="batch"):
        return outcome.result
    raise AssertionError


async def the_upload(zhipu: AsyncZhipuAI) -> object:
    return await zhipu.files.upload(file=("a.txt", PROMPT.encode()), purpose="batch")


async def the_agent(zhipu: AsyncZhipuAI) -> object:
    return await zhipu.agents.invoke(agent_id="a", messages=TALK)


async def the_agents_stream(zhipu: AsyncZhipuAI) -> object:
    async with zhipu.agents.stream(agent_id="a", messages=TALK) as stream:
        return await stream.finish()


WAYS: dict[str, Way] = {
    "create": lambda zhipu: zhipu.chat.completions.create(model="m", messages=TALK),
    "stream": the_stream,
    "anext": one_chunk,
    "create(stream=True)": the_opened_stream,
    "submit": lambda zhipu: zhipu.chat.completions.submit(model="m", messages=TALK),
    "parse": lambda zhipu: zhipu.chat.completions.parse(model="m", messages=TALK, into=City),
    "run": the_run,
    "events of a run": the_events_of_a_run,
    "map": the_map,
    "map via task": the_outcome_of_a_map,
    "map of texts": the_map_of_texts,
    "map in a batch": the_map_in_a_batch,
    "as_completed": the_outcome_of_a_submission,
    "embeddings": lambda zhipu: zhipu.embeddings.create(model="m", input=[PROMPT]),
    "images": lambda zhipu: zhipu.images.generate(model="m", prompt=PROMPT),
    "videos": lambda zhipu: zhipu.videos.submit(model="m", prompt=PROMPT),
    "speech": lambda zhipu: zhipu.audio.speech.create(model="m", input=PROMPT, voice="v"),
    "upload": the_upload,
    "agent": the_agent,
    "agent's stream": the_agents_stream,
    "request": lambda zhipu: zhipu.request("POST", "/x", body={"prompt": PROMPT}),
}


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def cut(*pieces: bytes, then: Answer) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n")
        writer.writelines(pieces)
        await writer.drain()
        await then(reader, writer)

    return answer


PIECE = event(id="1", choices=[{"index": 0, "delta": {"content": "hi"}}])


async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with what is not HTTP, and repeats the request."""
    writer.write(b"HTTP/1.1 200 OK\r\nno header " + f"{KEY} {PROMPT}\r\n\r\n".encode())
    await writer.drain()


async def broken_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with chunks whose size is no number, and repeats the request."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head + b"3\r\n: \n\r\n" + f"{KEY} {PROMPT}\r\n".encode())
    await writer.drain()


ECHO = {"error": {"code": "1234", "message": "it failed"}, "echo": PROMPT}

FAULTS: dict[str, Answer] = {
    "hang up": hang_up,
    "reset": reset,
    "stall": stall,
    "401": reply({"error": {"code": "1000", "message": "who?"}, "echo": PROMPT}, status=401),
    "400": reply({"error": {"code": "1210", "message": "what?"}, "echo": PROMPT}, status=400),
    "429": reply({"error": {"code": "1302", "message": "slowly"}, "echo": PROMPT}, status=429),
    "500": reply(ECHO, status=500),
    "200 with an error": reply(ECHO),
    "html": reply(f"<html>{PROMPT}</html>".encode(), kind="text/html"),
    "html at 502": reply(f"<html>{PROMPT}</html>".encode(), kind="text/html", status=502),
    "nothing": reply(b"", status=503),
    "an empty 200": reply(b""),
    "no json": reply(b"{" + PROMPT.encode()),
    "no text": reply(b'{"id": "' + PROMPT.encode() + b'\xff"}'),
    "no such shape": reply({"choices": 7, "id": [PROMPT]}),
    "no http": gibberish,
    "broken chunks": broken_chunks,
    "redirect": reply(b"", status=302, headers="Location: http://example.com/\r\n"),
    "damaged compression": reply(PROMPT.encode(), headers="Content-Encoding: gzip\r\n"),
    "unknown compression": reply(PROMPT.encode(), headers="Content-Encoding: br\r\n"),
    "stream cut": cut(PIECE, then=hang_up),
    "stream reset": cut(PIECE, then=reset),
    "stream stalls": cut(PIECE, then=stall),
    "stream fails": cut(PIECE, event(**ECHO), then=stall),
    "stream fails at once": cut(event(**ECHO), then=stall),
    "stream is broken": cut(PIECE, b"data: {" + PROMPT.encode() + b"\n\n", then=hang_up),
    "stream of another": cut(PIECE, event(id="2", choices=[{"index": 0, "delta": 7}]), then=hang_up),
}


FEW_FAULTS = ("reset", "400", "500")
FEW_WAYS = ("create", "stream", "anext", "submit")
PAIRS = [(way, fault) for way in WAYS for fault in FAULTS if way in FEW_WAYS or fault in FEW_FAULTS]


@pytest.mark.parametrize(("way", "fault"), PAIRS)
async def test_a_fault_of_the_platform_shows_nothing(way: str, fault: str) -> None:
    async with hostile(FAULTS[fault]) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIError) as caught:
            await WAYS[way](zhipu)
    assert safe(caught.value)


@pytest.mark.parametrize("fault", ["reset", "stall", "400", "damaged compression", "html"])
async def test_a_signed_token_does_not_show_either(fault: str) -> None:
    async with hostile(FAULTS[fault]) as server, client(server.base_url, "jwt") as zhipu:
        with pytest.raises(APIError) as caught:
            await WAYS["create"](zhipu)
    assert safe(caught.value, *(credentials(seen) for seen in server.requests))


@pytest.mark.parametrize("way", WAYS)
async def test_nobody_there_shows_nothing(way: str) -> None:
    async with client("http://127.0.0.1:1/api/paas/v4") as zhipu:
        with pytest.raises(APIError, match="cannot connect") as caught:
            await WAYS[way](zhipu)
    assert safe(caught.value)


async def test_a_proxy_that_is_not_there_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:a-password@127.0.0.1:1")
    async with client("http://localhost:2/api/paas/v4", trust_env=True) as zhipu:
        with pytest.raises(APIError, match=r"127\.0\.0\.1:1") as caught:
            await WAYS["create"](zhipu)
    assert safe(caught.value, "a-password")


async def test_frames_of_the_caller_keep_what_they_hold() -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        held = "what the caller looks for"
        yield b"x"
        raise KeyError(len(held))

    async with hostile(stall) as server, client(server.base_url) as zhipu:
        with pytest.raises(KeyError) as caught:
            await zhipu.files.upload(file=("a.txt", pieces()), purpose="batch")
    own = [frame for frame, _ in walk_tb(caught.value.__traceback__) if frame.f_code.co_name == "pieces"]
    assert [frame.f_locals["held"] for frame in own] == ["what the caller looks for"]
    assert safe(caught.value)


@pytest.mark.parametrize("way", [way for way in WAYS if "map" not in way and "completed" not in way])
async def test_a_call_that_is_cancelled_shows_nothing(way: str) -> None:
    async with hostile(stall) as server, client(server.base_url, timeout=None) as zhipu:
        calling = asyncio.ensure_future(WAYS[way](zhipu))
        while not server.requests:
            await asyncio.sleep(0)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await calling
    assert safe(caught.value)


@pytest.mark.parametrize("fault", ["401", "reset", "stream cut"])
@pytest.mark.parametrize("way", ["create", "stream"])
async def test_observers_are_told_of_errors_that_show_nothing(way: str, fault: str) -> None:
    told: list[BaseException] = []

    class Tracker:
        def started(self, call: CallRecord) -> None: ...

        def retrying(self, call: CallRecord, error: BaseException, delay: float) -> None:
            told.append(error)
            assert safe(error)

        def finished(self, call: CallRecord) -> None:
            assert call.error is not None
            told.append(call.error)
            assert safe(call.error)

    async with hostile(FAULTS[fault]) as server, client(server.base_url) as zhipu:
        zhipu.observe(Tracker())
        with pytest.raises(APIError):
            await WAYS[way](zhipu)
    assert told


# ── misuse ─────────────────────────────────────────────────────────────────────────────────────────

HALF = PROMPT + "\ud83d"
CYCLE: list[object] = [PROMPT]
CYCLE.append(CYCLE)


def wrong(**fields: object) -> Way:
    """A chat call that cannot be sent."""
    given = {"model": "m", "messages": TALK, **fields}
    return lambda zhipu: zhipu.chat.completions.create(**given)  # type: ignore[call-overload]  # pyright: ignore


MISUSE: dict[str, Way] = {
    "a role that is missing": wrong(messages=[{"content": PROMPT}]),
    "a prompt that is no list": wrong(messages={"role": "user", "content": PROMPT}),
    "a message that is text": wrong(messages=[PROMPT]),
    "content of bytes": wrong(messages=[{"role": "user", "content": PROMPT.encode()}]),
    "a part without a type": wrong(messages=[{"role": "user", "content": [{"text": PROMPT}]}]),
    "half a character": wrong(messages=HALF),
    "half a character in a part": wrong(
        messages=[{"role": "user", "content": [{"type": "text", "text": HALF}]}]
    ),
    "only a system's word": wrong(messages=[{"role": "system", "content": PROMPT}]),
    "a tool of bytes": wrong(tools=[{"type": "function", "function": {"name": "f", "about": b"x"}}]),
    "a stop word of bytes": wrong(stop=[PROMPT.encode()]),
    "a field that holds itself": wrong(extra_body={"x": CYCLE}),
    "an object": wrong(meta={"user_info": PROMPT, "x": object()}),
    "a temperature of NaN": wrong(temperature=float("nan")),
    "an unknown keyword": wrong(prompt=PROMPT),
    "a user id that is too short": wrong(user_id="u"),
    "a header with a line break": wrong(extra_headers={"X": f"{PROMPT}\n"}),
    "a file that is not there": wrong(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": PROMPT}, parts.image(Path("no.png"))]}
        ]
    ),
    "a prompt of bytes": lambda zhipu: zhipu.images.generate(model="m", prompt=PROMPT.encode()),  # type: ignore[arg-type]  # pyright: ignore
    "an input of half a character": lambda zhipu: zhipu.embeddings.create(model="m", input=[HALF]),
    "a body of NaN": lambda zhipu: zhipu.request("POST", "/x", body={"prompt": PROMPT, "n": float("inf")}),
    "a path of two lines": lambda zhipu: zhipu.request("POST", f"/{PROMPT}\n", body={"prompt": PROMPT}),
    "a file that is not there, uploaded": lambda zhipu: zhipu.files.upload(
        file=Path("no/file"), purpose="batch"
    ),
}


@pytest.mark.parametrize("misuse", MISUSE)
async def test_a_mistake_of_the_caller_shows_nothing(misuse: str) -> None:
    async with client("http://127.0.0.1:1/api/paas/v4") as zhipu:
        with pytest.raises(UsageError) as caught:
            await MISUSE[misuse](zhipu)
    assert safe(caught.value)


NOT_AWAITED: dict[str, Callable[[AsyncZhipuAI], object]] = {
    "stream": lambda zhipu: zhipu.chat.completions.stream(model="", messages=TALK),
    "run": lambda zhipu: zhipu.chat.completions.run(model="m", messages=TALK, max_rounds=0),
    "map": lambda zhipu: zhipu.chat.completions.map([{"model": "m", "messages": TALK}], concurrency=0),
}


@pytest.mark.parametrize("way", NOT_AWAITED)
async def test_a_mistake_shows_nothing_where_nothing_is_awaited(way: str) -> None:
    async with client("http://127.0.0.1:1/api/paas/v4") as zhipu:
        with pytest.raises(UsageError) as caught:
            NOT_AWAITED[way](zhipu)
    assert safe(caught.value)


@pytest.mark.parametrize("auth", ["bearer", "jwt"])
@pytest.mark.parametrize("key", ["", f"{KEY}\n{ID}", f"Bearer {KEY}", f"{KEY}.{SECRET}", f"{KEY} ", ID])
@pytest.mark.parametrize("where", ["argument", "environment", "callable"])
async def test_a_key_that_cannot_be_used_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, where: str, key: str, auth: str
) -> None:
    for name in ("ZHIPUAI_API_KEY", "ZAI_API_KEY", "ZHIPU_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    async def give() -> str:
        return key

    if where == "environment":
        monkeypatch.setenv("ZAI_API_KEY", key)
    given = {"argument": key, "environment": None, "callable": give}[where]
    with pytest.raises((UsageError, APIError)) as caught:
        async with AsyncZhipuAI(given, base_url="http://127.0.0.1:1/v4", auth=auth, max_retries=0) as zhipu:  # type: ignore[arg-type]  # pyright: ignore
            await zhipu.models.list()
    assert safe(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"limits": "V99"}, {"base_url": "http://example.com"}, {"headers": {"X": "a\n"}}, {"max_retries": -1}],
)
def test_a_client_that_refuses_its_arguments_does_not_show_the_key(options: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        AsyncZhipuAI(KEY, **options)  # type: ignore[arg-type]  # pyright: ignore
    assert safe(caught.value)


def test_a_client_can_be_looked_at_before_it_is_finished() -> None:
    assert "unfinished" in repr(AsyncZhipuAI.__new__(AsyncZhipuAI))
