"""The floor of a program that hears of each event: the bare protocol again, which wakes its reader per read."""

from __future__ import annotations

import asyncio

from benchmarks.contenders.bare import Bare, Reading


class Waking(Reading):
    """Tells `came` of each read."""

    came: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.came is not None and not self.came.done():
            self.came.set_result(None)


class BareWaking(Bare):
    """A future for each wakeup, and nothing else."""

    protocol = Waking

    async def read(self) -> int:
        reading = await self._ask()
        assert isinstance(reading, Waking)
        loop = asyncio.get_running_loop()
        while not reading.done.done():
            reading.came = loop.create_future()
            await reading.came
        self._free.append(reading)
        return self.expected()


make = BareWaking
