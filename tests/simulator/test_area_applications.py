"""The old application API in the simulator."""

from __future__ import annotations

import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import Body, object_of, objects_of, text_of

from .asking import at_root, first, form, payloads
from .conftest import Caller, Reply

OPEN = "/llm-application/open"
V2 = OPEN + "/v2/application"
QUESTION = [{"role": "user", "content": [{"type": "input", "value": "hello"}]}]


async def ask(caller: Caller, method: str, path: str, body: object = None) -> Body:
    reply = await caller.send(method, at_root(caller, path), body=body)
    assert reply.status == 200
    return reply.json


async def invoke(caller: Caller, **body: object) -> Reply:
    url = at_root(caller, OPEN + "/v3/application/invoke")
    return await caller.send("POST", url, body={"app_id": "1", "messages": QUESTION, **body})


async def test_variables_are_described(caller: Caller) -> None:
    body = await ask(caller, "GET", f"{V2}/17/variables")

    assert (body["code"], body["message"]) == (200, "ok")
    kinds = [one["type"] for one in objects_of(body, "data")]
    assert kinds == ["input", "selection_list", "upload_file"]
    assert objects_of(body, "data")[1]["allowed_values"] == ["short", "long"]


async def test_files_are_parsed_in_their_own_time(caller: Caller) -> None:
    parts = form({}, app_id="1", file_type=2)
    for name, content in (("a.txt", b"text"), ("b.txt", b" "), ("c.txt", b"x" * 50_001), ("d.txt", b"")):
        parts.add_field("files", content, filename=name)
    uploaded = await caller.send("POST", at_root(caller, V2 + "/file_upload"), data=parts)
    infos = object_of(uploaded.json, "data")
    ids = [text_of(info, "file_id") for info in objects_of(infos, "success_info")]
    wanted = {"app_id": "1", "file_ids": [*ids, "0"]}

    looks = [objects_of(await ask(caller, "POST", V2 + "/file_stat", wanted), "data") for _ in range(2)]

    assert first(infos, "fail_info")["file_name"] == "d.txt"
    assert [[file["code"] for file in look] for look in looks] == [
        [0, 11001, 11003, 11009],
        [1, 11001, 11003, 11009],
    ]


async def test_an_answer_is_streamed_unless_told_otherwise(caller: Caller) -> None:
    reply = await invoke(caller)

    chunks = payloads(reply)
    assert reply.content_type == "text/event-stream"
    assert reply.text.startswith("data:{")
    assert reply.text.endswith("data:[DONE]\n\n")
    deltas = [object_of(first(chunk, "choices"), "delta") for chunk in chunks]
    assert "".join(text_of(object_of(delta, "content"), "msg") for delta in deltas) == 'You said: "hello".'
    assert first(chunks[-1], "choices")["finish_reason"] == "stop"
    assert "delta" not in first(chunks[-1], "choices")


async def test_a_whole_answer_has_no_envelope(caller: Caller) -> None:
    body = (await invoke(caller, app_id=1, stream=False, conversation_id="31")).json

    choice = first(body, "choices")
    assert "code" not in body
    assert (body["app_id"], body["conversation_id"]) == ("1", "31")
    assert object_of(choice, "messages") == {
        "content": {"type": "text", "msg": 'You said: "hello".'},
        "event": [],
    }
    assert set(first(choice, "usage")) == {
        "model",
        "nodeName",
        "inputTokenCount",
        "outputTokenCount",
        "totalTokenCount",
    }


async def test_nodes_and_tools_are_logged_when_wanted(caller: Caller) -> None:
    body = (await invoke(caller, stream=False, send_log_event=True)).json
    chunks = payloads(await invoke(caller, send_log_event=True))

    kinds = ["node_processing", "tool_processing", "tool_finish", "node_finish"]
    events = objects_of(object_of(first(body, "choices"), "messages"), "event")
    streamed = [object_of(object_of(first(chunk, "choices"), "delta"), "event") for chunk in chunks]
    assert [event["type"] for event in events] == kinds
    assert [event["type"] for event in streamed if event] == kinds


async def test_an_answer_can_be_scripted(sim: Simulator, caller: Caller) -> None:
    sim.script("as I say")

    body = (await invoke(caller, stream=False)).json

    assert object_of(object_of(first(body, "choices"), "messages"), "content")["msg"] == "as I say"


async def test_slices_are_shown_for_an_answer(caller: Caller) -> None:
    request_id = (await invoke(caller, stream=False)).json["request_id"]

    shown = await ask(caller, "POST", V2 + "/slice_info", {"request_id": request_id, "node_id": "node-1"})
    unknown = await ask(caller, "POST", V2 + "/slice_info", {"request_id": "nothing", "node_id": "n"})

    entry = first(object_of(shown, "data"), "document_slices")
    assert object_of(first(entry, "slice_info"), "position")["page"] == 1
    assert unknown["code"] == 400


async def test_a_conversation_is_opened_and_questions_are_suggested(caller: Caller) -> None:
    opened = object_of(await ask(caller, "POST", f"{V2}/1/conversation"), "data")
    path = f"{OPEN}/history_session_record/1/{opened['conversation_id']}"

    assert len(str(object_of(await ask(caller, "GET", path), "data")["problems"])) > 0


@pytest.mark.parametrize(
    "changed",
    [
        {"app_id": "mine"},
        {"messages": None},
        {"messages": [{"role": "user", "content": "hello"}]},
        {"messages": [{"role": "user", "content": [{"type": "smell", "value": "x"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "input", "value": 7}]}]},
    ],
)
async def test_a_call_that_cannot_be_answered_is_refused_with_status_200(
    caller: Caller, changed: dict[str, object]
) -> None:
    reply = await invoke(caller, **changed)

    assert (reply.status, reply.json["code"]) == (200, 400)


async def test_an_upload_needs_files(caller: Caller) -> None:
    reply = await caller.send("POST", at_root(caller, V2 + "/file_upload"), data=form({}, app_id="1"))

    assert reply.json["code"] == 400
