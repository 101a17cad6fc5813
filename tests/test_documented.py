"""The fields that the platform's API document of July 2026 names: all can be sent, and all can be read.

documented.json has their names: `?` marks a query parameter, `#` a header.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from importlib import import_module
from pathlib import Path
from typing import TypeGuard
from urllib.parse import parse_qsl

import msgspec
import pytest
from msgspec import inspect

from tests.full_calls import FULL
from tests.hostile import Seen, error, hostile
from tests.simulator.test_operations import DOCUMENTED
from zhipu_async import AsyncZhipuAI, resources
from zhipu_async.errors import BadRequestError
from zhipu_async.protocol import homework, kinds
from zhipu_async.protocol.decoding import is_array, is_object
from zhipu_async.protocol.endpoint import Endpoint, Envelope
from zhipu_async.types.audio import TranscriptEvent
from zhipu_async.types.chat import ChatCompletionChunk
from zhipu_async.types.embeddings import EmbeddingList


class Fields(msgspec.Struct):
    sends: list[str]
    answers: list[str]


TABLE = msgspec.json.decode(Path(__file__).with_name("documented.json").read_bytes(), type=dict[str, Fields])
ENVELOPES = {Envelope.CODE_200, Envelope.SUCCESS}
AROUND = {"code", "message", "msg", "success", "timestamp", "data"}
"""What an envelope has; the door reads it."""
IN_STREAMS: dict[str, object] = {
    "POST /paas/v4/chat/completions": ChatCompletionChunk,
    "GET /paas/v4/async-result/{id}": ChatCompletionChunk,
    "POST /paas/v4/audio/transcriptions": TranscriptEvent,
    "POST /paas/v4/embeddings": EmbeddingList[list[float]],
}
"""Replies that no endpoint names: what streams are made of, and vectors, of which there are three kinds."""
UNREAD = re.compile(
    r"POST /paas/v4/files/parser/create (message|success)"  # the door reads them, and raises what they tell
    r"|POST /paas/v4/assistant choices\[\]\.message\..*"  # whole answers are documented, and refused
    r"|.* choices\[\]\.delta\.content\[\]\..*"  # parts of a text are one text when a program sees them
)


def test_every_documented_operation_is_in_the_table_and_has_a_call() -> None:
    assert set(TABLE) == set(FULL) == set(DOCUMENTED)


@pytest.mark.parametrize("operation", FULL)
async def test_every_documented_field_can_be_sent(operation: str) -> None:
    async with hostile(error("1214", 400)) as server:
        async with AsyncZhipuAI("id.secret", base_url=server.base_url) as zhipu:
            with suppress(BadRequestError):
                await FULL[operation](zhipu)
    sent = {name for request in server.requests for name in names_sent(request)}
    assert set(TABLE[operation].sends) <= sent


@pytest.mark.parametrize("operation", TABLE)
def test_every_documented_field_of_an_answer_can_be_read(operation: str) -> None:
    method, path = operation.split()
    found = ENDPOINTS[method, without_names(path.removeprefix("/paas/v4"))]
    known = {name for endpoint in found for name in names_read(endpoint)}
    known |= set(names_of(inspect.type_info(IN_STREAMS[operation]))) if operation in IN_STREAMS else set()
    free = tuple(name.removesuffix("*") for name in known if name.endswith("*"))
    unread = [name for name in TABLE[operation].answers if name not in known and not name.startswith(free)]
    assert [name for name in unread if not UNREAD.fullmatch(f"{operation} {name}")] == []


def names_sent(request: Seen) -> Iterator[str]:
    yield from (f"?{name}" for name, _ in parse_qsl(request.target.partition("?")[2]))
    yield from (f"#{name}" for name in request.headers)
    kind = request.headers.get("content-type", "")
    if kind == "application/json" and request.body:
        yield from names_in(request.json)
    elif kind:
        form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=policy.HTTP)
        for part in form.iter_parts():
            yield str(part.get_param("name", header="content-disposition"))


def names_in(value: object, before: str = "") -> Iterator[str]:
    if is_object(value):
        for name, member in value.items():
            yield before + name
            yield from names_in(member, f"{before}{name}.")
    elif is_array(value):
        for item in value:
            yield from names_in(item, f"{before.removesuffix('.')}[].")


def names_read(endpoint: Endpoint[object]) -> Iterator[str]:
    around = "data." if endpoint.envelope in ENVELOPES else ""
    yield from AROUND if around else ()
    if isinstance(endpoint.reply, type) and issubclass(endpoint.reply, msgspec.Struct):
        for name in names_of(inspect.type_info(endpoint.reply)):
            yield from (name, around + name)


def names_of(kind: inspect.Type, before: str = "", within: tuple[type, ...] = ()) -> Iterator[str]:
    """The names that a type reads; `*` where it takes any."""
    if isinstance(kind, inspect.StructType) and kind.cls not in within:
        for field in kind.fields:
            yield before + field.encode_name
            yield from names_of(field.type, f"{before}{field.encode_name}.", (*within, kind.cls))
    elif isinstance(kind, inspect.ListType):
        yield from names_of(kind.item_type, f"{before.removesuffix('.')}[].", within)
    elif isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from names_of(member, before, within)
    elif isinstance(kind, (inspect.DictType, inspect.AnyType)):
        yield f"{before}*"


def without_names(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


def endpoints() -> dict[tuple[str, str], list[Endpoint[object]]]:
    """Every endpoint of the package, by its method and path."""
    found: dict[tuple[str, str], list[Endpoint[object]]] = {}
    areas = [
        import_module(f"{resources.__name__}.{area.name}")
        for area in pkgutil.iter_modules(resources.__path__)
    ]
    polls = [*kinds.KINDS.values(), homework.HOMEWORK]
    values: list[object] = [each for area in (*areas, kinds, homework) for each in vars(area).values()]
    values += [getattr(kind, name) for kind in polls for name in ("poll", "cancel")]
    for value in values:
        if is_endpoint(value):
            found.setdefault((value.method, without_names(value.path)), []).append(value)
    return found


def is_endpoint(value: object) -> TypeGuard[Endpoint[object]]:
    return isinstance(value, Endpoint)


ENDPOINTS = endpoints()
