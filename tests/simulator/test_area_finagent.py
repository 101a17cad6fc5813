"""The workflows for finance in the simulator: whole, streamed in every form, refused by their own codes."""

from __future__ import annotations

import json

import aiohttp
import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import Body, is_array, object_of, text_of

from .asking import FileParts, Text, at_root, form
from .conftest import Caller, Reply

PREFIX = "/aico-saas/bm/v1/"
CALLS: list[tuple[str, Body, str, bool, bool]] = [
    ("DueDiligenceReport", {"company": "Acme"}, "workflow_finished", True, True),
    ("FinancialAdviserSparring", {"query": "Which fund?"}, "message_finished", False, False),
    ("RegulatoryUpdatesTracker", {"query": "Securities"}, "workflow_finished", False, True),
]
AD: Text = "Guaranteed 12%"


async def ask(caller: Caller, name: str, **body: object) -> Reply:
    return await caller.send("POST", at_root(caller, PREFIX + name), body=body)


async def audit(caller: Caller, files: FileParts | None = None, /, **texts: Text) -> Reply:
    url = at_root(caller, PREFIX + "ConsumerProtectionAudit")
    return await caller.send("POST", url, data=form(files, **texts))


def events(reply: Reply) -> list[tuple[str, Body]]:
    """Name and content of each event, wherever the name stands."""
    found: list[tuple[str, Body]] = []
    for frame in reply.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines())
        if lines and lines["data"] != "[DONE]":
            content: Body = json.loads(lines["data"])
            found.append((lines.get("event") or text_of(content, "event"), content))
    return found


def place_of(content: Body) -> Body:
    """Where the output stands: in the first item of text, in text, or beside it."""
    inside = object_of(content, "data")
    text = inside.get("text")
    if is_array(text) and text:
        return object_of({"item": text[0]}, "item")
    return object_of(inside, "text") or inside


@pytest.mark.parametrize(("name", "body", "end", "draws", "draws_in_streams"), CALLS)
async def test_a_report_comes_whole(
    caller: Caller, name: str, body: Body, end: str, draws: bool, draws_in_streams: bool
) -> None:
    del end, draws_in_streams
    reply = (await ask(caller, name, **body, model="4-Air", temperature=0.5)).json

    assert reply["code"] == 0
    assert text_of(object_of(reply, "data"), "result").startswith("# Report")
    assert ("svg" in object_of(reply, "data")) is draws


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("name", "body", "end", "draws", "draws_in_streams"), CALLS)
async def test_a_report_is_streamed_in_every_form_the_documents_allow(
    session: aiohttp.ClientSession,
    seed: int,
    name: str,
    body: Body,
    end: str,
    draws: bool,
    draws_in_streams: bool,
) -> None:
    del draws
    async with Simulator(seed=seed) as sim:
        reply = await ask(Caller(sim, session), name, **body, stream=True)

    *steps, (last_name, last) = events(reply)
    pieces = [text_of(place_of(content), "output") for _, content in steps]
    assert {step for step, _ in steps} == {"message"}
    assert last_name == end
    assert ("event" in last) is (seed != 1)
    assert text_of(place_of(last), "output") == "".join(pieces)
    assert ("svg" in place_of(last)) is draws_in_streams
    counted = object_of(object_of(last, "data"), "usage") or object_of(place_of(last), "usage")
    assert isinstance(counted["max_token"], str)
    assert len(str(last["created"])) == 13
    assert ("[DONE]" in reply.text) is (seed == 3)


async def test_an_advertisement_is_reviewed_by_text_and_picture(caller: Caller) -> None:
    picture = {"image": ("ad.png", b"\x89PNG")}
    replies = [
        await audit(caller, query=AD),
        await audit(caller, picture),
        await audit(caller, picture, query=AD),
    ]

    assert [reply.json["code"] for reply in replies] == [0, 0, 0]
    streamed = events(await audit(caller, query=AD, stream="true"))
    assert streamed[-1][0] == "workflow_finished"


async def test_a_report_can_be_scripted(sim: Simulator, caller: Caller) -> None:
    sim.script("as I say")

    assert (await ask(caller, "DueDiligenceReport", company="Acme")).at("data", "result") == "as I say"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("DueDiligenceReport", {}, 1003),
        ("DueDiligenceReport", {"company": "A"}, 1003),
        ("DueDiligenceReport", {"company": "Acme", "model": "glm-4-plus"}, 1003),
        ("DueDiligenceReport", {"company": "Acme", "temperature": 1.5}, 1003),
        ("DueDiligenceReport", {"company": "[unsafe]"}, 1004),
        ("FinancialAdviserSparring", {"query": "x" * 2001}, 1003),
        ("FinancialAdviserSparring", {"query": "x", "history": [{"role": "user"}] * 31}, 1003),
        ("FinancialAdviserSparring", {"query": "x", "history": [{"role": "system"}]}, 1003),
        ("RegulatoryUpdatesTracker", {"query": "x" * 26}, 1003),
    ],
)
async def test_refusals_have_a_table_of_their_own(caller: Caller, name: str, body: Body, code: int) -> None:
    reply = await ask(caller, name, **body)

    assert (reply.status, reply.json["code"], set(reply.json)) == (200, code, {"code", "message"})


async def test_a_review_needs_a_text_or_a_small_picture(caller: Caller) -> None:
    replies = [
        await audit(caller, stream="false"),
        await audit(caller, {"image": ("ad.gif", b"GIF8")}),
        await audit(caller, {"image": ("ad.png", bytes(5 * 2**20 + 1))}),
    ]

    assert [reply.json["code"] for reply in replies] == [1003, 1003, 1003]


async def test_the_key_may_come_without_bearer(caller: Caller) -> None:
    url = at_root(caller, PREFIX + "DueDiligenceReport")
    headers = {"Authorization": caller.sim.api_key}
    reply = await caller.send("POST", url, headers=headers, body={"company": "Acme"})

    assert reply.json["code"] == 0
