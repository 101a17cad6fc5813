"""Uploads: piece by piece, off the loop, sent again where they can be, and honest about whose fault it was."""

from __future__ import annotations

import asyncio
import email
import email.policy
import io
import os
import threading
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from tests.hostile import Seen, error, hostile, reply, stall
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIConnectionError, InvalidArgument, InvalidType
from zhipu_async.flows import upload
from zhipu_async.flows.request import Request
from zhipu_async.flows.upload import FileField, Form, Named, Progress, Uploadable, file_field, form_values
from zhipu_async.protocol.endpoint import Endpoint, Replay

FINE = reply({"id": "f1"})
BUSY = error("1302", 429)
LARGE_BYTES = 200_000_000
CONTENT = bytes(range(256)) * 2800
Reply = dict[str, object]
SAFE = Endpoint(name="things.upload", path="/things", reply=Reply, replay=Replay.SAFE)


def client(base_url: str) -> AsyncZhipuAI:
    zhipu = AsyncZhipuAI("a.b", base_url=base_url, max_retries=2)
    zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  # no pauses
    return zhipu


async def send(
    zhipu: AsyncZhipuAI, file: Named, on_progress: Progress | None = None, **extra: object
) -> Reply:
    form = Form({"purpose": "batch"}, [await file_field("file", file)], on_progress)
    request = Request(content=form, options={"extra_body": extra} if extra else {})
    return await zhipu._calls.call(SAFE, request)  # pyright: ignore[reportPrivateUsage]


def parts(seen: Seen) -> dict[str, tuple[str | None, bytes]]:
    """Name, file name and content of each part, as a mail program reads them."""
    head = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + seen.body, policy=email.policy.HTTP)
    found: dict[str, tuple[str | None, bytes]] = {}
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[str(part.get_param("name", header="content-disposition"))] = (part.get_filename(), content)
    return found


async def pieces(*content: bytes) -> AsyncGenerator[bytes]:
    for piece in content:
        yield piece


def opened(content: bytes, at: int) -> io.BytesIO:
    file = io.BytesIO(content)
    file.seek(at)
    return file


# ── what is sent ───────────────────────────────────────────────────────────────────────────────────


