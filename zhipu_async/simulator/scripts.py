"""What a test told the simulator to answer: entries that match requests and are used up. No I/O here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .faults import Fault, NeverEnds, Reset, TaskFails
from .shapes import is_object

if TYPE_CHECKING:
    from .requests import Received

Match = Callable[["Received"], bool] | Mapping[str, object]
"""A predicate, or values to find: `method`, `path` (its end), `key`, else members of the body (objects: in part)."""


STATUSES = range(200, 600)
NAME_OF_HEADER = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(slots=True, eq=False)
class Script:
    """One scripted answer; `None` and empty members leave that part of the answer plausible."""

    text: str | None = field(default=None, repr=False)
    pieces: Sequence[str] | None = field(default=None, repr=False)
    """The text cut as a stream is to cut it."""
    reasoning: str | None = field(default=None, repr=False)
    tool_calls: Sequence[Mapping[str, object]] | None = None
    """`{"name": ..., "arguments": {...} or text}` each."""
    finish_reason: str | None = None
    body: object = field(default=None, repr=False)
    """A whole JSON body; bytes and text are sent as they are."""
    events: Sequence[object] | None = field(default=None, repr=False)
    """The events of a stream: objects become JSON, texts stand after `data: `, bytes are sent as they are."""
    status: int | None = None
    code: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str | None = None
    fault: Fault | None = None
    match: Match | None = None
    times: int | None = 1
    """How many requests it answers; None = all from now on."""
    used: int = 0

    def __post_init__(self) -> None:
        """Say at once what could not be sent later; ValueError."""
        if self.times is not None and self.times < 1:
            raise ValueError("times counts the requests from 1 on; None is for all of them")
        if self.status is not None and self.status not in STATUSES:
            raise ValueError("an answer has a status from 200 to 599")
        if self.body is not None and not isinstance(self.body, dict | list | str | bytes):
            raise ValueError("a body is an object, a list, a text or bytes")
        for name, value in {**self.headers, "Content-Type": self.content_type or ""}.items():
            if not NAME_OF_HEADER.fullmatch(name) or not value.isprintable():
                raise ValueError(f"{name!r} cannot be sent as a header")

    @property
    def refuses(self) -> bool:
        """Whether it stands for a refusal of the platform, which never reaches the handler."""
        return self.code is not None or (self.status is not None and self.status >= 400 and self.body is None)

    def suits(self, received: Received) -> bool:
        if isinstance(self.fault, NeverEnds | TaskFails) and not received.submits:
            return False
        if self.match is None:
            return True
        if callable(self.match):
            return self.match(received)
        return all(found(received, name, wanted) for name, wanted in self.match.items())


def found(received: Received, name: str, wanted: object) -> bool:
    """Whether the request has this value under this name."""
    if name == "path":
        return isinstance(wanted, str) and received.path.endswith(wanted)
    if name == "method":
        return received.method == wanted
    if name == "key":
        return received.key == wanted
    if name == "contains":
        return isinstance(wanted, str) and wanted in received.text
    return covers(received.body.get(name), wanted)


def covers(actual: object, wanted: object) -> bool:
    """Equality, where an object needs to hold only what the wanted object names."""
    if is_object(wanted) and is_object(actual):
        return all(covers(actual.get(name), member) for name, member in wanted.items())
    return actual == wanted


class ScriptBook:
    """The entries in the order they were written; the first that matches answers. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Script] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, script: Script) -> None:
        with self._lock:
            self._entries.append(script)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def take(self, received: Received, *, head_only: bool = False) -> Script | None:
        """Use up one turn of the first entry that matches.

        With `head_only` the body has not been read yet: only a reset before the body is looked for.
        """
        if not self._entries:
            return None
        with self._lock:
            for entry in self._entries:
                if (entry.fault == BEFORE_BODY) is head_only and entry.suits(received):
                    self._use(entry)
                    return entry
        return None

    def _use(self, entry: Script) -> None:
        entry.used += 1
        if entry.times is not None and entry.used >= entry.times:
            self._entries.remove(entry)


BEFORE_BODY = Reset("before_body")
