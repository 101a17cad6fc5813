"""What the platform refuses in a chat request beyond missing fields and wrong kinds. No I/O here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .fields import an_object, check, choice, integer, text
from .models import (
    ALWAYS_THINKS,
    AUDIO,
    CONTEXT_TOKENS,
    CONTEXT_TOKENS_OTHERWISE,
    EFFORTS,
    EFFORTS_OF_ALWAYS_THINKING,
    MAX_TOKENS,
    MAX_TOKENS_OTHERWISE,
    ROLE,
    VISION,
)
from .refusals import Refusal, conflicting, illegal, missing
from .safety import UNSAFE, unsafe
from .shapes import Body, array_of, integer_of, is_array, is_object, object_of, objects_of, text_of
from .turns import message_text, tokens_of_prompt

if TYPE_CHECKING:
    from .operation import Ask

ROLES = ("system", "user", "assistant", "tool")
MESSAGE_FIELDS = {"role": choice(*ROLES).needed}
RECORDING_FIELDS = {"data": text(1).needed, "format": choice("wav", "mp3").needed}
PART_FIELDS = {
    "text": {"text": text().needed},
    "image_url": {"image_url": an_object().needed},
    "video_url": {"video_url": an_object().needed},
    "file_url": {"file_url": an_object().needed},
    "file": {"file": an_object().needed},
    "input_audio": {"input_audio": an_object().needed},
}
PICTURES_PER_REQUEST = {"glm-4v-flash": 1, "glm-4v-plus-0111": 5}
PICTURES_PER_REQUEST_OTHERWISE = 50
FILES_PER_REQUEST = 50
FIRST_PART_MUST_BE_VIDEO = "glm-4v-plus-0111"
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
BASE64 = re.compile(r"[A-Za-z0-9+/=_\s-]+")
META = {name: text().needed for name in ("user_info", "bot_info", "bot_name", "user_name")}
TOOLS = {
    "function": {"name": text(1, 64).needed, "description": text(), "parameters": an_object()},
    "retrieval": {"knowledge_id": text(1).needed, "prompt_template": text()},
    "web_search": {"search_engine": text(), "search_query": text(), "count": integer(1, 50)},
    "mcp": {"server_label": text(1).needed, "transport_type": choice("sse", "streamable-http")},
}
RESPONSE_FORMATS = ("text", "json_object", "json_schema")
"""`json_schema` is accepted and ignored."""


def refuse_bad_chat(ask: Ask) -> None:
    """Raise the refusal that the platform would answer with."""
    check_messages(ask)
    check_thinking(ask)
    check_tools(ask)
    check_options(ask)
    check_safety(ask)
    check_length(ask)


def check_messages(ask: Ask) -> None:
    messages = array_of(ask.body, "messages")
    call_ids: set[str] = set()
    for index, message in enumerate(messages):
        inside = f"messages[{index}]"
        if not is_object(message):
            raise illegal(inside, "an object expected")
        check_message(ask, message, inside, call_ids)
    roles = {text_of(message, "role") for message in objects_of(ask.body, "messages")}
    if not roles & {"user", "tool"}:
        raise illegal("messages", "not only system and assistant messages expected")
    check_mixture(ask)


def check_message(ask: Ask, message: Body, inside: str, call_ids: set[str]) -> None:
    check(message, MESSAGE_FIELDS, inside=inside + ".")
    role, content = text_of(message, "role"), message.get("content")
    if role == "assistant":
        call_ids.update(text_of(call, "id") for call in objects_of(message, "tool_calls"))
        spoken = content is not None or "tool_calls" in message or "audio" in message
        if not spoken:
            raise missing(inside + ".content")
    elif content is None or content == []:
        raise missing(inside + ".content")
    if role == "tool" and "tool_call_id" in message and text_of(message, "tool_call_id") not in call_ids:
        raise illegal(inside + ".tool_call_id", "the id of an earlier tool call expected")
    if is_array(content):
        check_parts(ask, content, inside + ".content")
    elif content is not None and not isinstance(content, str):
        raise illegal(inside + ".content", "a text or a list of parts expected")


def check_parts(ask: Ask, parts: list[object], inside: str) -> None:
    for index, part in enumerate(parts):
        place = f"{inside}[{index}]"
        if not is_object(part):
            raise illegal(place, "an object expected")
        kind = text_of(part, "type")
        if kind not in PART_FIELDS:
            raise illegal(place + ".type", f"one of {', '.join(PART_FIELDS)} expected")
        check(part, PART_FIELDS[kind], inside=place + ".")
        check_part(ask, kind, part, place)


def check_part(ask: Ask, kind: str, part: Body, place: str) -> None:
    known = ask.model.lower() in VISION | AUDIO | ROLE
    if kind in ("image_url", "video_url", "file_url"):
        check_address(ask, kind, text_of(object_of(part, kind), "url"), f"{place}.{kind}.url")
    if kind == "file":
        check_file(ask, object_of(part, "file"), place + ".file")
    if kind == "input_audio":
        check(object_of(part, "input_audio"), RECORDING_FIELDS, inside=place + ".input_audio.")
    suits = kind == "text" or (kind == "input_audio") == (ask.model.lower() in AUDIO)
    if not suits or (kind != "text" and not known and ask.model.lower() not in ask.platform.extra_models):
        raise Refusal("1210", f"The model {ask.model} does not take {kind}")


def check_address(ask: Ask, kind: str, url: str, place: str) -> None:
    if not url:
        raise missing(place)
    if url.startswith(("http://", "https://")):
        return
    encoded = url.partition(";base64,")[2] if url.startswith("data:") else url
    no_base64 = kind == "file_url" or (kind == "image_url" and ask.model.lower() == "glm-4v-flash")
    if no_base64 or not BASE64.fullmatch(encoded):
        raise Refusal("1210", f"{place} is not an address that can be fetched")


def check_file(ask: Ask, file: Body, place: str) -> None:
    given = [name for name in ("file_id", "file_url", "file_data") if name in file]
    if not given:
        raise missing(place + ".file_id")
    if len(given) > 1:
        raise conflicting(f"{place}.{given[0]}", f"{place}.{given[1]}")
    if given == ["file_id"]:
        stored = ask.platform.shelf("files", ask.key).get(text_of(file, "file_id"))
        if stored is None or stored.get("purpose") != "user_data":
            raise Refusal("1210", "The file could not be parsed")


def check_mixture(ask: Ask) -> None:
    """Pictures, videos and files exclude each other, and there are only so many of each."""
    for message in objects_of(ask.body, "messages"):
        kinds = [text_of(part, "type") for part in objects_of(message, "content")]
        groups = {GROUP_OF_PART[kind] for kind in kinds if kind in GROUP_OF_PART}
        if len(groups) > 1:
            raise Refusal("1210", f"{' and '.join(sorted(groups))} cannot be mixed in one request")
        pictures = PICTURES_PER_REQUEST.get(ask.model.lower(), PICTURES_PER_REQUEST_OTHERWISE)
        if kinds.count("image_url") > pictures:
            raise illegal("messages", f"at most {pictures} pictures expected")
        if sum(kind in ("file", "file_url") for kind in kinds) > FILES_PER_REQUEST:
            raise illegal("messages", f"at most {FILES_PER_REQUEST} files expected")
        if ask.model.lower() == FIRST_PART_MUST_BE_VIDEO and "video_url" in kinds[1:]:
            raise illegal("messages", "the video must be the first part")


GROUP_OF_PART = {"image_url": "images", "video_url": "videos", "file_url": "files", "file": "files"}


def check_thinking(ask: Ask) -> None:
    model = ask.model.lower()
    thinking = object_of(ask.body, "thinking")
    kind = thinking.get("type", "enabled")
    if kind not in ("enabled", "disabled"):
        raise Refusal("1210", "thinking.type takes enabled and disabled")
    always = model in ALWAYS_THINKS and not ask.coding
    if always and kind == "disabled":
        raise Refusal("1210", f"The model {ask.model} always thinks")
    effort = ask.body.get("reasoning_effort")
    efforts = EFFORTS_OF_ALWAYS_THINKING if always else EFFORTS
    if effort is not None and effort not in efforts:
        raise Refusal(
            "1210", f"reasoning_effort takes {', '.join(sorted(efforts))} with the model {ask.model}"
        )


def check_tools(ask: Ask) -> None:
    for index, tool in enumerate(array_of(ask.body, "tools")):
        inside = f"tools[{index}]"
        if not is_object(tool):
            raise illegal(inside, "an object expected")
        check(tool, {"type": choice(*TOOLS).needed}, inside=inside + ".")
        kind = text_of(tool, "type")
        check(tool, {kind: an_object().needed}, inside=inside + ".")
        settings = object_of(tool, kind)
        check(settings, TOOLS[kind], inside=f"{inside}.{kind}.")
        if kind == "function" and not FUNCTION_NAME.fullmatch(text_of(settings, "name")):
            raise illegal(f"{inside}.function.name", "letters, digits, _ and - expected")


def check_options(ask: Ask) -> None:
    if "response_format" in ask.body:
        check(
            object_of(ask.body, "response_format"),
            {"type": choice(*RESPONSE_FORMATS).needed},
            inside="response_format.",
        )
    if "meta" in ask.body:
        check(object_of(ask.body, "meta"), META, inside="meta.")
    if not all(isinstance(word, str) for word in array_of(ask.body, "stop")):
        raise illegal("stop", "a list of texts expected")
    most = MAX_TOKENS.get(ask.model.lower(), MAX_TOKENS_OTHERWISE)
    if integer_of(ask.body, "max_tokens") > most:
        raise illegal("max_tokens", f"at most {most} expected")


def check_safety(ask: Ask) -> None:
    messages = objects_of(ask.body, "messages")
    for index, message in enumerate(messages):
        if UNSAFE in message_text(message):
            raise unsafe("user" if index == len(messages) - 1 else "history")


def check_length(ask: Ask) -> None:
    limit = CONTEXT_TOKENS.get(ask.model.lower(), CONTEXT_TOKENS_OTHERWISE)
    # A token has at least one character, so most prompts need no counting.
    if sum(len(message_text(message)) for message in objects_of(ask.body, "messages")) < limit:
        return
    if tokens_of_prompt(ask.body) > limit:
        raise Refusal("1261", f"The prompt is longer than {limit} tokens")
