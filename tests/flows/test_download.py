"""Downloads: whole or not there, watched by a clock, gone with their connection when they are left."""

from __future__ import annotations

import asyncio
import gzip
import os
import threading
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from tests.hostile import Answer, Hostile, Seen, hang_up, hostile, reply, reset, stall
from zhipu_async import AsyncZhipuAI, Timeout
from zhipu_async.errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    InvalidArgument,
    NotFoundError,
)
from zhipu_async.flows import download as downloads
from zhipu_async.flows.download import Download, of_endpoint
from zhipu_async.flows.observe import CallRecord
from zhipu_async.flows.request import Request
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.transport import lookout

CONTENT = os.urandom(3_000_000)
FINE = reply(CONTENT, kind="application/octet-stream")
FILE = Endpoint(name="files.content", method="GET", path="/files/1", reply=bytes, replay=Replay.SAFE)


def half(ending: Answer) -> Answer:
    """Send half of what was announced, then do something else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + CONTENT[:1_500_000])
        await writer.drain()
        await ending(reader, writer)

    return answer


def client(server: Hostile, idle: float = 5.0, max_retries: int = 0) -> AsyncZhipuAI:
    timeout = Timeout(connect=2, first=2, idle=idle, total=10)
    zhipu = AsyncZhipuAI("a.b", base_url=server.base_url, timeout=timeout, max_retries=max_retries)
    zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  so that no pause takes time
    return zhipu


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def by_link(zhipu: AsyncZhipuAI) -> Download:
    return zhipu.download(f"{zhipu.base_url}/made.bin")


def by_endpoint(zhipu: AsyncZhipuAI) -> Download:
    return of_endpoint(zhipu._calls, FILE, Request(stream=True))  # pyright: ignore[reportPrivateUsage]


Of = Callable[[AsyncZhipuAI], Download]
both_ways = pytest.mark.parametrize("of", [by_link, by_endpoint])


@both_ways
async def test_a_download_is_bytes_or_pieces_or_a_file(of: Of, tmp_path: Path) -> None:
    async with hostile(FINE) as server, client(server) as zhipu:
        seen: list[tuple[int, int | None]] = []
        saved = await of(zhipu).save(
            tmp_path / "a.bin", on_progress=lambda done, total: seen.append((done, total))
        )
        assert await of(zhipu) == CONTENT
        assert b"".join([piece async for piece in of(zhipu)]) == CONTENT
    assert saved == tmp_path / "a.bin"
    assert saved.read_bytes() == CONTENT
    assert names_in(tmp_path) == ["a.bin"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


async def test_the_file_has_another_name_until_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"what was there before")
    meanwhile: set[tuple[str, ...]] = set()
    async with hostile(FINE) as server, client(server) as zhipu:
        await by_link(zhipu).save(
            tmp_path / "a.bin", on_progress=lambda done, total: meanwhile.add(tuple(names_in(tmp_path)))
        )
    assert meanwhile == {("a.bin", "a.bin.part")}
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@both_ways
async def test_a_broken_download_leaves_nothing_and_keeps_what_was_there(of: Of, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"before")
    async with hostile(half(hang_up)) as server, client(server) as zhipu:
        with pytest.raises(APIConnectionError) as caught:
            await of(zhipu).save(tmp_path / "a.bin")
    assert caught.value.endpoint == ("files.content" if of is by_endpoint else "download")
    assert names_in(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"before"


@both_ways
async def test_a_silent_download_runs_into_the_idle_clock(of: Of, tmp_path: Path) -> None:
    async with hostile(half(stall)) as server, client(server, idle=0.05) as zhipu:
        with pytest.raises(APITimeoutError) as caught:
            await of(zhipu).save(tmp_path / "a.bin")
        await until_closed(server)
    assert caught.value.clock == "idle"
    assert names_in(tmp_path) == []


@both_ways
async def test_a_cancelled_download_leaves_neither_file_nor_connection(of: Of, tmp_path: Path) -> None:
    arrived = asyncio.Event()
    async with hostile(half(stall)) as server, client(server) as zhipu:
        task = asyncio.create_task(
            of(zhipu).save(tmp_path / "a.bin", on_progress=lambda done, total: arrived.set())
        )
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_closed(server)
        assert "1 in flight" not in repr(zhipu.limits)
    assert names_in(tmp_path) == []


async def test_a_cancelled_scope_leaves_no_file(tmp_path: Path) -> None:
    async with hostile(half(stall)) as server, client(server) as zhipu:
        with anyio.CancelScope() as scope:
            await by_link(zhipu).save(tmp_path / "a.bin", on_progress=lambda done, total: scope.cancel())
        await until_closed(server)
    assert scope.cancelled_caught
    assert names_in(tmp_path) == []


@both_ways
async def test_a_download_that_is_left_early_closes_its_connection(of: Of) -> None:
    async with hostile(half(stall)) as server, client(server) as zhipu:
        async for piece in of(zhipu):
            assert piece
            break
        await until_closed(server)


async def test_an_error_of_the_callers_own_ends_the_download(tmp_path: Path) -> None:
    def fail(done: int, total: int | None) -> None:
        raise ZeroDivisionError

    async with hostile(half(stall)) as server, client(server) as zhipu:
        with pytest.raises(ZeroDivisionError):
            await by_link(zhipu).save(tmp_path / "a.bin", on_progress=fail)
        await until_closed(server)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("place", ["missing/a.bin", "folder"])
async def test_a_place_that_cannot_be_written_is_said_before_anything_is_fetched(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    async with hostile(FINE) as server, client(server) as zhipu:
        with pytest.raises(OSError, match=place):
            await by_link(zhipu).save(tmp_path / place)
    assert server.requests == []


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_link_that_has_expired_is_an_error(status: int) -> None:
    async with hostile(reply(b"gone", status=status)) as server, client(server) as zhipu:
        with pytest.raises(APIResponseError, match=f"HTTP {status}") as caught:
            await by_link(zhipu)
    assert caught.value.status == status
    assert ("expire" in str(caught.value)) is (status != 500)


async def test_an_error_of_the_platform_is_raised_as_such() -> None:
    refusal = reply({"error": {"code": "1222", "message": "no such file"}}, status=404)
    async with hostile(refusal) as server, client(server) as zhipu:
        with pytest.raises(Exception, match="1222"):
            await by_endpoint(zhipu)


@pytest.mark.parametrize("url", ["http://example.org/a.png", "ftp://example.org/a", "a.png", ""])
async def test_only_secure_links_are_followed(url: str) -> None:
    async with hostile(FINE) as server, client(server) as zhipu:
        with pytest.raises(InvalidArgument):
            zhipu.download(url)


async def test_a_redirect_is_followed() -> None:
    async with hostile(FINE) as server:
        there = reply(b"", status=302, headers=f"Location: {server.base_url}/there\r\n")
        async with hostile(there) as first, client(first) as zhipu:
            assert await by_link(zhipu) == CONTENT


async def test_what_leads_to_an_insecure_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str) -> None:
        if url.endswith("/there"):
            raise InvalidArgument("not https")

    monkeypatch.setattr(downloads, "check_link", refuse)
    async with hostile(FINE) as server:
        there = reply(b"", status=302, headers=f"Location: {server.base_url}/there\r\n")
        async with hostile(there) as first, client(first) as zhipu:
            with pytest.raises(APIResponseError, match="https"):
                await by_link(zhipu)


async def test_a_link_is_asked_for_its_file_as_it_is() -> None:
    async with hostile(FINE) as server, client(server) as zhipu:
        await by_link(zhipu)
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_a_compressed_download_is_written_as_it_was_before(tmp_path: Path) -> None:
    packed = reply(gzip.compress(b"a" * 1_000_000), headers="Content-Encoding: gzip\r\n")
    seen: list[int | None] = []
    async with hostile(packed) as server, client(server) as zhipu:
        saved = await by_link(zhipu).save(tmp_path / "a", on_progress=lambda done, total: seen.append(total))
    assert saved.read_bytes() == b"a" * 1_000_000
    assert set(seen) == {None}


async def test_memory_takes_no_more_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MEMORY_BYTES", 100_000)
    async with hostile(FINE) as server, client(server) as zhipu:
        with pytest.raises(APIResponseError, match="save"):
            await by_link(zhipu)


async def test_no_file_is_touched_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[bool] = set()
    real_open, real_replace = Path.open, Path.replace

    def note(work: Callable[..., object]) -> Callable[..., object]:
        def noted(*args: object, **kwargs: object) -> object:
            threads.add(threading.current_thread() is threading.main_thread())
            return work(*args, **kwargs)

        return noted

    monkeypatch.setattr(Path, "open", note(real_open))
    monkeypatch.setattr(Path, "replace", note(real_replace))
    async with hostile(FINE) as server, client(server) as zhipu:
        await by_link(zhipu).save(tmp_path / "a.bin")
    assert threads == {False}


def ranged(request: Seen) -> int:
    """Where the request wants the file to begin."""
    return int(request.headers.get("range", "bytes=0-")[len("bytes=") : -1])


def breaking(server: list[Hostile], *, size: int, ranges: bool = True) -> Answer:
    """Send so many bytes and hang up, until the file is whole."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = server[0].requests
        begin = ranged(asked[-1]) if ranges else 0
        end = min(len(CONTENT), begin + size if ranges else len(asked) * size)
        part = (
            f"206 X\r\nContent-Range: bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}" if begin else "200 X"
        )
        head = f'HTTP/1.1 {part}\r\nContent-Length: {len(CONTENT) - begin}\r\nETag: "a"\r\n\r\n'
        writer.write(head.encode() + CONTENT[begin:end])
        await writer.drain()
        if end < len(CONTENT):
            await hang_up(reader, writer)

    return answer


