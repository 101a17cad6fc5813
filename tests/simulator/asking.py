"""What the tests of the areas share: forms, polls, and where the other families of paths begin."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import aiohttp

from zhipu_async.simulator.shapes import Body, array_of, is_object, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .conftest import Caller, Reply

MOST_LOOKS = 20
"""Nothing takes this many looks to end."""

FileParts = dict[str, tuple[str, bytes]]
Text = str | int | float | tuple[str, ...]


def form(files: FileParts | None = None, **texts: Text) -> aiohttp.FormData:
    """Make a multipart form of files, given as name and content, and texts; a list repeats its part."""
    made = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in texts.items():
        parts = value if isinstance(value, tuple) else (str(value),)
        for one in parts:
            made.add_field(name, one)
    for name, (filename, content) in (files or {}).items():
        made.add_field(name, io.BytesIO(content), filename=filename, content_type="application/octet-stream")
    return made


async def post_form(caller: Caller, path: str, files: FileParts | None = None, /, **texts: Text) -> Reply:
    return await caller.send("POST", path, data=form(files, **texts))


async def upload(caller: Caller, filename: str, content: bytes, purpose: str) -> str:
    """Upload a file and give its id."""
    reply = await post_form(caller, "/files", {"file": (filename, content)}, purpose=purpose)
    assert reply.status == 200, reply.text
    return text_of(reply.json, "id")


async def until_ended(caller: Caller, path: str, running: Iterable[str], field: str = "status") -> list[Body]:
    """Look again and again until the field says something else than the running states; give every look."""
    looks: list[Body] = []
    for _ in range(MOST_LOOKS):
        looks.append((await caller.get(path)).json)
        if text_of(looks[-1], field) not in running:
            return looks
    raise AssertionError(f"it did not end: {looks[-1]}")


async def task_result(caller: Caller, ticket: Body) -> Body:
    """Poll a submitted task until it ends."""
    assert ticket["task_status"] == "PROCESSING"
    path = f"/async-result/{ticket['id']}"
    return (await until_ended(caller, path, {"PROCESSING"}, "task_status"))[-1]


def at_root(caller: Caller, path: str) -> str:
    """The URL of a path that does not belong to the paas family."""
    return caller.sim.root_url + path


def payloads(reply: Reply) -> list[Body]:
    """The JSON objects of a stream, whatever ends it."""
    lines = [line for line in reply.text.splitlines() if line.startswith("data:")]
    texts = [line.removeprefix("data:").strip() for line in lines]
    return [json.loads(text) for text in texts if text != "[DONE]"]


def first(body: Body, name: str) -> Body:
    """The first object of a list in the body."""
    item = array_of(body, name)[0]
    assert is_object(item)
    return item
