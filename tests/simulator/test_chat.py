"""Chat: what is answered, what is refused, how it streams."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import integer_of, object_of, objects_of
from zhipu_async.simulator.shapes import text_of as text_at

from .conftest import Caller, Json

if TYPE_CHECKING:
    import aiohttp

ADD: Json = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
    },
}
WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "查询城市的天气",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(content: object) -> Json:
    return {"role": "user", "content": content}


def picture(url: str = "https://example.org/a.png") -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


async def text_of(caller: Caller, prompt: str, /, **body: object) -> str:
    reply = await caller.chat(prompt, **body)
    assert reply.status == 200, reply.text
    return str(reply.at("choices", 0, "message", "content"))


async def test_a_prompt_is_echoed_in_its_language(caller: Caller) -> None:
    assert 'You said: "how are you?"' in await text_of(caller, "how are you?")
    assert "你说的是：“你好吗？”" in await text_of(caller, "你好吗？")


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Say hi", "hi"),
        ("Repeat after me: one two", "one two"),
        ('reply with exactly "OK"', "OK"),
        ("请说：“你好啊”", "你好啊"),
        ("回复：收到", "收到"),
    ],
)
async def test_what_is_to_be_repeated_is_repeated(caller: Caller, prompt: str, answer: str) -> None:
    assert await text_of(caller, prompt) == answer


async def test_a_wish_for_a_length_is_granted(caller: Caller) -> None:
    assert len((await text_of(caller, "Write 300 words about cats")).split()) >= 300
    assert len(await text_of(caller, "写一篇500字的作文")) >= 500


async def test_the_same_seed_gives_the_same_answers(session: aiohttp.ClientSession) -> None:
    answers: list[str] = []
    for seed in (1, 1, 2):
        async with Simulator(seed=seed) as sim:
            answers.append(await text_of(Caller(sim, session), "tell me something about the sea"))
    assert answers[0] == answers[1] != answers[2]


async def test_tokens_add_up_and_are_those_of_the_stream(caller: Caller) -> None:
    whole = await caller.chat("写一首诗")
    usage = object_of(whole.json, "usage")
    assert usage["total_tokens"] == integer_of(usage, "prompt_tokens") + integer_of(
        usage, "completion_tokens"
    )
    streamed = await caller.chat("写一首诗", stream=True)
    assert streamed.events[-1]["usage"] == usage
    assert len(streamed.events) - 1 == usage["completion_tokens"]


async def test_a_stream_puts_together_to_the_whole_answer(caller: Caller) -> None:
    whole = await caller.chat("讲个笑话")
    streamed = await caller.chat("讲个笑话", stream=True)
    assert streamed.content_type == "text/event-stream"
    deltas = streamed.deltas
    message = object_of(whole.items("choices")[0], "message")
    assert "".join(text_at(delta, "content") for delta in deltas) == message["content"]
    assert "".join(text_at(delta, "reasoning_content") for delta in deltas) == message["reasoning_content"]
    assert len({event["id"] for event in streamed.events}) == 1


async def test_some_models_name_the_object_in_their_chunks_and_some_do_not(caller: Caller) -> None:
    named = {
        "object" in (await caller.chat(model=f"glm-{name}", stream=True)).events[0]
        for name in ("4.7", "4.6", "5", "4.5", "5.1", "5-turbo")
    }
    assert named == {True, False}


async def test_thinking_can_be_switched_off_where_the_model_allows(caller: Caller) -> None:
    thinking = await caller.chat(model="glm-4.7")
    assert thinking.at("choices", 0, "message", "reasoning_content")
    silent = await caller.chat(model="glm-4.7", thinking={"type": "disabled"})
    assert "reasoning_content" not in silent.text
    old = await caller.chat(model="glm-4-plus")
    assert "reasoning_content" not in old.text


async def test_max_tokens_cuts_thinking_first_and_then_text(caller: Caller) -> None:
    empty = await caller.chat(max_tokens=3)
    assert empty.at("choices", 0, "finish_reason") == "length"
    assert empty.at("choices", 0, "message", "content") == ""
    assert empty.at("usage", "completion_tokens") == 3


async def test_a_stop_word_ends_the_answer_before_it(caller: Caller) -> None:
    assert await text_of(caller, "Say one two three", stop=["two"]) == "one "


async def test_json_mode_fits_the_schema_in_the_prompt(caller: Caller) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
        "required": ["city", "days"],
    }
    prompt = f"Plan 3 days in Paris. Answer with JSON for this schema: {json.dumps(schema)}"
    answer = json.loads(await text_of(caller, prompt, response_format={"type": "json_object"}))
    assert answer == {"city": "Paris", "days": 3}


async def test_json_mode_follows_an_example_or_makes_an_object_of_its_own(caller: Caller) -> None:
    mode = {"type": "json_object"}
    like = json.loads(await text_of(caller, 'Answer like {"name": "x", "ages": [1]}', response_format=mode))
    assert isinstance(like["name"], str)
    assert isinstance(like["ages"][0], int)
    assert isinstance(json.loads(await text_of(caller, "anything", response_format=mode)), dict)


async def test_json_schema_mode_is_accepted_and_ignored(caller: Caller) -> None:
    assert "You said" in await text_of(caller, "hello", response_format={"type": "json_schema"})


async def test_a_call_fits_the_tool_that_fits_the_prompt(caller: Caller) -> None:
    added = await caller.chat("What is 1 plus 2? Add them.", tools=[WEATHER, ADD])
    function = object_of(added.items("choices", 0, "message", "tool_calls")[0], "function")
    assert (function["name"], json.loads(text_at(function, "arguments"))) == ("add", {"a": 1, "b": 2})
    assert added.at("choices", 0, "finish_reason") == "tool_calls"
    weather = await caller.chat("“北京”的天气怎么样？", tools=[ADD, WEATHER])
    assert json.loads(str(weather.at("choices", 0, "message", "tool_calls", 0, "function", "arguments"))) == {
        "city": "北京"
    }


async def test_functions_that_the_prompt_names_are_all_called(caller: Caller) -> None:
    reply = await caller.chat("Use add and get_weather", tools=[ADD, WEATHER])
    calls = reply.items("choices", 0, "message", "tool_calls")
    assert [object_of(call, "function")["name"] for call in calls] == ["add", "get_weather"]
    assert len({call["id"] for call in calls}) == 2


async def test_results_of_tools_are_answered_with_text(caller: Caller) -> None:
    first = await caller.chat("1 plus 2?", tools=[ADD])
    message = first.at("choices", 0, "message")
    call_id = first.at("choices", 0, "message", "tool_calls", 0, "id")
    messages = [user("1 plus 2?"), message, {"role": "tool", "tool_call_id": call_id, "content": "3"}]
    second = await caller.chat(messages=messages, tools=[ADD])
    assert second.at("choices", 0, "message", "content") == "The tools gave: 3."


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_calls_stream_whole_or_in_pieces(caller: Caller, in_pieces: bool) -> None:
    reply = await caller.chat("1 plus 2", tools=[ADD], stream=True, tool_stream=in_pieces)
    deltas = reply.deltas
    functions = [object_of(call, "function") for delta in deltas for call in objects_of(delta, "tool_calls")]
    assert json.loads("".join(text_at(function, "arguments") for function in functions)) == {"a": 1, "b": 2}
    assert (len(functions) > 1) is in_pieces
    assert functions[0]["name"] == "add"


async def test_no_tool_is_called_when_none_is_wanted(caller: Caller) -> None:
    assert "You said" in await text_of(caller, "1 plus 2", tools=[ADD], tool_choice="none")


async def test_search_results_come_only_when_asked_for(caller: Caller) -> None:
    search: Json = {"enable": True, "search_engine": "search_pro_quark", "count": 3}
    without = await caller.chat("news", tools=[{"type": "web_search", "web_search": search}])
    assert "web_search" not in without.json
    seen = {**search, "search_result": True}
    results = (await caller.chat("news", tools=[{"type": "web_search", "web_search": seen}])).items(
        "web_search"
    )
    assert len(results) == 3
    streamed = await caller.chat("news", tools=[{"type": "web_search", "web_search": seen}], stream=True)
    assert streamed.events[-1]["web_search"] == results


@pytest.mark.parametrize("count", ["many", 1.5, 51, [1]])
async def test_an_illegal_number_of_results_is_refused(caller: Caller, count: object) -> None:
    search = {"enable": True, "search_result": True, "count": count}
    assert (await caller.chat("news", tools=[{"type": "web_search", "web_search": search}])).code == "1214"


async def test_the_voice_model_speaks(caller: Caller) -> None:
    content = [
        {"type": "text", "text": "Say hello there"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    reply = await caller.chat(model="glm-4-voice", messages=[user(content)])
    sound = base64.b64decode(str(reply.at("choices", 0, "message", "audio", "data")))
    assert len(sound) > 1000
    streamed = await caller.chat(model="glm-4-voice", messages=[user(content)], stream=True)
    deltas = streamed.deltas
    assert b"".join(base64.b64decode(text_at(object_of(delta, "audio"), "data")) for delta in deltas) == sound


async def test_pictures_are_noticed(caller: Caller) -> None:
    content = [
        picture(),
        picture("data:image/png;base64,iVBORw0KGgo="),
        {"type": "text", "text": "What is this?"},
    ]
    assert "2 image_url" in str((await caller.chat(model="glm-4.6v", messages=[user(content)])).json)


async def test_unsafe_text_is_refused_with_its_place(caller: Caller) -> None:
    refused = await caller.chat("[unsafe] words")
    assert (refused.status, refused.code) == (400, "1301")
    assert refused.json["contentFilter"] == [{"level": 1, "role": "user"}]
    history = [user("[unsafe] words"), {"role": "assistant", "content": "no"}, user("go on")]
    assert (await caller.chat(messages=history)).at("contentFilter", 0, "role") == "history"


async def test_an_unsafe_answer_is_withdrawn_in_a_stream_and_refused_in_one_piece(caller: Caller) -> None:
    streamed = await caller.chat("hi [unsafe answer]", stream=True)
    assert streamed.events[-1]["content_filter"] == [{"role": "assistant", "level": 1}]
    assert objects_of(streamed.events[-1], "choices")[0]["finish_reason"] == "sensitive"
    whole = await caller.chat("hi [unsafe answer]")
    assert whole.code == "1301"


REFUSED: list[tuple[Json, str]] = [
    ({"messages": None}, "1213"),
    ({"messages": []}, "1214"),
    ({"messages": "hello"}, "1214"),
    ({"messages": ["hello"]}, "1214"),
    ({"messages": [{"content": "x"}]}, "1213"),
    ({"messages": [{"role": "developer", "content": "x"}]}, "1214"),
    ({"messages": [{"role": "user"}]}, "1213"),
    ({"messages": [user(5)]}, "1214"),
    ({"messages": [user([])]}, "1213"),
    ({"messages": [user(["x"])]}, "1214"),
    ({"messages": [user([{"type": "smell"}])]}, "1214"),
    ({"messages": [user([{"type": "text"}])]}, "1213"),
    ({"messages": [{"role": "system", "content": "x"}]}, "1214"),
    ({"messages": [{"role": "assistant"}, user("x")]}, "1213"),
    ({"messages": [user("x"), {"role": "tool", "content": "1", "tool_call_id": "unheard-of"}]}, "1214"),
    ({"messages": [user([picture()])]}, "1210"),
    ({"temperature": 1.5}, "1214"),
    ({"temperature": "0.5"}, "1214"),
    ({"temperature": True}, "1214"),
    ({"top_p": 0}, "1214"),
    ({"max_tokens": 0}, "1214"),
    ({"max_tokens": 1.5}, "1214"),
    ({"max_tokens": 10_000_000}, "1214"),
    ({"stop": "x"}, "1214"),
    ({"stop": [1]}, "1214"),
    ({"stream": "maybe"}, "1214"),
    ({"user_id": "short"}, "1214"),
    ({"thinking": {"type": "adaptive"}}, "1210"),
    ({"model": "glm-5.3", "thinking": {"type": "disabled"}}, "1210"),
    ({"model": "glm-5.3", "reasoning_effort": "medium"}, "1210"),
    ({"model": "glm-5.2", "reasoning_effort": "extreme"}, "1210"),
    ({"tools": ["x"]}, "1214"),
    ({"tools": [{"type": "function"}]}, "1213"),
    ({"tools": [{"type": "function", "function": {"name": "no spaces"}}]}, "1214"),
    ({"tools": [{"type": "spell", "spell": {}}]}, "1214"),
    ({"tools": [{"type": "retrieval", "retrieval": {}}]}, "1213"),
    ({"tools": [ADD] * 129}, "1214"),
    ({"response_format": {}}, "1213"),
    ({"response_format": {"type": "xml"}}, "1214"),
    ({"model": "emohaa", "meta": {"user_info": "x"}}, "1213"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
async def test_what_the_platform_refuses_is_refused(caller: Caller, body: Json, code: str) -> None:
    reply = await caller.chat("hi", **body)
    assert (reply.status, reply.code) == (400, code), reply.text


REFUSED_PARTS: list[tuple[str, list[Json], str]] = [
    (
        "glm-4.6v",
        [picture(), {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}],
        "1210",
    ),
    ("glm-4.6v", [{"type": "image_url", "image_url": {}}], "1213"),
    ("glm-4.6v", [picture("not base64!")], "1210"),
    ("glm-4v-flash", [picture(), picture()], "1214"),
    ("glm-4v-flash", [picture("iVBORw0KGgo=")], "1210"),
    (
        "glm-4v-plus-0111",
        [{"type": "text", "text": "x"}, {"type": "video_url", "video_url": {"url": "https://e.org"}}],
        "1214",
    ),
    ("glm-4.6v", [{"type": "file", "file": {}}], "1213"),
    ("glm-4.6v", [{"type": "file", "file": {"file_id": "a", "file_url": "b"}}], "1215"),
    ("glm-4.6v", [{"type": "file", "file": {"file_id": "nobody uploaded it"}}], "1210"),
    ("glm-4.6v", [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}], "1210"),
    (
        "glm-4-voice",
        [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "ogg"}}],
        "1214",
    ),
    ("glm-4.6v", [{"type": "file_url", "file_url": {"url": "https://example.org/a.pdf"}}] * 51, "1214"),
]


@pytest.mark.parametrize(("model", "content", "code"), REFUSED_PARTS)
async def test_parts_are_checked_for_their_model(
    caller: Caller, model: str, content: list[Json], code: str
) -> None:
    reply = await caller.chat(model=model, messages=[user(content)])
    assert (reply.status, reply.code) == (400, code), reply.text


async def test_a_prompt_above_the_context_is_1261(caller: Caller) -> None:
    assert (await caller.chat("word " * 9000, model="glm-4-airx")).code == "1261"
    assert (await caller.chat("wordword" * 1000, model="glm-4-airx")).status == 200


async def test_a_file_uploaded_for_it_can_be_asked_about(caller: Caller) -> None:
    caller.sim.platform.shelf("files", caller.sim.api_key)["file-1"] = {"purpose": "user_data"}
    content = [{"type": "file", "file": {"file_id": "file-1"}}, {"type": "text", "text": "What is in it?"}]
    assert (await caller.chat(model="glm-4.6v", messages=[user(content)])).status == 200


async def test_the_coding_url_lets_thinking_be_switched_off(caller: Caller) -> None:
    body: Json = {"model": "glm-5.3", "messages": [user("hi")], "thinking": {"type": "disabled"}}
    reply = await caller.send("POST", f"{caller.sim.coding_base_url}/chat/completions", body=body)
    assert "reasoning_content" not in reply.text


async def test_a_task_runs_and_then_succeeds(caller: Caller) -> None:
    ticket = await caller.post("/async/chat/completions", model="glm-4.6", messages=[user("Say hi")])
    assert ticket.at("task_status") == "PROCESSING"
    assert ticket.at("model") == "glm-4.7"  # the platform substitutes models
    first = await caller.get(f"/async-result/{ticket.at('id')}")
    assert (first.at("task_status"), first.at("model")) == ("PROCESSING", None)
    second = await caller.get(f"/async-result/{ticket.at('id')}")
    assert second.at("task_status") == "SUCCESS"
    assert second.at("choices", 0, "message", "content") == "hi"
    assert (await caller.get(f"/async-result/{ticket.at('id')}")).json == second.json


async def test_a_task_is_unknown_to_other_keys(session: aiohttp.ClientSession) -> None:
    async with Simulator(api_keys=["a.1", "b.2"]) as sim:
        caller = Caller(sim, session)
        ticket = await caller.post("/async/chat/completions", model="glm-4.6", messages=[user("hi")])
        path = f"/async-result/{ticket.at('id')}"
        other = await caller.send("GET", path, headers={"Authorization": "Bearer b.2"})
        assert (other.status, other.code) == (400, "1214")


async def test_tasks_take_time_when_there_is_a_pace(session: aiohttp.ClientSession) -> None:
    async with Simulator(pace=1e-6) as sim:  # a thousandth of a second is a quarter of an hour
        caller = Caller(sim, session)
        ticket = await caller.post("/async/chat/completions", model="glm-4.6", messages=[user("hi")])
        done = await caller.get(f"/async-result/{ticket.at('id')}")
        assert done.at("task_status") == "SUCCESS"