@both_ways
@pytest.mark.parametrize("ranges", [True, False])
async def test_a_broken_download_goes_on_where_it_was(of: Of, ranges: bool, tmp_path: Path) -> None:
    servers: list[Hostile] = []
    async with hostile(breaking(servers, size=1_000_000, ranges=ranges)) as server:
        servers.append(server)
        async with client(server, max_retries=9) as zhipu:
            seen: list[int] = []
            await of(zhipu).save(tmp_path / "a.bin", on_progress=lambda done, total: seen.append(done))
            server.requests.clear()
            assert await of(zhipu) == CONTENT
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    asked = [ranged(request) for request in server.requests]
    assert asked == sorted(set(asked))
    assert len(asked) > 2
    assert seen == sorted(set(seen))


async def test_every_stretch_of_a_long_download_has_its_own_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "RENEWING_BYTES", 300_000)
    servers: list[Hostile] = []
    async with hostile(breaking(servers, size=500_000)) as server:
        servers.append(server)
        async with client(server, max_retries=1) as zhipu:
            assert await by_link(zhipu) == CONTENT
    assert len(server.requests) > 4


@both_ways
async def test_a_download_that_goes_on_breaking_is_given_up_and_says_where(of: Of, tmp_path: Path) -> None:
    async with hostile(half(hang_up)) as server, client(server, max_retries=2) as zhipu:
        with pytest.raises(APIConnectionError, match="broke while the answer arrived") as caught:
            await of(zhipu).save(tmp_path / "a.bin")
    assert caught.value.endpoint == ("files.content" if of is by_endpoint else "download")
    assert caught.value.attempts == len(server.requests) > 2
    assert names_in(tmp_path) == []


