"""The ledger as the flows use it: an intent before the bytes leave, the id after, the end at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable
from uuid import uuid4

import msgspec

from zhipu_async import errors
from zhipu_async.errors import APIStatusError, InvalidType, LedgerError, TaskFailed, ZhipuError
from zhipu_async.protocol.ledger import Entry, State, Trace, fingerprint, trace_of

T = TypeVar("T")


@runtime_checkable
class Ledger(Protocol):
    """What remembers paid requests; bring an object of your own with these methods, or give a path.

    Each method may be `async def`. A method that has been called must do its work even when nobody
    waits for it any more.
    """

    def begin(self, entry: Entry) -> Awaitable[Entry | None]:
        """Write an intent; when its job already has an entry for the key, write nothing and return that."""
        ...

    def lookup(self, job: str, key: str) -> Awaitable[Entry | None]:
        """Return what a job knows about a key."""
        ...

    def restart(self, entry_id: str) -> Awaitable[None]:
        """Make the entry an intent again."""
        ...

    def submitted(self, entry_id: str, ref: str) -> Awaitable[None]:
        """Note the id that the platform gave."""
        ...

    def finished(self, entry_id: str, state: State, result: bytes) -> Awaitable[None]:
        """Note how it ended."""
        ...

    def erase(self, entry_id: str) -> Awaitable[None]:
        """Forget an intent whose request surely was not accepted."""
        ...

    def find(self, ref: str) -> Awaitable[Entry | None]:
        """Return the entry of a task."""
        ...

    def unfinished(self, job: str | None = None) -> Awaitable[list[Entry]]:
        """Return what has not ended and no other living process holds, oldest first."""
        ...

    def close(self) -> Awaitable[None]:
        """Let go of the file, or whatever there is."""
        ...


def ledger_of(setting: str | os.PathLike[str] | Ledger | None) -> Ledger | None:
    """Return the ledger that a client's `ledger=` means. Nothing is opened yet."""
    if setting is None:
        return None
    if isinstance(setting, str | os.PathLike):
        from zhipu_async.transport.sqlite import SqliteLedger

        return SqliteLedger(setting)
    if not isinstance(setting, Ledger):  # pyright: ignore[reportUnnecessaryIsInstance]  (callers may have no checker)
        raise InvalidType(
            "ledger takes a path, or an object with the methods of zhipu_async.flows.ledger.Ledger"
        )
    return setting


@dataclass(slots=True)
class Line:
    """One request in the ledger, from its intent to its end."""

    ledger: Ledger
    entry: Entry
    written: bool = False
    earlier: State | None = None
    """How an earlier run left an entry that is to be sent again."""

    def send_again(self, known: Entry) -> None:
        """Take the place of an entry that is there already."""
        self.entry, self.earlier = known, known.state

    async def intend(self) -> None:
        """Write the intent, once. Cancelling takes it back: nothing has been sent yet."""
        if self.written:
            return
        beginning = keep_going(self._begin())
        try:
            await asyncio.shield(beginning)
        except asyncio.CancelledError:
            if self.earlier is None:
                taking = keep_going(self._take_back(beginning))
                _taking_back[taking] = self.ledger
                taking.add_done_callback(_taking_back.pop)
            raise
        self.written = True

    async def submitted(self, ref: str) -> None:
        """Write the id. Cancelling does not stop it."""
        try:
            await surely(self.ledger.submitted(self.entry.id, ref))
        except LedgerError as error:
            error.ref = ref
            error.hint = f"The platform has accepted the task: zhipu.tasks.attach({ref!r}) finds it."
            raise

    async def done(self, result: bytes) -> None:
        """Write the result. Cancelling does not stop it."""
        await surely(self.ledger.finished(self.entry.id, State.DONE, result))

    async def failed(self, error: BaseException) -> None:
        """Write what a failure leaves behind: a reason, an intent, or nothing."""
        trace = trace_of(error)
        if not self.written or trace is Trace.INTENT:
            return
        if trace is Trace.NOTHING and self.earlier is State.INTENT:
            return  # this time it was refused; what became of the first time is still not known
        if trace is Trace.NOTHING and self.earlier is None:
            await surely(self.ledger.erase(self.entry.id))
        else:
            await surely(self.ledger.finished(self.entry.id, State.FAILED, reason_of(error)))

    async def _begin(self) -> None:
        if self.earlier is not None:
            await self.ledger.restart(self.entry.id)
        elif await self.ledger.begin(self.entry) is not None:
            raise LedgerError(
                f"item {self.entry.key!r} of job {self.entry.job!r} is under way already",
                hint="Another run is at it, or this one has it twice.",
            )

    async def _take_back(self, beginning: asyncio.Future[None]) -> None:
        with contextlib.suppress(LedgerError):
            await beginning
            await self.ledger.erase(self.entry.id)


def new_entry(endpoint: str, fields: Mapping[str, object], *, job: str, key: str, wall: float) -> Entry:
    """Return the entry of a request that is about to be sent."""
    return Entry(
        id=uuid4().hex, endpoint=endpoint, job=job, key=key, fingerprint=fingerprint(fields), created=wall
    )


def reason_of(error: BaseException) -> bytes:
    """Return a failure as the ledger keeps it."""
    return msgspec.json.encode(
        {
            "error": type(error).__name__,
            "message": error.message if isinstance(error, ZhipuError) else str(error),
            **{name: str(getattr(error, name, "")) for name in ("code", "status", "body", "task_id", "kind")},
        }
    )


def error_of(reason: bytes) -> Exception:
    """Return the failure that the ledger kept."""
    kept = msgspec.json.decode(reason, type=dict[str, str])
    message, code, body = kept.get("message", ""), kept.get("code", ""), kept.get("body", "")
    name = kept.get("error", "")
    if name == TaskFailed.__name__:
        return TaskFailed(
            message, task_id=kept.get("task_id", ""), kind=kept.get("kind", ""), status=kept.get("status", ""),
            code=code, body=body,
        )  # fmt: skip
    kind: object = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, APIStatusError):
        return kind(message, code=code, status=int(kept.get("status") or 0), body=body)
    return kind(message) if isinstance(kind, type) and issubclass(kind, ZhipuError) else ZhipuError(message)


# ── what must not be lost to a cancellation ────────────────────────────────────────────────────────

_going: set[asyncio.Future[Any]] = set()
_taking_back: dict[asyncio.Future[None], Ledger] = {}


async def taken_back(ledger: Ledger) -> None:
    """Wait for the intents that this loop is taking back: a ledger that was closed would open again for them."""
    loop = asyncio.get_running_loop()
    ours = [future for future, of in _taking_back.items() if of is ledger and future.get_loop() is loop]
    if ours:
        await asyncio.wait(ours)


def keep_going(work: Awaitable[T]) -> asyncio.Future[T]:
    """Let the work go on whoever stops waiting for it."""
    future = asyncio.ensure_future(work)
    _going.add(future)  # the loop keeps only weak references
    future.add_done_callback(_gone)
    return future


async def surely(work: Awaitable[T]) -> T:
    """Wait for work that goes on when the wait is cancelled."""
    return await asyncio.shield(keep_going(work))


def _gone(future: asyncio.Future[Any]) -> None:
    _going.discard(future)
    if not future.cancelled():
        future.exception()  # heard by whoever still waits; nobody else can do anything about it
