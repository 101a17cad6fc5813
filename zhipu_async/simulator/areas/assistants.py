"""Assistants: streamed answers with tools, and the conversations the platform keeps. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..fields import an_object, array, flag, integer, text
from ..keeping import Kept
from ..operation import Answer, Ask, Events, Operation, Whole, sse
from ..refusals import Refusal, illegal
from ..safety import refuse_unsafe
from ..saying import quirk, say_in_pieces, usage
from ..shapes import Body, flag_of, integer_of, number_of, objects_of, text_of, texts_of
from ..turns import message_text
from ..writing import is_chinese
from . import made
from .voices import CHINA_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ASSISTANTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "65940acff94777010aa6b796": ("ChatGLM", ("web_browser", "code_interpreter", "drawing_tool")),
    "65a265419d72d299a9230616": ("数据分析", ("code_interpreter",)),
    "664dd7bd5bb3a13ba0f81668": ("流程图", ()),
    "664e0cade018d633146de0d2": ("思维导图", ()),
    "6654898292788e88ce9e7f4c": ("提示词工程师", ()),
    "66437ef3d920bdc5c60f338e": ("AI画图", ("drawing_tool",)),
    "659e54b1b8006379b4b2abd6": ("AI搜索", ("web_browser",)),
    "65d2f07bb2c10188f885bd89": ("PPT", ()),
    "663058948bb259b7e8a22730": ("arXiv论文速读", ("retrieval",)),
    "65a393b3619c6f13586246cd": ("程序员Sam", ("code_interpreter",)),
    "65b356af6924a59d52832e54": ("网文写手", ()),
    "668fdd45405f2e3c9f71f832": ("英文语法助手", ()),
}
SINGLE_PURPOSE = frozenset(name for name, (_, tools) in ASSISTANTS.items() if len(tools) == 1)
"""These use their tool on every question; the others only answer."""
MODELS = frozenset({"glm-4-assistant", "glm-4-alltools"})
PUBLISHED = "2024-01-02 10:00:00"


@dataclass
class Conversation:
    """What the platform remembers of a conversation."""

    id: str
    assistant_id: str
    created: str
    updated: str
    usage: Body = field(default_factory=dict[str, object])
    asked: list[str] = field(default_factory=list[str])

    def count(self, counted: Body) -> None:
        self.usage = {name: number_of(self.usage, name) + number_of(counted, name) for name in counted}

    def shown(self) -> Body:
        return {
            "id": self.id,
            "assistant_id": self.assistant_id,
            "create_time": self.created,
            "update_time": self.updated,
            "usage": self.usage,
        }


def answer(ask: Ask) -> Answer:
    assistant_id, question = text_of(ask.body, "assistant_id"), question_of(ask)
    check_assistant(assistant_id)
    if not flag_of(ask.body, "stream", True):
        raise Refusal("1212", "An assistant can only be called with stream: true")
    refuse_unsafe(question)
    conversation = conversation_of(ask, assistant_id)
    pieces = say_in_pieces(ask, reply_to(question, conversation.asked))
    counted = usage("\n".join((*conversation.asked, question)), "".join(pieces))
    conversation.asked.append(question)
    conversation.updated = written_time()
    conversation.count(counted)
    return Events(chunks(ask, conversation, pieces, counted), seconds=0.5, interval=0.03)


def question_of(ask: Ask) -> str:
    messages = objects_of(ask.body, "messages")
    if not messages or any(text_of(message, "role") != "user" for message in messages):
        raise illegal("messages", "messages of the user expected")
    return message_text(messages[-1])


def check_assistant(assistant_id: str) -> None:
    if assistant_id not in ASSISTANTS:
        raise illegal("assistant_id", "there is no such assistant")


def conversation_of(ask: Ask, assistant_id: str) -> Conversation:
    wanted, conversations = text_of(ask.body, "conversation_id"), Kept(Conversation, ask)
    if wanted:
        return conversations.find(wanted, "conversation")
    now = written_time()
    begun = Conversation(ask.platform.new_id(), assistant_id, now, now)
    return conversations.add(begun.id, begun)


def written_time() -> str:
    return f"{datetime.now(CHINA_TIME):%Y-%m-%d %H:%M:%S}"


def reply_to(question: str, earlier: list[str]) -> str:
    """The platform keeps the context: say what was asked before."""
    before = earlier[-1] if earlier else ""
    if is_chinese(question):
        return f"你问的是：“{question[:60]}”。" + (f"之前你问过：“{before[:60]}”。" if before else "")
    return f'You asked: "{question[:60]}".' + (f' Before that: "{before[:60]}".' if before else "")


def chunks(ask: Ask, conversation: Conversation, pieces: list[str], counted: Body) -> Iterator[bytes]:
    """Tool calls first, input and outputs apart; the status is spelled as on the wire."""
    head: Body = {
        "id": ask.request_id,
        "conversation_id": conversation.id,
        "assistant_id": conversation.assistant_id,
        "created": ask.platform.now_ms(),
        "status": "in_process",
        "model": text_of(ask.body, "model", "glm-4-assistant"),
    }
    for call in tool_calls(ask, conversation):
        delta: Body = {"role": "tool", "tool_calls": [call], "metadata": {}}
        yield sse({**head, "choices": [{"index": 0, "delta": delta}]})
    for piece in pieces:
        delta = {"role": "assistant", "content": piece, "metadata": {}}
        yield sse({**head, "choices": [{"index": 0, "delta": delta}]})
    delta = {"role": "assistant", "metadata": {}}
    last: Body = {"index": 0, "finish_reason": "stop", "delta": delta}
    yield sse({**head, "status": "completed", "choices": [last], "usage": counted})
    if quirk(ask):
        yield sse("[DONE]")


def tool_calls(ask: Ask, conversation: Conversation) -> list[Body]:
    """The calls of assistants that have one tool only."""
    if conversation.assistant_id not in SINGLE_PURPOSE:
        return []
    tool, question = ASSISTANTS[conversation.assistant_id][1][0], conversation.asked[-1]
    outputs: dict[str, Body] = {
        "web_browser": {"title": question, "link": "https://example.com/1", "content": f"About {question}"},
        "code_interpreter": {"type": "logs", "logs": "42\n"},
        "drawing_tool": {"image": made.to_picture(ask, 1024, 1024, question)},
        "retrieval": {"text": f"About {question}", "document": "paper.pdf"},
    }
    calls: list[Body] = [] if tool == "retrieval" else [{"type": tool, tool: {"input": question}}]
    return [*calls, {"type": tool, tool: {"outputs": [outputs[tool]]}}]


def list_assistants(ask: Ask) -> Answer:
    wanted = texts_of(ask.body, "assistant_id_list")
    shown: list[object] = [shown_assistant(name) for name in ASSISTANTS if not wanted or name in wanted]
    return Whole({"success": True, "code": 200, "msg": "ok", "data": shown})


def shown_assistant(assistant_id: str) -> Body:
    name, tools = ASSISTANTS[assistant_id]
    return {
        "assistant_id": assistant_id,
        "name": name,
        "avatar": "",
        "description": name,
        "tools": [*tools],
        "tags": [],
        "status": "publish",
        "starter_prompts": [],
        "created_at": PUBLISHED,
        "updated_at": PUBLISHED,
    }


def list_conversations(ask: Ask) -> Answer:
    assistant_id = text_of(ask.body, "assistant_id")
    check_assistant(assistant_id)
    page, size = integer_of(ask.body, "page", 1), integer_of(ask.body, "page_size", 5)
    own = [one.shown() for one in reversed(Kept(Conversation, ask).all()) if one.assistant_id == assistant_id]
    shown = own[(page - 1) * size : page * size]
    content: Body = {
        "assistant_id": assistant_id,
        "has_more": page * size < len(own),
        "conversation_list": shown,
    }
    return Whole({"success": True, "code": 200, "msg": "ok", "data": content})


ANSWER = {
    "assistant_id": text(1).needed,
    "model": text(),  # required by the documents, but the vendor's client leaves it out
    "messages": array(1).needed,
    "conversation_id": text(),
    "stream": flag(),
    "request_id": text(6, 64),
    "user_id": text(6, 128),
    "do_sample": flag(),
    "attachments": array(0, 10),
    "metadata": an_object(),
    "extra_parameters": an_object(),
}
CONVERSATIONS = {"assistant_id": text(1).needed, "page": integer(1), "page_size": integer(1, 100)}

OPERATIONS = (
    Operation("POST", "/paas/v4/assistant", answer, ANSWER, models=MODELS, family="flat"),
    Operation("POST", "/paas/v4/assistant/list", list_assistants, {"assistant_id_list": array().needed}),
    Operation("POST", "/paas/v4/assistant/conversation/list", list_conversations, CONVERSATIONS),
)