@both_ways
async def test_a_file_that_changed_meanwhile_is_not_put_together(of: Of) -> None:
    other = reply(bytes(len(CONTENT)), kind="application/octet-stream")
    async with hostile(half(hang_up), other) as server, client(server, max_retries=2) as zhipu:
        with pytest.raises(APIResponseError, match="another one"):
            await of(zhipu)
    assert len(server.requests) == 2


@pytest.mark.parametrize("trouble", [hang_up, reset, reply(b"", status=503), reply(b"", status=429)])
async def test_a_link_that_does_not_answer_is_asked_again(trouble: Answer) -> None:
    async with hostile(trouble, FINE) as server, client(server, max_retries=1) as zhipu:
        assert await by_link(zhipu) == CONTENT


async def test_a_link_that_has_expired_is_not_asked_again() -> None:
    async with hostile(reply(b"gone", status=404), FINE) as server, client(server, max_retries=2) as zhipu:
        with pytest.raises(APIResponseError, match=r"HTTP 404 \[download\]"):
            await by_link(zhipu)


async def test_asking_again_ends_with_the_total_clock() -> None:
    async with hostile(hang_up) as server, client(server, max_retries=9) as zhipu:
        zhipu._calls.random = lambda: 0.9  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(APIConnectionError, match="'total' clock ends before") as caught:
            await zhipu.with_options(timeout=0.4).download(f"{zhipu.base_url}/made.bin")
    assert caught.value.attempts == 1