SOURCES: dict[str, Callable[[Path], Uploadable]] = {
    "a path": lambda path: path,
    "a path as text": lambda path: str(path),
    "bytes": lambda path: path.read_bytes(),
    "an open file": lambda path: opened(b"before" + path.read_bytes(), 6),
    "an async iterator": lambda path: pieces(path.read_bytes()[:9], b"", path.read_bytes()[9:]),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_every_source_arrives_whole_and_announced(source: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    seen: list[tuple[int, int | None]] = []
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await send(zhipu, ("a.bin", SOURCES[source](path)), lambda done, total: seen.append((done, total)))
    request, known = server.requests[0], source != "an async iterator"
    assert parts(request) == {"purpose": (None, b"batch"), "file": ("a.bin", CONTENT)}
    assert ("content-length" in request.headers) is known
    size = len(request.body)
    assert seen[-1] == (size, size if known else None)


async def test_a_pipe_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through a pipe")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        async with hostile(FINE) as server, client(server.base_url) as zhipu:
            await send(zhipu, ("a", pipe))
    assert parts(server.requests[0])["file"] == ("a", b"through a pipe")


@pytest.mark.parametrize(
    ("file", "name", "kind"),
    [
        (Path("/x/报告.pdf"), "报告.pdf", "application/pdf"),
        (("a.WAV", b"x"), "a.WAV", "audio/wav"),
        (("jobs.jsonl", b"x"), "jobs.jsonl", "application/jsonl"),
        (("a.unheard", b"x"), "a.unheard", "application/octet-stream"),
        (("a.unheard", b"x", "text/plain"), "a.unheard", "text/plain"),
        (b"%PDF-1.7", "file.pdf", "application/pdf"),
        (b"???", "file", "application/octet-stream"),
        (io.BytesIO(b"x"), "file", "application/octet-stream"),
    ],
)
async def test_a_file_is_named_and_typed_by_its_name_or_content(
    file: Named, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(path: Path) -> int:
        return 1

    monkeypatch.setattr(upload, "_size_of", one)
    field = await file_field("file", file)
    assert (field.filename, field.content_type) == (name, kind)


async def test_an_open_file_brings_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        assert (await file_field("file", file)).filename == "a.mp3"
    assert (await file_field("file", path, content_type="x/y")).content_type == "x/y"


async def test_fields_of_a_call_are_joined_to_the_form() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        view = zhipu.with_options(extra_body={"novel": True})
        await send(view, ("a", b"x"), purpose="other", sizes=[1, 2])
    body = server.requests[0].body
    assert parts(server.requests[0])["purpose"] == (None, b"other")
    assert parts(server.requests[0])["novel"] == (None, b"true")
    assert body.count(b'name="sizes"') == 2


def test_values_are_written_as_forms_have_them() -> None:
    written = form_values(
        text="a", flag=False, number=1.5, none=None, words=["a", "b"], numbers=(1, 2), object={"a": None}
    )
    assert written == {
        "text": "a",
        "flag": "false",
        "number": "1.5",
        "words": ["a", "b"],
        "numbers": ["1", "2"],
        "object": '{"a":null}',
    }


def test_a_request_id_is_a_field_where_the_endpoint_has_one() -> None:
    ours = Form({"a": "b"}, [], takes_request_id=True).with_fields({"c": 1})
    own = Form({"request_id": "mine"}, [], takes_request_id=True)
    assert ours.length == Form({"a": "b", "c": "1", "request_id": "x" * 32}, []).length
    assert own.length == Form({"request_id": "mine"}, []).length


# ── what is refused before anything is sent ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("file", "expected", "why"),
    [
        (("a", b""), InvalidArgument, "a is empty"),
        (opened(b"abc", 3), InvalidArgument, "is empty"),
        ("/no/such/file.pdf", InvalidArgument, "cannot read"),
        ("/", InvalidArgument, "directory"),
        (7, InvalidType, "int"),
        (("a",), InvalidType, "in a tuple"),
        (("a", b"x", "text/plain\r\nX: y"), InvalidType, "in a tuple"),
        ((None, b"x"), InvalidType, "in a tuple"),
        (("\ud800.pdf", b"x"), InvalidArgument, "cannot be written as text"),
        (("a", b"12345"), InvalidArgument, "has 5 bytes; the platform takes 4"),
    ],
)
async def test_what_is_no_file_is_refused(file: Named, expected: type[Exception], why: str) -> None:
    with pytest.raises(expected, match=why):
        await file_field("file", file, limit_bytes=4)


async def test_what_is_no_file_is_not_asked_for_its_extension() -> None:
    with pytest.raises(InvalidType, match="not NoneType"):
        await file_field("file", None, by_extension=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# ── sent again ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("source", [lambda: CONTENT, lambda: opened(b"123" + CONTENT, 3)])
async def test_what_can_be_read_again_is_sent_again_whole(source: Callable[[], Uploadable]) -> None:
    async with hostile(BUSY, FINE) as server, client(server.base_url) as zhipu:
        await send(zhipu, ("a", source()))
    assert [parts(seen)["file"][1] for seen in server.requests] == [CONTENT, CONTENT]


async def test_what_can_be_read_only_once_is_not_sent_again() -> None:
    async with hostile(BUSY, FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(Exception, match="only once"):
            await send(zhipu, ("a", pieces(b"x")))
    assert len(server.requests) == 1


async def test_what_was_never_begun_is_tried_again() -> None:
    async with hostile(FINE) as server:
        pass
    async with client(server.base_url) as zhipu:
        with pytest.raises(APIConnectionError) as caught:
            await send(zhipu, ("a", pieces(b"x")))
    assert caught.value.attempts == 3


# ── whose fault it was ─────────────────────────────────────────────────────────────────────────────


async def test_an_error_of_the_callers_iterator_is_what_the_caller_sees() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"x"
        raise KeyError("mine")

    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(KeyError, match="mine"):
            await send(zhipu, ("a", broken()))
    assert server.requests == []


async def test_an_error_of_the_callers_progress_is_what_the_caller_sees() -> None:
    def fail(done: int, total: int | None) -> None:
        raise KeyError("mine")

    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(KeyError, match="mine"):
            await send(zhipu, ("a", CONTENT), fail)


async def test_a_file_that_gives_text_is_refused() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(InvalidType, match="gives str"):
            await send(zhipu, ("a", io.StringIO("text")))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_file_that_shrinks_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(InvalidArgument, match="shorter"):
            await send(zhipu, path, lambda done, total: os.truncate(path, 10))
    assert server.requests == []


async def test_what_a_file_grows_by_meanwhile_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)

    def grow(done: int, total: int | None) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await send(zhipu, path, grow)
    assert parts(server.requests[0])["file"] == ("a", CONTENT)


async def test_a_file_that_is_gone_meanwhile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(CONTENT)
    form = Form({}, [await file_field("file", path)])
    path.unlink()
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(InvalidArgument, match=r"a\.pdf"):
            await zhipu._calls.call(SAFE, Request(content=form))  # pyright: ignore[reportPrivateUsage]


# ── time and threads ───────────────────────────────────────────────────────────────────────────────


async def test_the_clock_hears_of_every_piece_that_was_sent() -> None:
    heard: list[int] = []
    form = Form({"a": "b"}, [await file_field("file", ("a", pieces(b"1", b"2")))])
    sent = [piece async for piece in form.open("id", lambda: heard.append(1))]
    assert len(heard) == len(sent) == 6


async def test_a_cancelled_upload_closes_its_connection_and_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    begun = asyncio.Event()
    async with hostile(stall) as server, client(server.base_url) as zhipu:
        task = asyncio.create_task(send(zhipu, path, lambda done, total: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.open_connections:
            await asyncio.sleep(0)


async def test_no_file_is_read_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    threads: list[bool] = []
    real_open = Path.open

    def noted(*args: object, **kwargs: object) -> object:
        threads.append(threading.current_thread() is threading.main_thread())
        return real_open(*args, **kwargs)  # type: ignore[call-overload]  # pyright: ignore

    monkeypatch.setattr(Path, "open", noted)
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await send(zhipu, path)
    assert threads == [False]


def test_a_field_says_whether_it_can_be_read_again() -> None:
    assert FileField("file", "a", "x/y", b"x", 1).again
    assert not FileField("file", "a", "x/y", pieces(b"x"), None).again


@pytest.mark.parametrize("known_size", [True, False])
async def test_a_large_file_passes_through_little_memory(tmp_path: Path, known_size: bool) -> None:
    path, arrived = tmp_path / "a.jsonl", 0
    with path.open("wb") as file:
        file.truncate(LARGE_BYTES)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        end = b""
        while not end.endswith((b"--\r\n", b"\r\n0\r\n\r\n")):
            piece = await reader.read(2**18)
            arrived, end = arrived + len(piece), (end + piece)[-16:]
        await reply({"id": "1"})(reader, writer)
        writer.close()

    async def from_disk() -> AsyncGenerator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(2**18):
                yield piece

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        tracemalloc.start()
        try:
            async with AsyncZhipuAI("a.b", base_url=f"http://{host}:{port}/api/paas/v4") as zhipu:
                source: Named = path if known_size else ("a.jsonl", from_disk())
                await zhipu.files.upload(file=source, purpose="batch")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert arrived > LARGE_BYTES
    assert peak < LARGE_BYTES // 10
