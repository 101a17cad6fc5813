"""Things that operations keep between requests: by kind, by key, by id. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from .refusals import Refusal

if TYPE_CHECKING:
    from .operation import Ask

T = TypeVar("T")


class Kept(Generic[T]):
    """The things of one kind that belong to the caller's key, in the order of their making."""

    def __init__(self, kind: type[T], ask: Ask) -> None:
        self._kind = kind
        self._shelf = ask.platform.shelf(kind.__name__, ask.key)

    def add(self, name: str, thing: T) -> T:
        self._shelf[name] = {"thing": thing}
        return thing

    def get(self, name: str) -> T | None:
        thing = self._shelf.get(name, {}).get("thing")
        return thing if isinstance(thing, self._kind) else None

    def find(self, name: str, what: str, *, code: str = "1214") -> T:
        """Give the thing, or refuse: what belongs to another key does not exist for this one."""
        thing = self.get(name)
        if thing is None:
            raise Refusal(code, f"There is no {what} with this id")
        return thing

    def remove(self, name: str) -> None:
        self._shelf.pop(name, None)

    def all(self) -> list[T]:
        things = [entry["thing"] for entry in self._shelf.values()]
        return [thing for thing in things if isinstance(thing, self._kind)]
