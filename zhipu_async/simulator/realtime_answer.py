"""What the model answers: scripted, or plausible without a model. No I/O here."""

from __future__ import annotations

import json
import re
from typing import Literal

import msgspec

from .realtime_events import Mint, is_list, is_object

CHINESE = re.compile(r"[\u3400-\u9fff]")
PIECE = re.compile(r"[\u3400-\u9fff]{1,3}[，。！？、；：”]*|\s*[^\s\u3400-\u9fff]+|\s+")
HEARD = (
    "今天天气怎么样？",
    "给我讲个笑话吧。",
    "你能做些什么？",
    "请介绍一下你自己。",
    "明天我该穿什么衣服？",
    "帮我想一个周末的计划。",
)
JOKE = "程序员去买菜，妻子说：买一个西瓜，如果看到鸡蛋就买两个。结果他抱着两个西瓜回来了。"
ENGLISH_JOKE = "Why do programmers mix up Halloween and Christmas? Because Oct 31 equals Dec 25."
LONGEST_ECHO = 120  # characters of the question repeated in the answer


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer, as a test or the simulator's user wants it told."""

    text: str = ""
    transcript: str | None = None
    """The words of the speech where they differ from `text`; "" for none."""
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Name and arguments (JSON text) of each call; several make one answer with several calls."""
    audio: bytes | None = None
    """24 kHz mono 16-bit PCM to play instead of the synthesised voice."""
    search: str = ""
    """What the built-in browser says while it searches (video calls)."""
    status: Literal["completed", "failed", "incomplete"] = "completed"
    think_seconds: float = 0.35
    """From the request to the first output, at speed 1; about what a good voice model needs."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to answer."""

    text: str
    spoken: bool = False
    tools: tuple[dict[str, object], ...] = ()
    results: tuple[str, ...] = ()
    video_frames: int = 0


def transcript_of(turn_tools: tuple[dict[str, object], ...], mint: Mint) -> str:
    """Words for a recording: nobody listens here, so they come from the seed, or fit the first tool."""
    for tool in turn_tools:
        wish = str(tool.get("description") or tool.get("name"))
        return f"请帮我{wish}。" if CHINESE.search(wish) else f"Please {wish[:1].lower()}{wish[1:]}."
    return mint.choice(HEARD)


def plausible(turn: Turn) -> Answer:
    """Answer by rule: results are told, fitting tools are called, everything else is echoed."""
    if turn.results:
        return Answer(text=_told(turn.results))
    called = tuple(_call(tool) for tool in turn.tools if turn.spoken or _fits(tool, turn.text))
    if called:
        return Answer(tool_calls=called[:1])
    return Answer(text=_reply(turn))


def pieces(text: str) -> list[str]:
    """Cut a text into the few characters that one delta brings; joined they are the text again."""
    return PIECE.findall(text)


def tokens(text: str) -> int:
    """Count roughly as the platform does: a Chinese character is about 0.6 tokens, a letter about 0.3."""
    chinese = len(CHINESE.findall(text))
    return -(-(chinese * 6 + (len(text) - chinese) * 3) // 10)


def shortened(text: str, max_tokens: int) -> str:
    kept = ""
    for piece in pieces(text):
        if tokens(kept + piece) > max_tokens:
            break
        kept += piece
    return kept


def _told(results: tuple[str, ...]) -> str:
    joined = "；".join(_plain(result) for result in results)
    return f"好的，结果是：{joined}。" if CHINESE.search(joined) else f"Done. The result is: {joined}."


def _plain(result: str) -> str:
    """A tool's JSON as something to say: its message if it has one, else its values."""
    try:
        value: object = json.loads(result)
    except ValueError:
        return result
    if not is_object(value):
        return str(value)
    spoken = value.get("message") or value.get("result")
    return str(spoken) if spoken else ", ".join(f"{key}: {member}" for key, member in value.items())


def _fits(tool: dict[str, object], text: str) -> bool:
    """Does a typed question share a word, or two Chinese characters in a row, with the tool's description?"""
    about = f"{tool.get('name')} {tool.get('description') or ''}".lower()
    words = set(re.findall(r"[a-z]{4,}", re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).lower()))
    pairs = {
        text[i : i + 2] for i in range(len(text) - 1) if CHINESE.match(text[i]) and CHINESE.match(text[i + 1])
    }
    return any(word in about for word in words | pairs)


def _call(tool: dict[str, object]) -> tuple[str, str]:
    arguments = _example(tool.get("parameters"), "")
    return str(tool["name"]), json.dumps(arguments if is_object(arguments) else {}, ensure_ascii=False)


def _example(schema: object, name: str) -> object:
    """A value that the schema allows, with a likely word for well-known names."""
    if not is_object(schema):
        return {}
    options = schema.get("enum")
    if is_list(options) and options:
        return options[0]
    match schema.get("type"):
        case "object" | None:
            return _example_object(schema)
        case "array":
            return [_example(schema.get("items", {"type": "string"}), name)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return _likely_word(name)


def _example_object(schema: dict[str, object]) -> dict[str, object]:
    members = schema.get("properties")
    if not is_object(members):
        return {}
    required = schema.get("required")
    wanted = required if is_list(required) and required else list(members)
    return {name: _example(member, name) for name, member in members.items() if name in wanted}


def _likely_word(name: str) -> str:
    likely = {"city": "北京", "location": "北京", "country": "中国", "date": "2025-07-08", "q": "今天的新闻"}
    if "name" in name:
        return "张三"
    return next((word for key, word in likely.items() if key in name), "示例")


def _reply(turn: Turn) -> str:
    said = turn.text[:LONGEST_ECHO]
    if not CHINESE.search(said) and said:
        return ENGLISH_JOKE if "joke" in said.lower() else f"You said: {said} How can I help you with that?"
    if "笑话" in said:
        return JOKE
    seen = f"我看到了{turn.video_frames}帧画面。" if turn.video_frames else ""
    return f"{seen}你说的是“{said}”，我来想一想。这是一个好问题。" if said else f"{seen}我在听，请继续。"
