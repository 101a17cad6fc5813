"""A chat request: what callers may write, checked and brought into the platform's form. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.checked_options import OPTION_NAMES, unexpected
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.sendable import Seen, as_list, as_object
from zhipu_async.types.chat_request import MediaPart

FIELD_NAMES = frozenset(ChatParams.__annotations__) - OPTION_NAMES
WRITTEN_OUT = frozenset({"model", "messages", "stream"})  # keywords that methods have beside the bundle

TEMPERATURES = (0.0, 1.0)
TOP_PS = (0.01, 1.0)
USER_ID_LENGTHS = range(6, 129)
PLAIN_MEMBERS = 2  # of a message that is nothing but text: role and content
FUNCTION_NAME = r"[a-zA-Z0-9_-]{1,64}"
UNASKED = frozenset({"system", "assistant"})  # roles that alone do not ask for an answer

# Parameters of other platforms; this one drops them without a word, so they are refused here.
ELSEWHERE = frozenset(
    {
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "stream_options",
        "top_logprobs",
    }
)


class Prepared(NamedTuple):
    """A checked request: the body, the options of this call, and whether files are still to be read."""

    body: dict[str, object]
    options: CallOptions
    unread: bool


def prepare(
    model: object, messages: object, params: Mapping[str, object], *, stream: bool = False
) -> Prepared:
    """Build the body of a chat request; nothing of the caller's is edited or clamped.

    `request_id`, when the caller gave one, stays in the body like any other field.
    """
    if not isinstance(model, str) or not model:
        raise InvalidType(f"model must be the name of a model, not {_kind(model)}")
    fields, options = split(params) if params else ({}, CallOptions())
    listed, unread = normalised(messages)
    body: dict[str, object] = {"model": model, "messages": listed}
    if stream:
        body["stream"] = True
    if fields:
        body.update(checked(fields, stream=stream))
    return Prepared(body, options, unread)


# ── parameters ─────────────────────────────────────────────────────────────────────────────────────


def split(
    params: Mapping[str, object], names: frozenset[str] = FIELD_NAMES
) -> tuple[dict[str, object], CallOptions]:
    """The fields that go into the body, without None, and the options of the call."""
    fields: dict[str, object] = {}
    options: dict[str, object] = {}
    for name, value in params.items():
        if name in names:
            if value is not None:
                fields[name] = value
        elif name in OPTION_NAMES:
            options[name] = value
        else:
            raise unknown(name, names)
    if not options:
        return fields, CallOptions()
    assert _are_options(options)
    return fields, options


def _are_options(options: object) -> TypeGuard[CallOptions]:
    return as_object(options) and OPTION_NAMES.issuperset(options)


def unknown(name: str, names: frozenset[str] = FIELD_NAMES) -> InvalidType:
    """The error for a keyword that the call does not have, with what was probably meant."""
    sentence = f"unexpected keyword argument {name!r}."
    if name in ELSEWHERE:
        return InvalidType(
            sentence,
            hint=f"The platform has no such parameter; extra_body={{{name!r}: ...}} sends it anyway.",
        )
    if name == "stream":
        return InvalidType(
            sentence, hint="Methods called stream give streams, and so does create(stream=True)."
        )
    return unexpected(name, names | WRITTEN_OUT if names is FIELD_NAMES else names)


def checked(fields: Mapping[str, object], *, stream: bool) -> dict[str, object]:
    """The fields as they are sent: ranges checked, tools spelled out, a single stop word in its list."""
    within("temperature", fields.get("temperature"), TEMPERATURES)
    within("top_p", fields.get("top_p"), TOP_PS)
    _check_user_id(fields.get("user_id"))
    if fields.get("tool_stream") and not stream:
        raise InvalidArgument("tool_stream has no effect without a stream")
    sent = dict(fields)
    if "stop" in sent:
        sent["stop"] = _stop_words(sent["stop"])
    if "tools" in sent:
        sent["tools"] = [tool_param(tool, position) for position, tool in enumerate(_tools(sent["tools"]))]
    return sent


def within(name: str, value: object, ends: tuple[float, float]) -> None:
    """Refuse a number outside of its range; NaN is outside of every range."""
    if value is None:
        return
    lowest, highest = ends
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidType(f"{name} must be a number from {lowest:g} to {highest:g}, not {_kind(value)}")
    if not lowest <= value <= highest:
        raise InvalidArgument(f"{name} must lie between {lowest:g} and {highest:g}, got {value}")


def _check_user_id(user_id: object) -> None:
    if user_id is None:
        return
    if not isinstance(user_id, str):
        raise InvalidType(f"user_id must be a string, not {_kind(user_id)}")
    if len(user_id) not in USER_ID_LENGTHS:
        raise InvalidArgument(f"user_id must have 6 to 128 characters, got {len(user_id)}")


def _stop_words(stop: object) -> Sequence[object]:
    if isinstance(stop, str):
        return [stop]
    if as_list(stop) and all(isinstance(word, str) for word in stop):
        return stop
    raise InvalidType("stop must be a string or a list of strings")


def _tools(tools: object) -> Sequence[object]:
    if as_list(tools):
        return tools
    raise InvalidType(f"tools must be a list, not {_kind(tools)}.", hint="Put the tool into a list.")


def tool_param(tool: object, position: int) -> dict[str, object]:
    """A tool as it is sent: a mapping as it stands, a Tool in its own form."""
    where = f"tools[{position}]"
    param = _own_form(tool)
    if not as_object(param):
        hint = "Decorate the function with @tool." if callable(tool) else ""
        raise InvalidType(f"{where} must be a dict or a Tool, not {_kind(tool)}.", hint=hint)
    if not isinstance(param.get("type"), str):
        raise InvalidArgument(f"{where} has no type.", hint="One of function, retrieval, web_search, mcp.")
    if param["type"] == "function":
        _check_function(param.get("function"), where)
    return dict(param)


def _check_function(function: object, where: str) -> None:
    name = function.get("name") if as_object(function) else None
    if not isinstance(name, str) or not re.fullmatch(FUNCTION_NAME, name):
        shown = name if isinstance(name, str) else _kind(name)
        raise InvalidArgument(f"{where}.function.name must be 1 to 64 letters, digits, _ or -, got {shown!r}")


# ── messages ───────────────────────────────────────────────────────────────────────────────────────


def normalised(messages: object) -> tuple[list[dict[str, object]], bool]:
    """The messages as a new list of mappings, and whether one of them names a file still to be read."""
    listed = _listed(messages)
    if _are_dicts(listed) and (roles := _roles_of_texts(listed)) is not None:
        _check_roles(roles)
        return Seen(listed), False
    return _one_by_one(listed)


def _are_dicts(messages: Sequence[object]) -> TypeGuard[Sequence[dict[str, object]]]:
    return set(map(type, messages)) == {dict}


def _roles_of_texts(messages: Sequence[dict[str, object]]) -> set[str] | None:
    """The roles of messages that are a role and a text and nothing else, as most are; None where one is not.

    It is on the way of every request, so it calls nothing per message. What it has seen needs no closer look:
    text is all that such messages hold.
    """
    try:
        roles = {message["role"] for message in messages}
        for message in messages:
            if type(message["content"]) is not str or len(message) != PLAIN_MEMBERS:
                return None
    except (KeyError, TypeError):  # no role, or one that is no text
        return None
    return roles if _are_words(roles) else None


def _are_words(values: set[object]) -> TypeGuard[set[str]]:
    return set(map(type, values)) == {str}


def _one_by_one(messages: Sequence[object]) -> tuple[list[dict[str, object]], bool]:
    unread = False
    roles: set[str] = set()
    kept: list[dict[str, object]] = []
    unusual: list[dict[str, object]] = []
    for position, message in enumerate(messages):
        param = message if _is_dict(message) else _message_param(message, position)
        role, content = param.get("role"), param.get("content")
        if not isinstance(role, str):
            raise InvalidArgument(
                f"messages[{position}] has no role.", hint="One of system, user, assistant, tool."
            )
        roles.add(role)
        if type(content) is not str:
            if _check_content(content, role, position):
                unread = True
            unusual.append(param)
        elif len(param) != PLAIN_MEMBERS:
            unusual.append(param)
        kept.append(param)
    _check_roles(roles)
    return Seen(kept, unusual), unread


def _check_roles(roles: set[str]) -> None:
    if roles <= UNASKED:
        raise InvalidArgument(
            "messages holds only system and assistant messages.",
            hint="The platform answers users: add a message with role 'user'.",
        )


def _listed(messages: object) -> Sequence[object]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}] if messages else []
    if not as_list(messages):
        hint = (
            "Put the message into a list."
            if as_object(messages) or _own_form(messages) is not messages
            else ""
        )
        raise InvalidType(
            f"messages must be a string or a list of messages, not {_kind(messages)}.", hint=hint
        )
    if not messages:
        raise InvalidArgument("messages is empty")
    return messages


def _is_dict(message: object) -> TypeGuard[dict[str, object]]:
    return type(message) is dict


def _message_param(message: object, position: int) -> dict[str, object]:
    param = _own_form(message)
    if as_object(param):
        return dict(param)  # the encoder knows no other kind of mapping
    if isinstance(message, str):
        hint = 'Write {"role": "user", "content": ...}, or give one string instead of the list.'
    else:
        hint = ""
    raise InvalidType(
        f"messages[{position}] must be a dict or a reply's message, not {_kind(message)}.", hint=hint
    )


def _check_content(content: object, role: str, position: int) -> bool:
    """Look at content that is not text; True when one of its parts is a file still to be read."""
    if isinstance(content, str) or (content is None and role == "assistant"):
        return False
    where = f"messages[{position}]"
    if as_list(content):
        return _check_parts(content, f"{where}.content")
    if content is None:
        raise InvalidArgument(f"{where} has no content")
    hint = "zhipu_async.parts builds content parts from bytes and files." if _is_bytes(content) else ""
    raise InvalidType(f"{where}.content must be text or a list of parts, not {_kind(content)}.", hint=hint)


def _check_parts(parts: Sequence[object], where: str) -> bool:
    if not parts:
        raise InvalidArgument(f"{where} is an empty list")
    unread = False
    for position, part in enumerate(parts):
        if isinstance(part, MediaPart):
            unread = True
        elif not as_object(part):
            raise InvalidType(f"{where}[{position}] must be a content part, not {_kind(part)}")
        elif not isinstance(part.get("type"), str):
            raise InvalidArgument(f"{where}[{position}] has no type")
        else:
            _check_source(part, f"{where}[{position}]")
    return unread


def _check_source(part: Mapping[str, object], where: str) -> None:
    """Bytes would be sent as bare base64 text, which is right nowhere but by luck."""
    for name, value in part.items():
        inner: Mapping[str, object] = value if as_object(value) else {name: value}
        if any(_is_bytes(member) for member in inner.values()):
            raise InvalidType(
                f"{where} holds bytes.", hint="zhipu_async.parts builds content parts from bytes and files."
            )


# ── small questions ────────────────────────────────────────────────────────────────────────────────


def _own_form(value: object) -> object:
    to_param: object = getattr(value, "to_param", None)
    return to_param() if callable(to_param) and not isinstance(value, type) else value


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def _kind(value: object) -> str:
    return "an empty string" if value == "" and isinstance(value, str) else type(value).__name__