@both_ways
async def test_a_broken_framing_is_noticed_without_the_idle_clock(
    of: Of, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await begun.wait()
        writer.write(b"zz\r\nabc\r\n")
        await stall(reader, writer)

    monkeypatch.setattr(lookout, "LOOK_SECONDS", 0.01)
    async with hostile(answer) as server, client(server, idle=3600) as zhipu:
        pieces = aiter(of(zhipu))
        assert await anext(pieces) == b"abc"
        begun.set()
        with pytest.raises(APIConnectionError, match="broke while the answer arrived"):
            await anext(pieces)


async def test_a_large_file_that_calls_itself_json_passes_through_little_memory(tmp_path: Path) -> None:
    piece, count = b'{"custom_id": "job-000001", "response": {"status_code": 200}}\n' * 4096, 800

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {len(piece) * count}\r\n\r\n"
        writer.write(head.encode())
        for _ in range(count):
            writer.write(piece)
            await writer.drain()

    async with hostile(answer) as server, client(server) as zhipu:
        tracemalloc.start()
        try:
            path = await zhipu.files.content("1").save(tmp_path / "a.jsonl")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert path.stat().st_size == len(piece) * count > 200_000_000
    assert peak < 16_000_000


async def test_an_error_with_status_200_is_raised_instead_of_saved(tmp_path: Path) -> None:
    refusal = reply({"error": {"code": "1222", "message": "no such file"}})
    async with hostile(refusal) as server, client(server) as zhipu:
        with pytest.raises(NotFoundError, match="1222"):
            await zhipu.files.content("1").save(tmp_path / "a.jsonl")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b'{"custom_id": "job-000001", "error": {"code": "1301", "message": "unsafe"}}',
        b'{"custom_id": "job-000001", "error": {"code": "1301", "message": "unsafe"}}\n' * 2,
        b'{"content": "text of a document", "file_type": "pdf"}',
        b"",
    ],
)
async def test_json_that_is_no_error_of_the_platform_is_content(content: bytes) -> None:
    async with hostile(reply(content)) as server, client(server) as zhipu:
        assert await zhipu.files.content("1") == content


class Ends:
    """Notes how calls ended."""

    def __init__(self) -> None:
        self.errors: list[BaseException | None] = []
        self.again: list[str] = []

    def started(self, call: CallRecord) -> None:
        """Nothing to note."""

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None:
        self.again.append(call.endpoint)

    def finished(self, call: CallRecord) -> None:
        self.errors.append(call.error)


async def left(download: Download) -> None:
    async for _ in download:
        break


async def read(download: Download) -> None:
    await download


@pytest.mark.parametrize(
    ("answer", "use", "fails"), [(FINE, read, False), (FINE, left, False), (half(hang_up), read, True)]
)
async def test_observers_hear_of_broken_downloads_but_not_of_those_that_were_left(
    answer: Answer, use: Callable[[Download], Awaitable[None]], fails: bool
) -> None:
    async with hostile(answer) as server, client(server) as zhipu:
        ends = Ends()
        zhipu.observe(ends)
        try:
            await use(by_endpoint(zhipu))
        except APIConnectionError:
            assert fails
        while not ends.errors:
            await asyncio.sleep(0)
    assert [error is not None for error in ends.errors] == [fails]


@both_ways
async def test_observers_hear_of_every_connection_that_a_download_takes(of: Of) -> None:
    async with hostile(half(hang_up), FINE) as server, client(server, max_retries=1) as zhipu:
        ends = Ends()
        zhipu.observe(ends)
        await of(zhipu)
    assert [error is not None for error in ends.errors] == [True, False]
    assert ends.again == ["files.content" if of is by_endpoint else "download"]


async def until_closed(server: Hostile) -> None:
    while server.open_connections:
        await asyncio.sleep(0)
