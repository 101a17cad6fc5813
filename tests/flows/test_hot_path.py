"""What a streamed event costs, counted in calls: a measure that no machine's mood changes.

The bounds are a third above what is needed; whoever crosses one has added work per event or per network read.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType, SimpleNamespace

import zhipu_async
from tests.protocol.frames import DONE, event, pieces, text
from zhipu_async import Timeout
from zhipu_async.flows.stream import ChatStream
from zhipu_async.types.base import Arrival

EVENT = event(text("你好"))
END = event(text("", finish_reason="stop")) + DONE
EVENTS = 1000
STREAMS = 200
PACKAGE = Path(zhipu_async.__file__).parent
KEPT_BYTES = 2100  # by our own code for a stream that waits, beside what aiohttp keeps


class Response:
    """A response whose pieces are all there, and whose end may never come."""

    def __init__(self, pieces: list[bytes], *, ends: bool = True) -> None:
        self._pieces = pieces[::-1]
        self._ends = ends

    def source(self) -> Callable[[], Awaitable[bytes]]:
        return self._read

    async def _read(self) -> bytes:
        if not (self._pieces or self._ends):
            await asyncio.get_running_loop().create_future()
        return self._pieces.pop() if self._pieces else b""

    def broken(self, error: BaseException) -> None:
        pass

    def close(self) -> None:
        pass

    def at_eof(self) -> bool:
        return not self._pieces

    def release(self) -> None:
        pass


def stream_of(pieces: list[bytes], *, ends: bool = True) -> ChatStream:
    async def opened() -> SimpleNamespace:
        return SimpleNamespace(
            response=Response(pieces, ends=ends),
            permit=SimpleNamespace(idle=False),
            arrival=Arrival(200, "", "r1", {}, 1, 0.0),
            request_id="r1",
            timeout=Timeout(),
            first_deadline=None,
            first_clock="first",
            endpoint=SimpleNamespace(name="chat"),
            end=lambda **_: None,  # pyright: ignore[reportUnknownLambdaType]
        )

    return ChatStream(opened)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def calls(view: Callable[[ChatStream], object], pieces: list[bytes]) -> tuple[float, float]:
    """Count the calls of Python and of C functions per event; resuming a generator counts as one."""
    stream = stream_of(pieces)
    await stream.open()
    counts = {"call": 0, "c_call": 0}

    def count(frame: FrameType, happening: str, argument: object) -> None:
        if happening in counts:
            counts[happening] += 1

    items = view(stream)
    gc.collect()
    gc.disable()  # what other tests left to be collected would be counted, too
    sys.setprofile(count)
    try:
        async for _ in items:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
            pass
    finally:
        sys.setprofile(None)
        gc.enable()
    assert stream.result.text == "你好" * EVENTS
    return counts["call"] / EVENTS, counts["c_call"] / EVENTS


BURST = [EVENT * EVENTS + END]
ONE_BY_ONE = [EVENT] * EVENTS + [END]


async def test_in_a_burst_an_event_costs_its_delivery_and_one_append() -> None:
    python, c = await calls(lambda stream: stream.__aiter__(), BURST)
    assert python <= 1.3, "one resumption of the generator"
    assert c <= 1.5, "one append to the text"


async def test_in_a_burst_lists_cost_next_to_nothing() -> None:
    python, c = await calls(lambda stream: stream.batches(), BURST)
    assert python <= 0.14, "a dozen for each part of the read"
    assert c <= 1.5


async def test_text_costs_what_chunks_cost() -> None:
    python, c = await calls(lambda stream: stream.text(), BURST)
    assert python <= 1.3
    assert c <= 1.5


async def test_an_event_that_comes_alone_costs_a_handful_of_calls() -> None:
    python, c = await calls(lambda stream: stream.__aiter__(), ONE_BY_ONE)
    assert python <= 7
    assert c <= 9


async def test_reads_that_end_anywhere_need_no_care() -> None:
    python, c = await calls(lambda stream: stream.__aiter__(), list(pieces(BURST[0], 1000)))
    assert python <= 2.8, "one feed for seven events"
    assert c <= 3.2


async def test_reads_that_end_inside_a_blank_line_need_no_care() -> None:
    size = 25 * len(EVENT)
    parts = [BURST[0][: size - 1], *pieces(BURST[0][size - 1 :], size)]
    python, c = await calls(lambda stream: stream.__aiter__(), parts)
    assert python <= 2
    assert c <= 2.5


async def test_a_stream_that_waits_keeps_little() -> None:
    async def read(stream: ChatStream) -> None:
        async for _ in stream.text():
            pass

    tracemalloc.start()
    try:
        streams = [stream_of([EVENT], ends=False) for _ in range(STREAMS)]
        reading = [asyncio.ensure_future(read(stream)) for stream in streams]
        while any(stream.partial.text == "" for stream in streams):
            await asyncio.sleep(0)
        ours = tracemalloc.Filter(inclusive=True, filename_pattern=f"{PACKAGE}/*")
        kept = tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename")
    finally:
        tracemalloc.stop()
    for task in reading:
        task.cancel()
    await asyncio.wait(reading)
    assert sum(each.size for each in kept) / STREAMS <= KEPT_BYTES


async def test_care_ends_with_what_needed_it() -> None:
    wire = b": welcome\n" + BURST[0]
    python, c = await calls(lambda stream: stream.__aiter__(), list(pieces(wire, 3700)))
    assert python <= 2.3, "one read of 26 events with care"
    assert c <= 2.7
