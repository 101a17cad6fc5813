"""Replies with links: what they lead to is saved in one call, since the platform's links expire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from zhipu_async.errors import InvalidArgument, UsageError
from zhipu_async.types.base import Reply

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from zhipu_async.types.saving import Progress


class Savable(Protocol):
    """What a link leads to, not yet asked for."""

    async def save(self, path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> Path:
        """Write it to a file."""
        ...


class Linked(Reply):
    """A reply whose links can be saved: `await reply.save("clip.mp4")`."""

    @property
    def links(self) -> list[str]:
        """Return the links, in the order of the reply."""
        return []

    @property
    def url(self) -> str:
        """Return the first link, "" when there is none."""
        return next(iter(self.links), "")

    async def save(
        self, path: str | os.PathLike[str], *, index: int = 0, on_progress: Progress | None = None
    ) -> Path:
        """Download what one of the links leads to, the first by default, and return the file's path.

        Until it is whole the file is called `<name>.part`; cancelling or a broken connection removes that.
        """
        fetch: Callable[[str], Savable] | None = vars(self).get("_fetch")
        if fetch is None:
            raise UsageError(
                "this reply has no client: it was unpickled or copied deeply, or came out of a ledger.",
                hint="Use `await zhipu.download(reply.url).save(path)`.",
            )
        return await fetch(self._link(index)).save(path, on_progress=on_progress)

    def _link(self, index: int) -> str:
        links = self.links
        if not -len(links) <= index < len(links):
            raise InvalidArgument(f"the reply has {len(links)} links, so there is no number {index}")
        return links[index]

    def __reduce__(self) -> tuple[object, ...]:
        twin = self.__copy__()
        vars(twin).pop("_fetch", None)  # it holds a client, which no pickle can
        return super(Linked, twin).__reduce__()


def connect(reply: Linked, fetch: Callable[[str], Savable]) -> None:
    """Let the reply save what its links lead to."""
    vars(reply)["_fetch"] = fetch
