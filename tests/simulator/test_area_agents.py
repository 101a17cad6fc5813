"""Agents in the simulator: each with its variables; whole, streamed and as tasks; slides and homework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator import Simulator, TaskFails
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

from .asking import at_root, first
from .conftest import Caller, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

TEXT = {"type": "text", "text": "hello"}
FILE = {"type": "file_id", "file_id": "agent-1750681215-ab"}
IMAGE = {"type": "image_url", "image_url": "https://example.org/a.png"}
SOCIAL: Body = {"source_lang": "en", "target_lang": "zh-CN"}
LANGUAGES: Body = {"from_lang": "English", "to_lang": "Simplified Chinese"}
QUESTION: Body = {"question": "1 + 1", "image_id": "i", "uuid": "u", "trace_id": "t"}

WHOLE: list[tuple[str, object, dict[str, object], str]] = [
    ("general_translation", "hello", {}, "text"),
    ("general_translation", TEXT, {"source_lang": "auto", "target_lang": "wyw", "strategy": "cot"}, "text"),
    ("social_translation_agent", [TEXT], {**SOCIAL, "style": "鲁迅风格"}, "text"),
    ("social_literature_translation_agent", [TEXT], SOCIAL, "text"),
    ("subtitle_translation_agent", "hello", {"language": "Korean"}, ""),
    ("cartoon_generator_agent", [TEXT, IMAGE], {}, "image_url"),
    ("ai_drawing_agent", [TEXT], {"size": "1440*720"}, "image_url"),
    ("receipt_recognition_agent", [FILE, TEXT], {}, "text"),
    ("clothes_recognition_agent", [FILE], {}, "text"),
    (
        "contract_parser_agent",
        [FILE],
        {"default_fields": ["party"], "custom_fields": [{"fee": "the fee"}]},
        "text",
    ),
    ("contract_parser_agent", [TEXT], {"default_fields": {"party": True}}, "text"),
    ("bidwin_parser_agent", [TEXT], {}, "text"),
    ("bidding_parser_agent", [TEXT], {"custom_fields": [{"fee": "the fee"}]}, "text"),
    ("service_check_agent", [TEXT], {"default_fields": ["solution"]}, "text"),
    ("sales_check_agent", [TEXT], {"default_fields": ["deal"], "rate": "阶梯评分"}, "text"),
    ("job_matching_agent", [FILE, TEXT], {"job_description": "welder"}, "text"),
    ("intelligent_education_correction_agent", [IMAGE], {}, "text"),
]
STREAMED: list[tuple[str, object, dict[str, object]]] = [
    ("general_translation", [TEXT], {}),
    ("subtitle_translation_agent", "hello", {"language": "English"}),
    ("contract_parser_agent", [FILE], {"default_fields": ["party"]}),
    ("intelligent_education_solve_agent", [IMAGE], {}),
    ("intelligent_education_correction_analysis", [TEXT], QUESTION),
    ("cartoon_generator_agent", [TEXT, IMAGE], {}),
]
TASKS: list[tuple[str, object, dict[str, object], str]] = [
    ("doc_translation_agent", [FILE], LANGUAGES, "file_url"),
    ("vidu_template_agent", [TEXT, IMAGE], {"template": "french_kiss"}, "video_url"),
]


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator(seed=0) as simulator:  # answers in the form of the documents
        yield simulator


async def invoke(
    caller: Caller, agent: str, content: object, variables: dict[str, object] | None = None, **more: object
) -> Reply:
    messages = [{"role": "user", "content": content}]
    body = {"agent_id": agent, "messages": messages, "custom_variables": variables, **more}
    return await caller.send("POST", at_root(caller, "/v1/agents"), body=body)


async def post(caller: Caller, path: str, **body: object) -> Reply:
    return await caller.send("POST", at_root(caller, "/v1/agents" + path), body=body)


def said(body: Body) -> object:
    """The content of the first message."""
    return first(first(body, "choices"), "messages")["content"]


def parts(content: object) -> Sequence[Body]:
    items = content if is_array(content) else [content]
    return [item for item in items if is_object(item)]


def homework_in(reply: Reply) -> Body:
    found: Body = json.loads(text_of(parts(said(reply.json))[0], "text"))
    return found


@pytest.mark.parametrize(("agent", "content", "variables", "kind"), WHOLE)
async def test_every_agent_answers(
    caller: Caller, agent: str, content: object, variables: dict[str, object], kind: str
) -> None:
    reply = await invoke(caller, agent, content, variables)

    body = reply.json
    assert (reply.status, body["agent_id"]) == (200, agent)
    assert first(body, "choices")["finish_reason"] == "stop"
    answer = said(body)
    if not kind:
        assert isinstance(answer, str)
        return
    part = parts(answer)[0]
    assert part["type"] == kind
    assert part[kind]


@pytest.mark.parametrize(("agent", "content", "variables"), STREAMED)
async def test_agents_stream_their_answers(
    caller: Caller, agent: str, content: object, variables: dict[str, object]
) -> None:
    events = (await invoke(caller, agent, content, variables, stream=True)).events

    assert {event["agent_id"] for event in events} == {agent}
    deltas = [object_of(first(event, "choices"), "delta") for event in events]
    assert all(delta["content"] for delta in deltas[:-1])
    assert first(events[-1], "choices")["finish_reason"] == "stop"
    assert number_of(object_of(events[-1], "usage"), "total_tokens") > 0


async def test_a_streamed_translation_is_the_whole_one_in_pieces(caller: Caller) -> None:
    whole = said((await invoke(caller, "general_translation", "hello there")).json)
    events = (await invoke(caller, "general_translation", "hello there", stream=True)).events

    deltas = [object_of(first(event, "choices"), "delta") for event in events[:-1]]
    pieces = [text_of(object_of(delta, "content"), "text") for delta in deltas]
    assert len(pieces) > 1
    assert "".join(pieces) == parts(whole)[0]["text"]


@pytest.mark.parametrize(("agent", "content", "variables", "kind"), TASKS)
async def test_some_agents_work_as_tasks(
    caller: Caller, agent: str, content: object, variables: dict[str, object], kind: str
) -> None:
    created = (await invoke(caller, agent, content, variables)).json
    looks = [
        (await post(caller, "/async-result", agent_id=agent, async_id=created["async_id"])).json
        for _ in range(2)
    ]

    assert [created["status"], *(look["status"] for look in looks)] == ["pending", "pending", "success"]
    assert "choices" not in created
    part = parts(said(looks[-1]))[0]
    made = await caller.send("GET", text_of(part, kind), auth=False)
    assert (part["type"], made.status) == (kind, 200)


async def test_a_task_can_be_told_to_fail(sim: Simulator, caller: Caller) -> None:
    sim.script(fault=TaskFails())
    agent, content, variables, _ = TASKS[0]
    created = (await invoke(caller, agent, content, variables)).json
    asked = {"agent_id": agent, "async_id": created["async_id"]}
    await post(caller, "/async-result", **asked)
    result = await post(caller, "/async-result", **asked)

    assert result.json["status"] == "failed"
    assert set(object_of(result.json, "error")) == {"code", "message"}


async def test_an_answer_can_be_scripted(sim: Simulator, caller: Caller) -> None:
    sim.script("Guten Morgen")

    answer = said((await invoke(caller, "general_translation", "good morning")).json)

    assert answer == {"type": "text", "text": "Guten Morgen"}


async def test_an_odd_seed_answers_in_the_older_form(session: aiohttp.ClientSession) -> None:
    async with Simulator(seed=1) as sim:
        body = (await invoke(Caller(sim, session), "general_translation", "hello")).json

    assert object_of(first(body, "choices"), "message")["role"] == "assistant"


@pytest.mark.parametrize(
    ("agent", "content", "variables", "code"),
    [
        ("nobody", "hello", {}, "1214"),
        ("general_translation", 7, {}, "1214"),
        ("general_translation", [], {}, "1214"),
        ("general_translation", [{"type": "video_url", "video_url": "u"}], {}, "1214"),
        ("general_translation", [{"type": "image_url", "image_url": {"url": "u"}}], {}, "1214"),
        ("general_translation", [IMAGE], {}, "1213"),
        ("general_translation", "hello", {"target_lang": "auto"}, "1214"),
        ("general_translation", "[unsafe]", {}, "1301"),
        ("social_translation_agent", "hello", SOCIAL, "1213"),
        ("subtitle_translation_agent", "hello", {"language": "French"}, "1214"),
        ("ai_drawing_agent", "hello", {"size": "1024x1024"}, "1214"),
        ("doc_translation_agent", [FILE], {}, "1213"),
        ("service_check_agent", "hello", {"default_fields": ["weather"]}, "1214"),
        ("slides_glm_agent", "hello", {}, "1212"),
        ("intelligent_education_solve_agent", [TEXT], {}, "1212"),
        ("intelligent_education_solve_agent", [TEXT, IMAGE], {}, "1214"),
    ],
)
async def test_agents_refuse_what_they_cannot_work_with(
    caller: Caller, agent: str, content: object, variables: dict[str, object], code: str
) -> None:
    reply = await invoke(caller, agent, content, variables)

    assert (reply.status, reply.code) == (400, code)


async def test_roles_are_known(caller: Caller) -> None:
    messages = [{"role": "tool", "content": "hello"}]

    assert (await post(caller, "", agent_id="general_translation", messages=messages)).code == "1214"


async def test_results_are_asked_for_with_the_right_agent(caller: Caller) -> None:
    agent, content, variables, _ = TASKS[0]
    async_id = (await invoke(caller, agent, content, variables)).json["async_id"]

    wrong = await post(caller, "/async-result", agent_id="vidu_template_agent", async_id=async_id)
    assert wrong.code == "1214"
    assert (await post(caller, "/async-result", agent_id=agent, async_id="0")).code == "1214"
    assert (await post(caller, "/async-result", agent_id=agent)).code == "1213"


async def slides(caller: Caller, conversation: str | None = None) -> list[Body]:
    reply = await invoke(caller, "slides_glm_agent", "cats", stream=True, conversation_id=conversation)
    return reply.events


async def test_slides_are_thought_out_made_and_told_about(caller: Caller) -> None:
    events = await slides(caller)

    choices = [first(event, "choices") for event in events]
    assert [number_of(choice, "index") for choice in choices] == list(range(len(choices)))
    phases = [first(choice, "messages")["phase"] for choice in choices[:-1]]
    assert list(dict.fromkeys(map(str, phases))) == ["thinking", "tool", "answer"]
    tools = [first(first(choice, "messages"), "content") for choice in choices[1:5]]
    assert [object_of(tool, "object")["tool_name"] for tool in tools] == ["search", *["insert_page"] * 3]
    assert choices[-1]["finish_reason"] == "stop"
    assert events[-1]["usage"]


@pytest.mark.parametrize("path", ["/conversation", "/conversation/"])
async def test_slides_go_on_and_are_exported(caller: Caller, path: str) -> None:
    conversation = text_of((await slides(caller))[0], "conversation_id")
    assert text_of((await slides(caller, conversation))[0], "conversation_id") == conversation
    wishes = {
        "include_pdf": True,
        "include_html": True,
        "pages": [{"position": 1, "width": 33.8, "height": 19.0}, {"position": 2}],
    }

    reply = await post(
        caller, path, agent_id="slides_glm_agent", conversation_id=conversation, custom_variables=wishes
    )

    contents = objects_of(first(first(reply.json, "choices"), "message"), "content")
    assert [content["tag_en"] for content in contents] == ["PPT", "PDF", "HTML", "page", "page"]
    paper = await caller.send("GET", text_of(contents[1], "file_url"), auth=False)
    page = await caller.send("GET", text_of(contents[3], "image_url"), auth=False)
    assert paper.content.count(b"/Type /Page ") == 6
    assert page.content.startswith(b"\x89PNG")


async def test_conversations_that_do_not_exist_are_refused(caller: Caller) -> None:
    unknown = await post(caller, "/conversation", agent_id="slides_glm_agent", conversation_id="0")
    missing = await post(caller, "/conversation", agent_id="slides_glm_agent")
    wrong = await post(caller, "/conversation", agent_id="general_translation", conversation_id="0")
    going_on = await invoke(caller, "slides_glm_agent", "cats", stream=True, conversation_id="0")

    assert [unknown.code, missing.code, wrong.code, going_on.code] == ["1214", "1213", "1214", "1214"]


async def test_homework_is_corrected_question_by_question(caller: Caller) -> None:
    agent = "intelligent_education_correction_agent"
    handed_in = homework_in(await invoke(caller, agent, [IMAGE]))
    image = first(handed_in, "images")
    open_ones = [one["uuid"] for one in objects_of(image, "questions") if not one["is_finish"]]
    wanted = {
        "trace_id": handed_in["trace_id"],
        "images": [{"image_id": image["image_id"], "uuids": open_ones}],
    }
    polling = {"agent_id": "intelligent_education_correction_polling", "custom_variables": wanted}
    await post(caller, "/async-result", **polling)
    reply = await post(caller, "/async-result", **polling)

    assert len(open_ones) == 2
    looked_at = homework_in(reply)
    questions = objects_of(first(looked_at, "images"), "questions")
    assert [one["is_finish"] for one in questions] == [1, 1]


async def test_only_homework_that_was_handed_in_can_be_looked_at(caller: Caller) -> None:
    polling = "intelligent_education_correction_polling"
    agent = "intelligent_education_correction_agent"
    handed_in = homework_in(await invoke(caller, agent, [IMAGE]))
    trace = {"trace_id": handed_in["trace_id"], "images": [{"uuids": ["other"]}]}

    assert (await post(caller, "/async-result", agent_id=polling)).code == "1213"
    assert (await post(caller, "/async-result", agent_id=polling, trace_id="0")).code == "1214"
    assert (await post(caller, "/async-result", agent_id=polling, custom_variables=trace)).code == "1214"


async def test_the_agents_path_also_answers_where_the_vendors_client_puts_it(caller: Caller) -> None:
    messages = [{"role": "user", "content": "hello"}]

    reply = await caller.post("/v1/agents", agent_id="general_translation", messages=messages)

    assert array_of(reply.json, "choices")
