"""What creates something, and may be charged for, is sent exactly once when nobody knows whether it arrived."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from tests.hostile import Answer, error, hang_up, hostile, reply, reset, stall
from zhipu_async import AsyncZhipuAI, Timeout, resources
from zhipu_async.errors import APIError, APIStatusError, MaybeSubmitted
from zhipu_async.flows.request import Request
from zhipu_async.flows.upload import Form, file_field
from zhipu_async.protocol import kinds
from zhipu_async.protocol.endpoint import Endpoint, Replay


def creating() -> dict[str, Endpoint[object]]:
    """Every endpoint that creates, read from where methods name them."""
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.iter_modules(resources.__path__, "zhipu_async.resources.")
    ]
    found = [value for module in (kinds, *modules) for value in vars(module).values()]
    return {each.name: each for each in found if isinstance(each, Endpoint) and each.replay is Replay.ONCE}


CREATING = creating()

LOST: dict[str, Answer] = {
    "hangs up": hang_up,
    "resets": reset,
    "stalls": stall,
    "500": reply(b"", status=500),
    "502": reply(b"<html>Bad Gateway</html>", status=502, kind="text/html"),
    "504": reply(b"<html>Gateway Time-out</html>", status=504, kind="text/html"),
    "1230": error("1230", 500),
    "1234": error("1234", 500),
    "half an answer": reply(b'{"id": "1'),
}


def client(base_url: str) -> AsyncZhipuAI:
    return AsyncZhipuAI(
        "id.secret", base_url=base_url, timeout=Timeout(connect=5, first=0.2, idle=5, total=30)
    )


async def create(zhipu: AsyncZhipuAI, endpoint: Endpoint[object]) -> object:
    path = dict.fromkeys(re.findall(r"{(\w+)}", endpoint.path), "7")
    if "upload" in endpoint.name or "file" in endpoint.name:
        form = Form({"purpose": "batch"}, [await file_field("file", ("a.txt", b"content"))])
        return await zhipu._calls.call(endpoint, Request(content=form, path=path))  # pyright: ignore[reportPrivateUsage]
    return await zhipu._calls.call(endpoint, Request({"model": "m"}, path=path))  # pyright: ignore[reportPrivateUsage]


def test_the_endpoints_that_create_are_these() -> None:
    assert {
        "videos.submit",
        "images.generate",
        "voices.clone",
        "files.upload",
        "batches.create",
    } <= CREATING.keys()


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", CREATING)
async def test_a_lost_answer_is_reported_and_nothing_is_sent_again(name: str, fault: str) -> None:
    async with hostile(LOST[fault]) as server, client(server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted) as caught:
            await create(zhipu, CREATING[name])
    assert len(server.requests) == 1
    assert caught.value.request_id
    assert isinstance(caught.value.__cause__, APIError)


@pytest.mark.parametrize("code", ["1231", "1214", "1301", "1113", "1000"])
@pytest.mark.parametrize("name", CREATING)
async def test_a_refusal_is_final(name: str, code: str) -> None:
    async with hostile(error(code, 400)) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIStatusError) as caught:
            await create(zhipu, CREATING[name])
    assert caught.value.code == code
    assert len(server.requests) == 1
