"""One resource per event loop, closed with its loop: what lets one client serve many loops and threads."""

from __future__ import annotations

import asyncio
import threading
import weakref
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

Kept: TypeAlias = dict[AbstractEventLoop, tuple[T, AsyncGenerator[None]]]


class PerLoop(Generic[T]):
    """Makes a resource at its first use in a loop and closes it when the loop ends, or at `close()`.

    An async generator waits beside each resource: `asyncio.run` finalises those, and so closes what
    nobody closed. A loop that ended without doing so is swept at the next use from another one.
    """

    def __init__(
        self, make: Callable[[], T], close: Callable[[T], Awaitable[None]], abandon: Callable[[T], None]
    ) -> None:
        self._make = make
        self._close = close
        self._abandon = abandon  # for a loop that is dead: synchronous, and without that loop
        self._kept: Kept[T] = {}
        self._lock = threading.Lock()
        # When the client itself is dropped, what it kept must not turn into garbage along with it.
        weakref.finalize(self, _dropped, self._kept, abandon).atexit = False

    def __len__(self) -> int:
        return len(self._kept)

    def here(self) -> T | None:
        """Return this loop's resource, if it has been made."""
        kept = self._kept.get(asyncio.get_running_loop())
        return kept[0] if kept is not None else None

    async def get(self) -> T:
        """Return this loop's resource, made now if need be."""
        kept = self._kept.get(asyncio.get_running_loop())
        return kept[0] if kept is not None else await self._begin()

    async def close(self) -> None:
        """Close this loop's resource and those of dead loops; a cancelled close still completes."""
        self.sweep()
        kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await asyncio.shield(asyncio.ensure_future(kept[1].aclose()))

    def sweep(self) -> None:
        """Abandon the resources of loops that are closed."""
        with self._lock:
            dead = [loop for loop in self._kept if loop.is_closed()]
            abandoned = [self._kept.pop(loop)[0] for loop in dead]
        for resource in abandoned:
            self._abandon(resource)

    async def _begin(self) -> T:
        self.sweep()
        loop = asyncio.get_running_loop()
        resource = self._make()
        guard = _guard(self._kept, loop, resource, self._close)
        with self._lock:
            self._kept[loop] = (resource, guard)
        await anext(guard)
        return resource


async def _guard(
    kept: Kept[T], loop: AbstractEventLoop, resource: T, close: Callable[[T], Awaitable[None]]
) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        kept.pop(loop, None)
        await close(resource)


def _dropped(kept: Kept[T], abandon: Callable[[T], None]) -> None:
    for loop, (resource, guard) in list(kept.items()):
        if loop.is_closed():
            abandon(resource)
        else:
            loop.call_soon_threadsafe(_close_later, loop, guard)


def _close_later(loop: AbstractEventLoop, guard: AsyncGenerator[None]) -> None:
    # The task is referenced by the loop through the guard it runs; nobody is left to await it.
    closing = loop.create_task(_finish(guard))
    _CLOSING.add(closing)
    closing.add_done_callback(_CLOSING.discard)


async def _finish(guard: AsyncGenerator[None]) -> None:
    await guard.aclose()


_CLOSING: set[asyncio.Task[None]] = set()
