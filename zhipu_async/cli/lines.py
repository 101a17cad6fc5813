"""Lines of `batch run`: requests in, answers out. What cannot be read is said before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from zhipu_async.cli.screen import described
from zhipu_async.errors import InvalidArgument

if TYPE_CHECKING:
    from zhipu_async import ChatCompletion, ChatRequest, Outcome

NOT_CHAT = ("custom_id", "id", "method", "url", "prompt", "body")


@dataclass(slots=True)
class Source:
    """A file of requests, read line by line as often as needed: it may be larger than the memory."""

    path: Path
    model: str
    count: int = 0
    keys: set[str] = field(default_factory=set[str])

    def check(self) -> None:
        """Read all of it once, and raise InvalidArgument with the line that is wrong."""
        for key, _ in self.requests():
            if key in self.keys:
                raise InvalidArgument(f"{self.path} has the custom_id {key!r} twice")
            self.keys.add(key)
        self.count = len(self.keys)

    def requests(self, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, ChatRequest]]:
        """Give the requests with their names, but for those that are done."""
        with self.path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    key, request = self._request(number, line)
                    if key not in without:
                        yield key, request

    def _request(self, number: int, line: str) -> tuple[str, ChatRequest]:
        where = f"{self.path}, line {number}"
        try:
            said: object = json.loads(line)
        except ValueError as error:
            raise InvalidArgument(f"{where} is not JSON: {error}") from error
        if isinstance(said, str):
            said = {"prompt": said}
        if not _is_object(said):
            raise InvalidArgument(f"{where} is neither an object nor a string")
        fields = self._fields(said)
        if not _is_request(fields):
            raise InvalidArgument(f"{where} has neither messages nor a prompt")
        return str(said.get("custom_id") or said.get("id") or number), fields

    def _fields(self, said: Mapping[str, object]) -> dict[str, object]:
        body = said.get("body")
        fields: dict[str, object] = dict(body) if _is_object(body) else _without(said, NOT_CHAT)
        if "prompt" in said:
            fields.setdefault("messages", said["prompt"])
        fields.pop("stream", None)  # a file has no use for it
        return {"model": self.model, **fields}


class Remaining:
    """The requests that an earlier run has not answered."""

    def __init__(self, source: Source, answered: frozenset[str]) -> None:
        self._source = source
        self._answered = answered

    def __len__(self) -> int:
        return self._source.count - len(self._answered & self._source.keys)

    def __iter__(self) -> Iterator[tuple[str, ChatRequest]]:
        return self._source.requests(without=self._answered)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_request(fields: dict[str, object]) -> TypeGuard[ChatRequest]:
    """Whether it has what a request cannot be without; the rest is the client's to check."""
    return bool(fields.get("messages"))


def _without(said: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name, value in said.items() if name not in names}


def written(outcome: Outcome[ChatCompletion]) -> dict[str, object]:
    """Return a line of the output."""
    if outcome.error is not None:
        return {"custom_id": outcome.key, "error": described(outcome.error)}
    return {"custom_id": outcome.key, "response": {"status_code": 200, "body": outcome.result.raw}}


def keep_answers(path: Path) -> frozenset[str]:
    """Rewrite an earlier run's output to its answers alone, and return their names.

    Errors go, because they are tried again; half a line goes, which is what a crash leaves.
    """
    kept = path.with_name(path.name + ".kept")
    keys: set[str] = set()
    with path.open(encoding="utf-8", errors="replace") as lines, kept.open("w", encoding="utf-8") as target:
        for line in lines:
            key = _answered(line)
            if key is not None and key not in keys:
                keys.add(key)
                target.write(line)
    kept.replace(path)
    return frozenset(keys)


def _answered(line: str) -> str | None:
    try:
        said: object = json.loads(line)
    except ValueError:
        return None
    if not (_is_object(said) and "response" in said and line.endswith("\n")):
        return None
    return str(said.get("custom_id"))
