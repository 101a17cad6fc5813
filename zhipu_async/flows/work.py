"""Work on many items: what whoever hands out the outcomes needs of it, and what one kind of work builds on another."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from zhipu_async.types.tasks import Outcome, Unfinished

U = TypeVar("U")
V_co = TypeVar("V_co", covariant=True)


class Work(Protocol[V_co]):
    """Many items under way. It moves on only while somebody asks."""

    @property
    def pulled(self) -> int:
        """Return how many items were taken from the input."""
        ...

    @property
    def over(self) -> bool:
        """Tell whether nothing will come any more."""
        ...

    @property
    def fault(self) -> BaseException | None:
        """Return what ended the input early, to be raised once all has been handed out."""
        ...

    def fill(self) -> None:
        """Pull and start as many items as there is room for."""
        ...

    def take(self) -> Outcome[V_co] | None:
        """Return the next item that has ended, if there is one."""
        ...

    async def change(self) -> None:
        """Wait until something may be there to be taken. Cancelling loses nothing."""
        ...

    def loosen(self) -> bool:
        """Make ready what has ended and is held back, whatever the order; tell whether there is anything to take."""
        ...

    def unfinished(self) -> list[Unfinished]:
        """Return what was pulled and has not ended."""
        ...

    def stop(self) -> None:
        """Pull nothing more; what is under way goes on."""
        ...

    def leave(self) -> None:
        """Cancel what is under way; what has ended stays to be taken."""
        ...

    async def aclose(self) -> None:
        """Leave, and wait until nothing is left behind."""
        ...


class Layer(Generic[U]):
    """Work that rests on other work, and hands out something else."""

    def __init__(self, inner: Work[U]) -> None:
        self._inner = inner

    @property
    def fault(self) -> BaseException | None:
        """Return what ended the input early."""
        return self._inner.fault

    @property
    def over(self) -> bool:
        """Tell whether nothing will come any more."""
        return self._inner.over

    def fill(self) -> None:
        """Pull and start as many items as there is room for."""
        self._inner.fill()

    async def change(self) -> None:
        """Wait until something may be there to be taken. Cancelling loses nothing."""
        await self._inner.change()

    def loosen(self) -> bool:
        """Make ready what has ended and is held back; tell whether there is anything to take."""
        return self._inner.loosen()

    def stop(self) -> None:
        """Pull nothing more; what is under way goes on."""
        self._inner.stop()

    def leave(self) -> None:
        """Cancel what is under way; what has ended stays to be taken."""
        self._inner.leave()

    async def aclose(self) -> None:
        """Leave, and wait until nothing is left behind."""
        await self._inner.aclose()
