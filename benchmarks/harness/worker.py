"""A contender's own process: takes one turn per line of its input, and says what it cost."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.harness import scenes
from benchmarks.harness.server import listen

if TYPE_CHECKING:
    from benchmarks.contenders.contender import Contender, Vectors

LEVELLING_BYTES = 8 << 20


def resident_bytes() -> int:
    """What this process holds in memory now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def level_the_field() -> None:
    """Free one large block: from then on glibc keeps memory instead of giving it back after every read.

    Whether something large was freed before is chance, and worth 5 to 10 µs per read of a socket.
    """
    bytes(LEVELLING_BYTES)


class Turns:
    """The verbs that a question may ask for."""

    def __init__(self, module: str, origins: str) -> None:
        level_the_field()
        self._module = importlib.import_module(f"benchmarks.contenders.{module}")
        # A question with a server of its own has only the first.
        self._far, self._realtime, self._secure, *_ = (*origins.split(), "", "")
        self._near = ""
        self._known: dict[str, Contender] = {}

    async def contender(self, scene: str, *, near: bool = False, tls: bool = False) -> Contender:
        """The client aimed at a scene; near is a server in this very loop."""
        if near and not self._near:
            self._near = await listen()
        url = f"{self._near if near else self._secure if tls else self._far}/{scene}"
        if url not in self._known:
            self._known[url] = self._module.make(url)
        return self._known[url]

    async def streams(
        self, scene: str, events: int, streams: int, near: bool = False, tls: bool = False
    ) -> dict[str, float]:
        """Read streams, all at one time; a unit is an event."""
        client = await self.contender(scene, near=near, tls=tls)
        client.crowd = streams > 1
        began = costs()
        texts = await asyncio.gather(*(client.read() for _ in range(streams)))
        spent = since(began, units=events * streams)
        for text in texts:
            assert text == scenes.checksum(events), f"{self._module.__name__} lost text"
        return spent

    async def short(self, scene: str, requests: int) -> dict[str, float]:
        """Read short streams one after the other; a unit is a request."""
        client = await self.contender(scene)
        began = costs()
        for _ in range(requests):
            await client.read()
        return since(began, units=requests)

    async def first(self, scene: str, requests: int) -> dict[str, float]:
        """Ask for streams one after the other; `first` is the median time to the first delta, in µs."""
        client = await self.contender(scene)
        times = sorted([await client.first() for _ in range(requests)])
        return {"first": times[len(times) // 2] * 1e6}

    async def calls(self, scene: str, requests: int, together: int = 1) -> dict[str, float]:
        """Call, so many at a time; a unit is a call."""
        client = await self.contender(scene)
        client.crowd = together > 1
        began = costs()
        for _ in range(requests // together):
            if together == 1:
                await client.call()
            else:
                await asyncio.gather(*(client.call() for _ in range(together)))
        return since(began, units=requests)

    async def talk(self, scene: str, requests: int) -> dict[str, float]:
        """Send the long conversation; a unit is a call."""
        client = await self.contender(scene)
        messages = scenes.conversation()
        began = costs()
        for _ in range(requests):
            await client.talk(messages)
        return since(began, units=requests)

    async def embed(self, scene: str, requests: int, kind: Vectors = "list") -> dict[str, float]:
        """Ask for the vectors; a unit is a call."""
        client = await self.contender(scene)
        began = costs()
        for _ in range(requests):
            assert await client.embed(kind) == scenes.VECTORS
        return since(began, units=requests)

    async def poll(self, scene: str, tasks: int) -> dict[str, float]:
        """Wait for tasks that are all pending; a unit is a poll."""
        client = await self.contender(scene)
        await client.poll(["the first one imports what is needed"])
        began = costs()
        sockets = await client.poll([str(number) for number in range(tasks)])
        return {**since(began, units=tasks * scenes.TASK_POLLS), "sockets": sockets}

    async def hold(self, scene: str, streams: int) -> dict[str, float]:
        """Hold streams open; `kib` is what each one adds to the process at its largest."""
        client = await self.contender(scene)
        client.crowd = True
        await client.read()
        gc.collect()
        before = resident_bytes()
        reading = [asyncio.ensure_future(client.read()) for _ in range(streams)]
        peak = 0
        while not all(task.done() for task in reading):
            peak = max(peak, resident_bytes())
            await asyncio.sleep(0.05)
        await asyncio.gather(*reading)
        return {"kib": (peak - before) / streams / 1024, "before": before / 2**20, "peak": peak / 2**20}

    async def own(self, work: str, **arguments: object) -> dict[str, float]:
        """Do what only this contender can; it counts its own units."""
        client = await self.contender("call")
        client.realtime = self._realtime
        doing = getattr(client, work)
        began = costs()
        units = await doing(**arguments)
        return since(began, units=units)


def costs() -> tuple[float, float]:
    """The clocks, after what earlier turns left behind is gone."""
    gc.collect()
    return time.process_time(), time.perf_counter()


def since(began: tuple[float, float], *, units: int) -> dict[str, float]:
    """What was spent per unit, in µs."""
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    return {"cpu": cpu / units * 1e6, "wall": wall / units * 1e6}


async def main(module: str, origin: str) -> None:
    """Take turns until the input ends."""
    turns = Turns(module, origin)
    loop = asyncio.get_running_loop()
    print(json.dumps({"ready": module}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        verb = getattr(turns, order.pop("verb"))
        try:
            answer = await verb(**order)
        except Exception as exc:  # told to the question, which leaves this contender out
            answer = {"error": f"{type(exc).__name__}: {exc}"}
        print(json.dumps(answer), flush=True)
    os._exit(0)  # peers leave threads and sessions behind; none of that is measured


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main(*sys.argv[1:3]))
    else:
        asyncio.run(main(*sys.argv[1:3]))
