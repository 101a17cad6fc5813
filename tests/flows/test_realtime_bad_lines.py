"""A line that stalls, is cut, half-closed or corrupted at every phase: an error in time, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.flows.realtime_room import hang_up, own_tasks, raw_server
from zhipu_async.client import AsyncZhipuAI
from zhipu_async.errors import IllegalCall, RealtimeError
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.protocol.realtime_ends import Reconnect
from zhipu_async.protocol.realtime_states import Connection
from zhipu_async.protocol.realtime_timing import Patience
from zhipu_async.simulator import Simulator
from zhipu_async.simulator.realtime_answer import Answer

FAULTS = ["cut", "half-close", "stall", "corrupt"]
# Bytes after which it happens, towards the client: within the handshake, between it and the greeting,
# within the configuration, within an answer, never.
MOMENTS = [0, 40, 170, 200, 700, 1500, 3000, 5000, 9000, 1_000_000]
QUICK = Patience(handshake=0.3, setup=0.3, update=0.3, answer=0.3, cancel=0.1, liveness=0.3, pong=0.1)


class BadLine:
    """Carries bytes between client and platform until its moment comes."""

    def __init__(self, fault: str, moment: int, target: int) -> None:
        self.fault, self.left, self.target = fault, moment, target
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        ahead, behind = await asyncio.open_connection("127.0.0.1", self.target)
        bad = self.connections == 1
        up = asyncio.ensure_future(self.carry(reader, behind, bad=False))
        down = asyncio.ensure_future(self.carry(ahead, writer, bad=bad))
        await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        if down.done() and bad and self.fault == "half-close":
            await up
        for task in (up, down):
            task.cancel()
        await asyncio.wait([up, down])
        await hang_up(behind)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, bad: bool) -> None:
        try:
            while piece := await reader.read(65536):
                if bad and len(piece) >= self.left:
                    writer.write(piece[: self.left])
                    await self.strike(piece[self.left :], writer)
                    return
                self.left -= len(piece) if bad else 0
                writer.write(piece)
        except ConnectionError:
            return

    async def strike(self, rest: bytes, writer: asyncio.StreamWriter) -> None:
        if self.fault == "cut":
            writer.transport.abort()
        elif self.fault == "half-close":
            writer.write_eof()
        elif self.fault == "corrupt":
            writer.write(b"\x9f\xff" + rest[2:] if len(rest) > 2 else b"\x9f\xff")
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def bad_line(fault: str, moment: int) -> AsyncGenerator[tuple[BadLine, AsyncZhipuAI]]:
    async with Simulator(seed=2) as sim:
        sim.realtime.answer(*[Answer(text="one two three four five six")] * 8)
        line = BadLine(fault, moment, int(sim.base_url.split(":")[2].split("/")[0]))
        async with raw_server(line.serve) as port:
            async with AsyncZhipuAI(sim.api_key, base_url=f"http://127.0.0.1:{port}/api/paas/v4") as zhipu:
                yield line, zhipu


async def three_turns(call: RealtimeSession) -> None:
    for _ in range(3):
        await call.send_text("hello")
        assert (await call.response()).transcript == "one two three four five six"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_bad_line_ends_in_an_error_of_ours_and_in_time(fault: str, moment: int) -> None:
    async with bad_line(fault, moment) as (_, zhipu):
        call = zhipu.realtime.connect(patience=QUICK)
        if moment == MOMENTS[-1]:
            async with call:
                await three_turns(call)
        else:
            with pytest.raises(RealtimeError):
                async with call:
                    await three_turns(call)
        assert own_tasks() == set()
        assert call.state.connection is Connection.CLOSED


@pytest.mark.parametrize("moment", MOMENTS[3:-1])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_session_that_reconnects_outlives_a_bad_line(fault: str, moment: int) -> None:
    async with bad_line(fault, moment) as (line, zhipu):
        policy = Reconnect(delays=(0.001,) * 6)
        async with zhipu.realtime.connect(patience=QUICK, reconnect=policy) as call:
            heard = 0
            for _ in range(40):
                try:
                    await call.send_text("hello")
                    heard += (await call.response()).transcript == "one two three four five six"
                except (RealtimeError, IllegalCall):
                    await asyncio.wait([asyncio.ensure_future(anext(call))])
                if heard == 3:
                    break
            assert heard == 3
            assert line.connections >= 2 or fault == "corrupt"
        assert own_tasks() == set()
