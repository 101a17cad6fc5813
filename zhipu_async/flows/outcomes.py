"""How each of many items ended, handed out one by one: nothing that has ended is lost to an interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from zhipu_async.errors import APIConnectionError, ZhipuError
from zhipu_async.flows.ledger import keep_going, surely
from zhipu_async.flows.progress import OnError, OnProgress, Progress
from zhipu_async.flows.veil import veil
from zhipu_async.flows.work import Work
from zhipu_async.types.tasks import Outcome, Unfinished

if TYPE_CHECKING:
    from typing import Self

    from zhipu_async.flows.handing import Handing
    from zhipu_async.transport.clock import Clock

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)

LOOP_ENDED = "the event loop of this work has ended, and with it what was under way"


class Outcomes(AsyncIterator[Outcome[V_co]], Generic[V_co]):
    """How each of many items ended: `async for outcome in outcomes`, from any number of asyncio tasks.

    A wait that is cancelled, as by Ctrl-C or `asyncio.timeout`, loses nothing and ends nothing: the loop can be
    taken up again, and `finished()` gives at once what has ended. Nothing new begins while nobody asks.

    `stop()` begins nothing more, and the loop goes on until what is under way has ended. `aclose()`, leaving
    `async with`, dropping the object and closing the client cancel what is under way.
    """

    def __init__(self, delivery: Delivery[V_co]) -> None:
        self._delivery = delivery

    def __repr__(self) -> str:
        return f"<Outcomes {self._delivery.current}>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[V_co]:
        delivery = self._delivery
        try:
            return await delivery.next()
        finally:
            del self  # a traceback that somebody keeps must not keep the work going

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if (delivery := getattr(self, "_delivery", None)) is not None:
            delivery.dropped()

    @property
    def progress(self) -> Progress:
        """Return how far it has come; after an early end, `under_way` is the number of items that were cut off."""
        return self._delivery.current

    def finished(self) -> Iterator[Outcome[V_co]]:
        """Give what has ended and was not handed out yet, at once, also after an interrupt, an error or the end.

        It ends nothing and waits for nothing. With `ordered=True`, what was held back for its turn comes too; of
        batches, what was downloaded.
        """
        return self._delivery.finished()

    def unfinished(self) -> list[Unfinished]:
        """Return what was begun and has not ended, with the references of tasks and batches, which live on.

        Calls among them that were cancelled may have been paid for.
        """
        return self._delivery.unfinished()

    def stop(self) -> None:
        """Begin nothing more: the loop goes on until what is under way has ended. For handlers of signals."""
        self._delivery.stop()

    async def aclose(self) -> None:
        """Cancel what is under way; tasks and batches live on. What has ended can still be had. Closing is shielded."""
        await self._delivery.aclose()


class Delivery(Generic[V]):
    """Hands out the outcomes of some work, and ends the work with its loop, its client, or whoever asks."""

    def __init__(
        self,
        work: Work[V],
        *,
        clock: Clock,
        handing: Handing,
        total: int | None = None,
        on_progress: OnProgress | None = None,
        on_error: OnError = "collect",
    ) -> None:
        self._work = work
        self._clock = clock
        self._on_progress = on_progress
        self._on_error = on_error
        self._progress = Progress(total)
        self._began: float | None = None
        self._returned: Outcome[V] | None = None
        self._fault: ZhipuError | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where it belongs, once that is known."""
        self._ended = False
        self._handing = handing
        with suppress(RuntimeError):  # made outside of a loop: it belongs to the one that asks first
            self._belong(asyncio.get_running_loop())

    @property
    def current(self) -> Progress:
        """Return how far it has come."""
        self._progress.under_way = self._work.pulled - self._progress.done
        return self._progress

    async def next(self) -> Outcome[V]:
        """Return the next outcome. Cancelling loses nothing."""
        self._begin()
        while True:
            self._work.fill()
            if (outcome := self._take()) is not None:
                return await self._checked(outcome)
            if self._work.over:
                break
            await self._work.change()
        await self.aclose()
        if (fault := self._fault or self._work.fault) is not None:
            veil(fault)
            raise fault
        raise StopAsyncIteration

    def finished(self) -> Iterator[Outcome[V]]:
        """Give what has ended."""
        while self._returned is not None or self._work.loosen():
            while (outcome := self._take()) is not None:
                yield outcome

    def unfinished(self) -> list[Unfinished]:
        """Return what has not ended."""
        return sorted(self._work.unfinished(), key=lambda each: each.index)

    def stop(self) -> None:
        """Begin nothing more."""
        self._work.stop()

    # ── ending ─────────────────────────────────────────────────────────────────────────────────────

    def end(self, fault: ZhipuError | None = None) -> None:
        """Cancel what is under way; whoever asks then gets what has ended, and hears the fault."""
        if not self._ended:
            self._ended, self._fault = True, None if self._work.over else fault
            self._work.leave()

    async def aclose(self) -> None:
        """End, and wait until nothing is left behind. Cancelling does not stop it."""
        self.end()
        if self.loop in (None, asyncio.get_running_loop()):
            await surely(self._work.aclose())

    def dropped(self) -> None:
        """End, because nobody can ask any more; from any thread."""
        if self._ended or self.loop is None or self._began is None or self.loop.is_closed():
            return
        if _running_loop() is self.loop:
            self._let_go()
        else:
            with suppress(RuntimeError):  # closed a moment ago
                self.loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self.end()
        keep_going(self._work.aclose())

    # ── one outcome ────────────────────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        if self.loop is None:
            self._belong(loop)
        elif self.loop is not loop and self._began is None:
            self.loop = loop
        elif self.loop is not loop:
            self.end(APIConnectionError(LOOP_ENDED))
        if self._began is None:
            self._began = self._clock.now()

    def _belong(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._handing.add(self)

    def _take(self) -> Outcome[V] | None:
        if self._returned is not None:
            returned, self._returned = self._returned, None
            return returned
        ended = self._work.take()
        if ended is not None:
            if ended.error is not None:
                veil(ended.error)
            self._tell(ended)
        return ended

    def _tell(self, outcome: Outcome[V]) -> None:
        began = self._began if self._began is not None else self._clock.now()
        self._progress.note(outcome, self._clock.now() - began)
        if self._on_progress is not None:
            self._returned = outcome  # should the callback raise, the next to ask gets it
            self._on_progress(self.current)
            self._returned = None

    async def _checked(self, outcome: Outcome[V]) -> Outcome[V]:
        if outcome.error is not None and self._on_error == "raise":
            self._returned = outcome  # should the wait be cancelled, the next to ask hears of it
            await self.aclose()
            self._returned = None
            raise outcome.error
        return outcome


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
