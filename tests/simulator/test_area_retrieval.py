"""What the simulator finds in knowledge bases, and what its agent answers from them."""

from __future__ import annotations

import pytest

from zhipu_async.simulator.shapes import (
    Body,
    array_of,
    is_array,
    is_object,
    number_of,
    object_of,
    objects_of,
    text_of,
)

from .asking import at_root, first, payloads
from .conftest import Caller, Reply
from .library import ask, base, code, document


async def test_the_nearest_slices_are_found(caller: Caller) -> None:
    base_id = await base(caller, contextual=1)
    document_id = await document(caller, base_id)
    query = {"query": "When is lunch?", "knowledge_ids": [base_id], "top_k": 2}

    found = (await ask(caller, "POST", "/knowledge/retrieve", query)).json

    results = objects_of(found, "data")
    assert results[0]["text"] == "Lunch: at noon in the canteen."
    assert len(results) == 2
    scores = [number_of(one, "score") for one in results]
    assert scores == sorted(scores, reverse=True)
    metadata = object_of(results[0], "metadata")
    assert (metadata["doc_id"], metadata["doc_name"]) == (document_id, "rules.txt")
    assert metadata["contextual_text"]


async def test_retrieval_can_be_narrowed(caller: Caller) -> None:
    base_id = await base(caller)
    one, _ = await document(caller, base_id), await document(caller, base_id, "other.txt")
    query = {"query": "lunch", "knowledge_ids": [base_id], "document_ids": [one]}
    narrow = (await ask(caller, "POST", "/knowledge/retrieve", query)).json
    strict = (await ask(caller, "POST", "/knowledge/retrieve", {**query, "fractional_threshold": 1})).json

    assert {object_of(found, "metadata")["doc_id"] for found in objects_of(narrow, "data")} == {one}
    assert strict["data"] == []


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"query": None}, 400),
        ({"query": "x" * 1001}, 400),
        ({"knowledge_ids": []}, 400),
        ({"knowledge_ids": ["0"]}, 100013),
        ({"top_k": 21}, 400),
        ({"recall_ratio": 0.5}, 400),
        ({"recall_method": "magic"}, 400),
    ],
)
async def test_a_retrieval_that_cannot_be_made_is_refused(
    caller: Caller, changed: Body, refusal: int
) -> None:
    query = {"query": "lunch", "knowledge_ids": [await base(caller)], **changed}

    assert await code(caller, "POST", "/knowledge/retrieve", query) == refusal


async def test_the_other_retrieval_has_a_form_of_its_own(caller: Caller) -> None:
    base_id = await base(caller)
    await document(caller, base_id)
    body = {
        "knows": [{"id": base_id}],
        "query": "When is lunch at noon?",
        "recall_ratio": 0.8,
        "enable_rerank": True,
        "enable_rewrite": True,
    }
    reply = await caller.send("POST", at_root(caller, "/zrag/retrieval/retrieve"), body=body)

    assert (reply.json["code"], "timestamp" in reply.json) == (200, False)
    found = object_of(reply.json, "data")
    best = first(found, "contents")
    assert (best["text"], best["know_id"]) == ("Lunch: at noon in the canteen.", base_id)
    assert (best["rerank_index"], object_of(best, "metadata")["doc_type"]) == (0, "txt")
    assert array_of(object_of(found, "rewritten_query"), "multi_queries")


@pytest.mark.parametrize(
    "changed",
    [
        {"knows": list[object]()},
        {"knows": [{"doc_ids": ["1"]}]},
        {"query": None},
        {"recall_ratio": 80},
        {"multimodal_parts": [{"type": "image_url", "image_url": {"url": "u"}}]},
    ],
)
async def test_the_other_retrieval_refuses_what_it_cannot_do(caller: Caller, changed: Body) -> None:
    body = {"knows": [{"id": "0"}], "query": "lunch", **changed}
    reply = await caller.send("POST", at_root(caller, "/zrag/retrieval/retrieve"), body=body)

    assert (reply.status, reply.json["code"]) == (200, 400)


async def test_pictures_can_be_asked_for(caller: Caller) -> None:
    base_id = await base(caller)
    await document(caller, base_id)
    parts = [{"type": "image_url", "url": "https://example.org/a.png"}]
    body = {"knows": [{"id": base_id}], "multimodal_parts": parts}
    reply = await caller.send("POST", at_root(caller, "/zrag/retrieval/retrieve"), body=body)

    assert array_of(object_of(reply.json, "data"), "contents")


async def talk(caller: Caller, know_id: str, session: str = "", /, **body: object) -> Reply:
    messages = [{"role": "user", "content": [{"type": "text", "text": "When is lunch at noon?"}]}]
    return await caller.send(
        "POST",
        at_root(caller, "/zrag/agent/chat"),
        headers={"X-Session-Id": session} if session else {},
        body={"messages": messages, "retrieval": {"know_ids": [know_id]}, **body},
    )


async def test_the_agent_answers_from_the_knowledge_base(caller: Caller) -> None:
    base_id = await base(caller)
    await document(caller, base_id)

    events = payloads(await talk(caller, base_id, enable_thinking=True))

    kinds = list(dict.fromkeys(text_of(event, "type") for event in events))
    assert kinds == ["session_created", "reasoning", "thought", "tool_call", "tool_result", "answer", "done"]
    pieces = [text_of(event, "data") for event in events if event["type"] == "answer"]
    whole = 'Lunch: at noon in the canteen.<reference data-ref="1"></reference>'
    assert ("".join(pieces), events[-1]["data"]) == (whole, whole)
    results = [object_of(event, "data") for event in events if event["type"] == "tool_result"]
    assert (results[0]["status"], is_array(results[0]["result"])) == ("success", True)
    assert is_object(events[-1]["usage"])
    assert "messageId" in events[-1]


async def test_the_agent_goes_on_with_a_session(caller: Caller) -> None:
    base_id = await base(caller)
    session = text_of(payloads(await talk(caller, base_id))[0], "sessionId")

    events = payloads(await talk(caller, base_id, session))

    assert {event["sessionId"] for event in events} == {session}
    assert events[0]["type"] != "session_created"
    assert "says nothing" in text_of(events[-1], "data")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, 100013),
        ({"retrieval": None}, 400),
        ({"retrieval": {"top_k": 8}}, 400),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, 400),
        ({"messages": [{"role": "user", "content": "[unsafe]"}]}, 1301),
    ],
)
async def test_the_agent_refuses_before_it_streams(caller: Caller, changed: Body, refusal: int) -> None:
    reply = await talk(caller, "0", **changed)

    assert (reply.status, reply.json["code"], reply.content_type) == (200, refusal, "application/json")


async def test_an_unknown_session_is_refused(caller: Caller) -> None:
    assert (await talk(caller, await base(caller), "nobody")).json["code"] == 400
