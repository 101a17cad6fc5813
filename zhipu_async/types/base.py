"""The base of every reply: `.meta` and `.raw` beside the fields, outside equality and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeGuard, TypeVar

import msgspec

# A reply keeps its own bytes for `.raw` up to here: long documents are below.
KEPT_BODY_BYTES = 16 * 1024 * 1024

FROM_PYDANTIC: Mapping[str, str] = {
    "dict": "to_dict()",
    "get": "raw.get()",
    "json": "to_json()",
    "model_dump": "to_dict()",
    "model_dump_json": "to_json()",
}
"""What is typed from habit, since the replies of other clients are pydantic models, or were dicts."""

R = TypeVar("R", bound="Reply")


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """How a reply came: what one is asked for when talking to the platform's support."""

    status: int = 200
    log_id: str = ""
    request_id: str = ""
    headers: Mapping[str, str] = {}
    attempts: int = 1
    elapsed: float = 0.0


UNKNOWN = Meta(status=0, attempts=0)


class Arrival(msgspec.Struct, frozen=True):
    """How a reply came, as it lies beside the reply until somebody asks: few programs do."""

    status: int
    log_id: str
    request_id: str
    headers: Mapping[str, str]
    """As they came; a Meta has their names in lower case."""
    attempts: int
    elapsed: float

    def meta(self) -> Meta:
        """Return it in its public form."""
        return Meta(
            status=self.status,
            log_id=self.log_id,
            request_id=self.request_id,
            headers={name.lower(): value for name, value in self.headers.items()},
            attempts=self.attempts,
            elapsed=self.elapsed,
        )


class Part(msgspec.Struct, omit_defaults=True, repr_omit_defaults=True, kw_only=True):
    """An object inside a reply."""

    def to_dict(self) -> dict[str, object]:
        """Return the fields that are set as plain dicts and lists."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        _leave_out_empty(self, plain)
        return plain


class Reply(Part, dict=True, kw_only=True):
    """What an endpoint answers; fields the library does not know yet are in `.raw`."""

    kept_body_bytes: ClassVar[int] = KEPT_BODY_BYTES
    """Up to this size a reply keeps its own bytes."""

    if not TYPE_CHECKING:  # where a name that is missing is an error already

        def __getattr__(self, name):
            hint = f"; here that is `.{FROM_PYDANTIC[name]}`" if name in FROM_PYDANTIC else ""
            message = f"{type(self).__name__!r} object has no attribute {name!r}{hint}"
            raise AttributeError(message, name=name, obj=self)

    @property
    def meta(self) -> Meta:
        """Return how the reply came: status, log id, headers, attempts, seconds."""
        kept: Meta | Arrival = vars(self).get("_meta", UNKNOWN)
        if isinstance(kept, Arrival):
            kept = vars(self)["_meta"] = kept.meta()
        return kept

    @property
    def raw(self) -> dict[str, object]:
        """Return the whole answer as the platform sent it (for very large ones, the known fields)."""
        body: bytes = vars(self).get("_body", b"")
        if not body:
            return self.to_dict()
        try:
            return msgspec.json.decode(body, type=dict[str, object])
        except (
            ValueError,
            RecursionError,
        ):  # what was read in spite of it: half a character, a byte order mark
            import json

            return json.loads(body)  # type: ignore[no-any-return]

    def to_json(self) -> str:
        """Return the known fields that are set as JSON text."""
        return msgspec.json.encode(self.to_dict()).decode()

    def __reduce__(self) -> tuple[object, ...]:
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        beside = {**vars(self), "_meta": self.meta}
        return (_restore, (type(self), fields, beside))

    def __copy__(self: R) -> R:
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return _restore(type(self), fields, vars(self))


def attach(reply: Reply, meta: Meta | Arrival, body: bytes) -> None:
    """Lay meta and body beside the fields."""
    beside = vars(reply)
    beside["_meta"] = meta
    if len(body) <= reply.kept_body_bytes:
        beside["_body"] = body


def _restore(kind: type[R], fields: Mapping[str, object], beside: Mapping[str, object]) -> R:
    reply = kind(**fields)
    vars(reply).update(beside)
    return reply


def _leave_out_empty(value: object, plain: object) -> None:
    # msgspec leaves out lists and dicts that are empty, but not objects of which nothing is set.
    if isinstance(value, Part) and _is_object(plain):
        for field, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            member: object = getattr(value, field)
            _leave_out_empty(member, plain.get(name))
            if isinstance(member, Part) and plain.get(name) == {}:
                del plain[name]
    elif _is_list(value) and _is_list(plain):
        for item, plain_item in zip(value, plain, strict=True):
            _leave_out_empty(item, plain_item)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
