"""Chat requests: what callers may write, and what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from zhipu_async.errors import InvalidArgument, InvalidType, UsageError
from zhipu_async.protocol.chat_request import FIELD_NAMES, Prepared, prepare, split
from zhipu_async.protocol.checked_options import OPTION_NAMES
from zhipu_async.types.chat import Audio, ChatCompletion, Choice, FunctionCall, Message, ToolCall
from zhipu_async.types.chat_request import MediaPart

HELLO: list[dict[str, object]] = [{"role": "user", "content": "你好"}]


class OwnForm:
    """Something with a form of its own, as replies and tools have."""

    def __init__(self, form: object) -> None:
        self.form = form

    def to_param(self) -> object:
        return self.form


def body(messages: object = "hi", **params: object) -> dict[str, object]:
    return prepare("glm-4.7", messages, params).body


def refusal(messages: object = "hi", **params: object) -> UsageError:
    with pytest.raises(UsageError) as caught:
        prepare("glm-4.7", messages, params)
    return caught.value


# ── messages ───────────────────────────────────────────────────────────────────────────────────────


def test_a_string_is_one_message_of_the_user() -> None:
    assert body("你好")["messages"] == HELLO


def test_dicts_go_as_they_are_into_a_list_of_its_own() -> None:
    messages = [{"role": "system", "content": "be brief"}, *HELLO]
    sent = body(messages)["messages"]
    assert sent == messages
    assert sent is not messages


def test_the_callers_messages_and_parameters_are_never_edited() -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    params = {
        "stop": "x",
        "temperature": None,
        "tools": [{"type": "web_search", "web_search": {"enable": True}}],
    }
    before = msgspec.json.encode([messages, params])
    prepare("glm-4.7", messages, params)
    assert msgspec.json.encode([messages, params]) == before


def test_a_tuple_of_any_mappings_is_a_list_of_messages() -> None:
    assert body((MappingProxyType(HELLO[0]),))["messages"] == HELLO


def test_a_replys_message_is_put_back_with_known_fields_and_audio_by_id() -> None:
    call = ToolCall(id="call_1", function=FunctionCall(name="add", arguments="{}"))
    said = Message(reasoning_content="hm", tool_calls=[call], audio=Audio(id="a1", data="UklGRg=="))
    assert body([*HELLO, said])["messages"] == [
        *HELLO,
        {
            "role": "assistant",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
            ],
            "audio": {"id": "a1"},
        },
    ]


def test_a_whole_reply_is_put_back_as_its_message() -> None:
    reply = ChatCompletion(choices=[Choice(message=Message(content="hello"))])
    assert body([*HELLO, reply])["messages"] == [*HELLO, {"role": "assistant", "content": "hello"}]


def test_an_assistant_message_needs_no_content_beside_its_tool_calls() -> None:
    messages: list[dict[str, object]] = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "3"},
    ]
    assert body(messages)["messages"] == messages


def test_a_conversation_may_begin_with_the_assistant() -> None:
    messages = [{"role": "assistant", "content": "I am Emohaa."}, *HELLO]
    assert body(messages)["messages"] == messages


@pytest.mark.parametrize("empty", ["", [], ()])
def test_nothing_to_say_is_refused(empty: object) -> None:
    error = refusal(empty)
    assert isinstance(error, InvalidArgument)
    assert str(error) == "messages is empty"


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_messages_that_ask_nothing_are_refused(role: str) -> None:
    assert "add a message with role 'user'" in str(refusal([{"role": role, "content": "hi"}]))


@pytest.mark.parametrize(
    "wrong", [7, None, b"hi", {"role": "user", "content": "hi"}, OwnForm({"role": "user"})]
)
def test_what_is_no_list_is_refused(wrong: object) -> None:
    error = refusal(wrong)
    assert isinstance(error, InvalidType)
    assert "messages must be a string or a list" in str(error)


def test_a_single_message_is_told_to_go_into_a_list() -> None:
    assert "Put the message into a list." in str(refusal(HELLO[0]))
    assert "Put the message into a list." in str(refusal(OwnForm(HELLO[0])))


@pytest.mark.parametrize("wrong", ["hi", 7, b"hi", ["user", "hi"], OwnForm(7)])
def test_what_is_no_message_is_refused_with_its_place(wrong: object) -> None:
    assert "messages[1] must be a dict" in str(refusal([*HELLO, wrong]))


def test_a_string_in_the_list_is_told_what_to_write() -> None:
    assert '{"role": "user", "content": ...}' in str(refusal(["hi"]))


@pytest.mark.parametrize("message", [{"content": "hi"}, {"role": 7, "content": "hi"}])
def test_a_message_without_role_is_refused(message: Mapping[str, object]) -> None:
    assert "messages[0] has no role" in str(refusal([message]))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "messages[0] has no content"),
        (b"hi", "messages[0].content must be text or a list of parts, not bytes."),
        (7, "messages[0].content must be text or a list of parts, not int."),
        ([], "messages[0].content is an empty list"),
        (["hi"], "messages[0].content[0] must be a content part, not str"),
        ([{"text": "hi"}], "messages[0].content[0] has no type"),
        ([{"type": "image_url", "image_url": {"url": b"png"}}], "messages[0].content[0] holds bytes."),
        ([{"type": "text", "text": b"hi"}], "messages[0].content[0] holds bytes."),
    ],
)
def test_content_that_cannot_be_sent_is_refused_with_its_place(content: object, sentence: str) -> None:
    assert str(refusal([{"role": "user", "content": content}])).startswith(sentence)


def test_bytes_are_told_where_content_parts_come_from() -> None:
    assert "zhipu_async.parts" in str(refusal([{"role": "user", "content": b"png"}]))


def test_content_parts_of_tomorrow_pass() -> None:
    content = [{"type": "hologram", "hologram": {"url": "https://example.org/h"}}]
    assert body([{"role": "user", "content": content}])["messages"] == [{"role": "user", "content": content}]


def test_files_still_to_be_read_are_announced() -> None:
    part = MediaPart("image", Path("cat.png"), "cat.png")
    assert not prepare("glm-4.6v", "hi", {}).unread
    assert prepare("glm-4.6v", [{"role": "user", "content": [part]}], {}).unread


def test_no_error_shows_what_the_user_said() -> None:
    secret = "my prompt"
    errors = (
        refusal([{"role": "system", "content": secret}]),
        refusal([secret]),
        refusal([{"role": "user", "content": [secret]}]),
        refusal([{"role": "user", "content": secret.encode()}]),
        refusal({"role": "user", "content": secret}),
    )
    assert not any(secret in f"{error}{error!r}" for error in errors)


# ── parameters ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", ["", None, 7])
def test_a_model_has_a_name(model: object) -> None:
    with pytest.raises(InvalidType, match="model must be the name of a model"):
        prepare(model, "hi", {})


def test_none_is_not_sent() -> None:
    assert body(temperature=None, tools=None, stop=None) == {"model": "glm-4.7", "messages": [_said("hi")]}


def _said(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_a_stream_says_so_in_the_body() -> None:
    assert prepare("glm-4.7", "hi", {}, stream=True).body["stream"] is True
    assert "stream" not in body()


def test_options_of_the_call_stay_out_of_the_body_and_keep_none() -> None:
    assert prepare("glm-4.7", "hi", {"timeout": None, "max_retries": 0, "seed": 7}) == Prepared(
        body={"model": "glm-4.7", "messages": [_said("hi")], "seed": 7},
        options={"timeout": None, "max_retries": 0},
        unread=False,
    )


def test_fields_and_options_do_not_overlap() -> None:
    assert not FIELD_NAMES & OPTION_NAMES
    assert {"model", "messages", "stream"}.isdisjoint(FIELD_NAMES)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("temprature", "Did you mean 'temperature'?"),
        ("max_completion_tokens", "Did you mean 'max_tokens'?"),
        ("time_out", "Did you mean 'timeout'?"),
        ("message", "Did you mean 'messages'?"),
        ("steam", "Did you mean 'stream'?"),
        ("stream", "so does create(stream=True)."),
        ("n", "extra_body={'n': ...} sends it anyway."),
        ("logprobs", "The platform has no such parameter"),
        ("quux", "goes into extra_body={'quux': ...}."),
    ],
)
def test_an_unknown_keyword_is_a_type_error_that_helps(name: str, hint: str) -> None:
    error = refusal(**{name: 1})
    assert isinstance(error, TypeError)
    assert str(error).startswith(f"unexpected keyword argument {name!r}.")
    assert hint in str(error)


def test_other_bundles_are_split_by_their_own_names() -> None:
    with pytest.raises(InvalidType, match="Did you mean 'size'"):
        split({"sise": "1024x1024"}, frozenset({"size"}))
    with pytest.raises(InvalidType, match="goes into extra_body"):
        split({"messags": "hi"}, frozenset({"size"}))


@pytest.mark.parametrize("value", [0, 0.0, 0.5, 1, 1.0])
def test_temperatures_of_the_range_pass_as_they_are(value: float) -> None:
    assert body(temperature=value)["temperature"] is value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.01),
        ("temperature", 1.01),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", 0),
        ("top_p", 1.5),
        ("top_p", float("nan")),
    ],
)
def test_numbers_outside_of_their_range_are_refused(name: str, value: float) -> None:
    error = refusal(**{name: value})
    assert isinstance(error, InvalidArgument)
    assert f"{name} must lie between" in str(error)


@pytest.mark.parametrize("value", ["0.5", True, [0.5]])
def test_what_is_no_number_is_refused(value: object) -> None:
    assert isinstance(refusal(temperature=value), InvalidType)


@pytest.mark.parametrize("length", [6, 128])
def test_user_ids_of_6_to_128_characters_pass(length: int) -> None:
    assert body(user_id="u" * length)["user_id"] == "u" * length


@pytest.mark.parametrize("length", [0, 5, 129])
def test_other_user_ids_are_refused(length: int) -> None:
    assert f"got {length}" in str(refusal(user_id="u" * length))


def test_a_user_id_is_text() -> None:
    assert isinstance(refusal(user_id=1234567), InvalidType)


def test_pieces_of_tool_calls_need_a_stream() -> None:
    assert "tool_stream has no effect without a stream" in str(refusal(tool_stream=True))
    assert prepare("glm-4.7", "hi", {"tool_stream": True}, stream=True).body["tool_stream"] is True
    assert body(tool_stream=False)["tool_stream"] is False


def test_a_single_stop_word_goes_into_a_list() -> None:
    assert body(stop="\n")["stop"] == ["\n"]
    assert body(stop=["a", "b"])["stop"] == ["a", "b"]


@pytest.mark.parametrize("stop", [7, [7], b"x"])
def test_stop_words_are_words(stop: object) -> None:
    assert isinstance(refusal(stop=stop), InvalidType)


@pytest.mark.parametrize(
    "name", ["reasoning_effort", "thinking", "max_tokens", "response_format", "tool_choice"]
)
def test_what_only_the_platform_can_judge_passes(name: str) -> None:
    assert body(**{name: "whatever it takes tomorrow"})[name] == "whatever it takes tomorrow"


# ── tools ──────────────────────────────────────────────────────────────────────────────────────────

ADD = {
    "type": "function",
    "function": {"name": "add", "description": "Add.", "parameters": {"type": "object"}},
}


@pytest.mark.parametrize(
    "tool",
    [
        ADD,
        {"type": "retrieval", "retrieval": {"knowledge_id": "k1"}},
        {"type": "web_search", "web_search": {"enable": True, "search_engine": "search_pro"}},
        {"type": "mcp", "mcp": {"server_label": "weather"}},
        {"type": "tomorrow", "tomorrow": {}},
    ],
)
def test_tools_of_every_type_pass(tool: Mapping[str, object]) -> None:
    assert body(tools=[tool])["tools"] == [tool]


def test_a_tool_goes_in_its_own_form() -> None:
    assert body(tools=[OwnForm(ADD)])["tools"] == [ADD]


@pytest.mark.parametrize("name", ["", "a b", "加", "x" * 65, None])
def test_a_functions_name_must_be_one(name: object) -> None:
    tool = {"type": "function", "function": {"name": name}}
    assert "tools[0].function.name must be 1 to 64 letters" in str(refusal(tools=[tool]))


def test_a_function_must_be_described() -> None:
    assert "tools[0].function.name" in str(refusal(tools=[{"type": "function"}]))


def test_a_bare_function_is_told_about_the_decorator() -> None:
    assert "Decorate the function with @tool." in str(refusal(tools=[len]))


@pytest.mark.parametrize(
    ("tools", "sentence"),
    [
        ([7], "tools[0] must be a dict or a Tool, not int"),
        ([{"function": None}], "tools[0] has no type"),
        (ADD, "tools must be a list, not dict"),
        ("add", "tools must be a list, not str"),
    ],
)
def test_what_is_no_tool_is_refused(tools: object, sentence: str) -> None:
    assert sentence in str(refusal(tools=tools))
