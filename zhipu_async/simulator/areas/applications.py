"""The old application API: variables, files, conversations, answers. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..fields import anything, array, flag, integer, text
from ..keeping import Kept
from ..operation import Answer, Ask, Events, Operation, Upload, Whole, encode
from ..papers import suffix, text_in
from ..refusals import illegal, missing
from ..safety import refuse_unsafe
from ..saying import say_in_pieces
from ..shapes import Body, flag_of, is_number, objects_of, text_of, texts_of
from ..writing import count, is_chinese
from .enveloped import enveloped
from .knowledge import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..tasks import Life

CONTENT_TYPES = ("input", "selection_list", "upload_file", "upload_image", "upload_video")
LARGEST_FILE = 50 * 2**20
SECONDS_TO_PARSE = 5
PROCESSING, PARSED, NO_TEXT, TOO_LONG, NO_SUCH_FILE = 0, 1, 11001, 11003, 11009
LONGEST_TEXT = 50_000
MESSAGES = {
    PROCESSING: "processing",
    PARSED: "ok",
    NO_TEXT: "No text could be parsed",
    TOO_LONG: "More than 50,000 characters",
    NO_SUCH_FILE: "There is no such file",
}
NODE = {"node_id": "node-1", "node_name": "LLM"}


@dataclass
class AppFile:
    """A file for an application."""

    id: str
    name: str
    text: str = field(repr=False)
    life: Life

    def look(self) -> int:
        if not self.text.strip():
            return NO_TEXT
        if len(self.text) > LONGEST_TEXT:
            return TOO_LONG
        return {"running": PROCESSING, "done": PARSED, "failed": NO_TEXT}[self.life.look()]


@dataclass
class AppRun:
    """One answer of an application, by its request_id."""

    id: str
    question: str


def variables(ask: Ask) -> Answer:
    app_id = app_of(ask, ask.params["app_id"])
    entries = (
        ("query", "input", ()),
        ("style", "selection_list", ("short", "long")),
        ("paper", "upload_file", ()),
    )
    shown: list[object] = [
        {
            "id": str(ask.platform.number("variable", app_id, name)),
            "name": name,
            "type": kind,
            "tips": "",
            "allowed_values": [*values],
            "input_template": {"options": []},
        }
        for name, kind, values in entries
    ]
    return enveloped(ask, shown)


def app_of(ask: Ask, given: object) -> str:
    """Every decimal number is the id of an application; samples also send it as a JSON number."""
    app_id = str(given) if is_number(given) else given
    if not isinstance(app_id, str) or not app_id.isdigit():
        raise illegal("app_id", "digits expected")
    return app_id


def upload(ask: Ask) -> Answer:
    app_of(ask, ask.body.get("app_id"))
    files = [file for file in ask.files if file.field == "files"]
    if not files:
        raise missing("files")
    taken: list[Body] = []
    failed: list[Body] = []
    for file in files:
        if suffix(file.filename) and 0 < len(file.content) <= LARGEST_FILE:
            taken.append({"file_id": keep(ask, file).id, "file_name": file.filename})
        else:
            failed.append(
                {"file_name": file.filename, "fail_reason": "The file is empty, too large or of no type"}
            )
    return enveloped(ask, {"success_info": taken, "fail_info": failed}, seconds=0.3)


def keep(ask: Ask, file: Upload) -> AppFile:
    file_id = ask.platform.new_task_id()
    life = ask.platform.life(SECONDS_TO_PARSE, ask.script.fault if ask.script else None)
    return Kept(AppFile, ask).add(
        file_id, AppFile(file_id, file.filename, text_in(file.filename, file.content), life)
    )


def file_states(ask: Ask) -> Answer:
    app_of(ask, ask.body.get("app_id"))
    shown: list[object] = []
    for file_id in texts_of(ask.body, "file_ids"):
        file = Kept(AppFile, ask).get(file_id)
        state = file.look() if file else NO_SUCH_FILE
        shown.append({"file_id": file_id, "code": state, "msg": MESSAGES[state]})
    return enveloped(ask, shown)


def open_conversation(ask: Ask) -> Answer:
    app_of(ask, ask.params["app_id"])
    return enveloped(ask, {"conversation_id": ask.platform.new_task_id()})


def invoke(ask: Ask) -> Answer:
    app_id, question = app_of(ask, ask.body.get("app_id")), question_of(ask)
    refuse_unsafe(question)
    run = Kept(AppRun, ask).add(ask.request_id, AppRun(ask.request_id, question))
    head: Body = {
        "request_id": run.id,
        "conversation_id": text_of(ask.body, "conversation_id") or ask.platform.new_task_id(),
        "app_id": app_id,
    }
    pieces = say_in_pieces(ask, reply_to(question))
    node_usage = node_usage_of(question, "".join(pieces))
    events = log_events(ask, question) if flag_of(ask.body, "send_log_event") else []
    if flag_of(ask.body, "stream", True):
        return Events(chunks(head, pieces, events, node_usage), seconds=0.5, interval=0.03)
    messages: Body = {"content": {"type": "text", "msg": "".join(pieces)}, "event": events}
    choice: Body = {"index": 0, "finish_reason": "stop", "messages": messages, "usage": [node_usage]}
    return Whole({**head, "choices": [choice]}, seconds=2.0)


def question_of(ask: Ask) -> str:
    """Read the values of the last message."""
    messages = objects_of(ask.body, "messages")
    contents = objects_of(messages[-1], "content") if messages else []
    for content in contents:
        if text_of(content, "type") not in CONTENT_TYPES or not isinstance(content.get("value"), str):
            raise illegal(
                "messages", f"contents of the types {', '.join(CONTENT_TYPES)} with a value expected"
            )
    if not contents:
        raise illegal("messages", "a content expected")
    return "\n".join(text_of(content, "value") for content in contents)


def reply_to(question: str) -> str:
    return f"你说的是：“{question[:60]}”。" if is_chinese(question) else f'You said: "{question[:60]}".'


def node_usage_of(question: str, answered: str) -> Body:
    asked, said = count(question), count(answered)
    return {
        "model": "glm-4",
        "nodeName": NODE["node_name"],
        "inputTokenCount": asked,
        "outputTokenCount": said,
        "totalTokenCount": asked + said,
    }


def log_events(ask: Ask, question: str) -> list[Body]:
    """What goes on inside: a node that looks something up."""
    now = ask.platform.now_ms()
    looked_up: Body = {"type": "retrieval", "tool_calls_data": {"input": question}}
    found: Body = {"type": "retrieval", "tool_calls_data": {"slice_info": json.dumps([{"text": question}])}}
    return [
        {**NODE, "type": "node_processing", "content": "", "time": now},
        {**NODE, "type": "tool_processing", "content": "", "time": now, "tool_calls": looked_up},
        {**NODE, "type": "tool_finish", "content": "", "tool_calls": found},
        {**NODE, "type": "node_finish", "content": "", "time": now},
    ]


def chunks(head: Body, pieces: list[str], events: list[Body], node_usage: Body) -> Iterator[bytes]:
    """No space stands after the colon here, and the last event has no delta."""
    for event in events:
        yield tight({**head, "choices": [{"index": 0, "delta": {"event": event}}]})
    for piece in pieces:
        delta = {"content": {"type": "text", "msg": piece}}
        yield tight({**head, "choices": [{"index": 0, "delta": delta}]})
    yield tight({**head, "choices": [{"index": 0, "finish_reason": "stop", "usage": [node_usage]}]})
    yield b"data:[DONE]\n\n"


def tight(message: Body) -> bytes:
    return b"data:" + encode(message) + b"\n\n"


def slices(ask: Ask) -> Answer:
    run = Kept(AppRun, ask).find(text_of(ask.body, "request_id"), "request")
    position = {
        "x0": 72.0,
        "x1": 500.0,
        "top": 90.0,
        "bottom": 110.0,
        "page": 1,
        "height": 842.0,
        "width": 595.0,
    }
    document = {"id": "41", "name": "a.pdf", "url": "https://example.com/a.pdf", "dtype": 3}
    entry = {
        "document": document,
        "slice_info": [{"document_id": "41", "text": run.question, "position": position}],
        "hide_positions": False,
        "images": [],
    }
    return enveloped(ask, {"document_slices": [entry], "has_old_document": False})


def suggestions(ask: Ask) -> Answer:
    app_of(ask, ask.params["app_id"])
    return enveloped(ask, {"problems": ["还有呢？", "能举个例子吗？", "为什么？"]})


UPLOAD = {
    "app_id": text(1).needed,
    "upload_unit_id": text(),
    "conversation_id": text(),
    "file_type": integer(1, 5),
}
INVOKE = {
    "app_id": anything().needed,
    "messages": array(1).needed,
    "conversation_id": text(),
    "third_request_id": text(),
    "stream": flag(),
    "send_log_event": flag(),
    "role": text(),
    "document_ids": array(),
    "knowledge_ids": array(),
}
STATES = {"app_id": text(1).needed, "file_ids": array(1).needed}
SLICES = {"request_id": text(1).needed, "node_id": text(1).needed}
V2 = f"{OPEN}/v2/application"

OPERATIONS = (
    Operation("GET", f"{V2}/{{app_id}}/variables", variables, body="none", family="knowledge"),
    Operation("POST", f"{V2}/file_upload", upload, UPLOAD, body="form", family="knowledge", task=True),
    Operation("POST", f"{V2}/file_stat", file_states, STATES, family="knowledge"),
    Operation("POST", f"{V2}/{{app_id}}/conversation", open_conversation, body="none", family="knowledge"),
    Operation("POST", f"{OPEN}/v3/application/invoke", invoke, INVOKE, family="knowledge"),
    Operation("POST", f"{V2}/slice_info", slices, SLICES, family="knowledge"),
    Operation(
        "GET",
        f"{OPEN}/history_session_record/{{app_id}}/{{conversation_id}}",
        suggestions,
        body="none",
        family="knowledge",
    ),
)
