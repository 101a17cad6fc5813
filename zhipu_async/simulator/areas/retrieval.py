"""Asking knowledge bases: the two retrieval calls, and the agent that answers from them in a stream. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..fields import an_object, array, choice, flag, integer, number, text
from ..keeping import Kept
from ..likeness import likeness
from ..operation import Answer, Ask, Events, Operation, Whole, sse
from ..papers import suffix
from ..refusals import illegal, missing
from ..safety import refuse_unsafe
from ..saying import say_in_pieces, usage
from ..shapes import Body, flag_of, integer_of, number_of, object_of, objects_of, text_of, texts_of
from ..turns import message_text
from ..writing import is_chinese
from . import documents, knowledge
from .enveloped import enveloped
from .knowledge import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .documents import Document

TOP_K, TOP_N, THRESHOLD = 8, 10, 0.2
LONGEST_QUOTE = 200


@dataclass
class Slice:
    """One slice that was found."""

    document: Document
    index: int
    text: str
    score: float

    @property
    def id(self) -> str:
        return f"{self.document.id}-{self.index}"


@dataclass
class Session:
    """A conversation with the agent."""

    id: str
    turns: int = 0


def recall(ask: Ask, query: str, wanted: Mapping[str, Sequence[str]], threshold: float) -> list[Slice]:
    """Find the slices that are nearest to the query; each base may be narrowed to some documents."""
    found: list[Slice] = []
    for base_id, only in wanted.items():
        base = knowledge.find(ask, base_id)
        for document in documents.of_base(ask, base.id):
            if (only and document.id not in only) or document.look() != documents.VECTORISED:
                continue
            for index, part in enumerate(document.slices()):
                score = likeness(query, part, ask.platform.seed)
                found.append(Slice(document, index, part, score))
    ranked = sorted(found, key=lambda one: -one.score)
    return [one for one in ranked if one.score >= threshold]


def retrieve(ask: Ask) -> Answer:
    only = texts_of(ask.body, "document_ids")
    wanted = dict.fromkeys(texts_of(ask.body, "knowledge_ids"), only)
    ask.refuse_unless(bool(wanted), "knowledge_ids", "at least one expected")
    found = recall(ask, text_of(ask.body, "query"), wanted, number_of(ask.body, "fractional_threshold"))
    shown: list[object] = [plain(ask, one) for one in found[: most(ask)]]
    return enveloped(ask, shown, seconds=0.3)


def most(ask: Ask) -> int:
    return min(integer_of(ask.body, "top_k", TOP_K), integer_of(ask.body, "top_n", TOP_N))


def plain(ask: Ask, one: Slice) -> Body:
    document = one.document
    contextual = knowledge.find(ask, document.base_id).is_contextual
    metadata = {
        "_id": one.id,
        "knowledge_id": document.base_id,
        "doc_id": document.id,
        "doc_name": document.name,
        "doc_url": document.url,
        "contextual_text": f"{document.name}: {one.text[:20]}" if contextual else "",
    }
    return {"text": one.text, "score": one.score, "metadata": metadata}


def retrieve_all_kinds(ask: Ask) -> Answer:
    """The other retrieval: fractions instead of percents, and a content of its own form."""
    query = text_of(ask.body, "query")
    pictures = objects_of(ask.body, "multimodal_parts")
    if not query and not pictures:
        raise missing("query")
    for part in pictures:
        if text_of(part, "type") != "image_url" or not text_of(part, "url"):
            raise illegal("multimodal_parts", "objects with the type image_url and a url expected")
    wanted = {text_of(one, "id"): texts_of(one, "doc_ids") for one in objects_of(ask.body, "knows")}
    ask.refuse_unless(bool(wanted) and "" not in wanted, "knows", "objects with an id expected")
    threshold = number_of(ask.body, "similarity_threshold", THRESHOLD) if query else 0.0
    found = recall(ask, query, wanted, threshold)[: most(ask)]
    data: Body = {
        "contents": [rich(one, rank, flag_of(ask.body, "enable_rerank")) for rank, one in enumerate(found)],
        "elapsed_ms": 120,
        "total_tokens": sum(len(one.text) for one in found),
        "request_id": ask.platform.new_id(),
    }
    if flag_of(ask.body, "enable_rewrite"):
        data["rewritten_query"] = {"original_query": query, "multi_queries": [query, f"{query}?"]}
    return Whole({"data": data, "code": 200, "message": "ok"}, seconds=0.3)


def rich(one: Slice, rank: int, reranked: bool) -> Body:
    document = one.document
    content: Body = {
        "id": one.id,
        "know_id": document.base_id,
        "doc_id": document.id,
        "text": one.text,
        "medias": list[object](),
        "index": rank,
        "score": one.score,
        "metadata": {
            "doc_type": suffix(document.name),
            "doc_name": document.name,
            "doc_url": document.url,
            "index": one.index,
            "page_index": one.index + 1,
        },
    }
    return {**content, "rerank_index": rank, "rerank_score": one.score} if reranked else content


def chat(ask: Ask) -> Answer:
    messages = objects_of(ask.body, "messages")
    if not messages or any(text_of(message, "role") != "user" for message in messages):
        raise illegal("messages", "messages of the user expected")
    query = message_text(messages[-1])
    refuse_unsafe(query)
    retrieval = object_of(ask.body, "retrieval")
    know_ids = texts_of(retrieval, "know_ids")
    if not know_ids:
        raise missing("retrieval.know_ids")
    threshold = number_of(retrieval, "similarity_threshold", THRESHOLD)
    found = recall(ask, query, dict.fromkeys(know_ids, ()), threshold)
    session = session_of(ask)
    return Events(chat_events(ask, session, query, found), seconds=0.5, interval=0.03)


def session_of(ask: Ask) -> Session:
    """Go on with the session of the header, or begin one."""
    wanted, sessions = ask.headers.get("X-Session-Id"), Kept(Session, ask)
    if wanted:
        return sessions.find(wanted, "session")
    session_id = ask.platform.new_id("session-")
    return sessions.add(session_id, Session(session_id))


def chat_events(ask: Ask, session: Session, query: str, found: list[Slice]) -> Iterator[bytes]:
    """Think, look something up, answer in pieces; the last event repeats the whole answer."""
    session.turns += 1
    call: Body = {"callId": ask.platform.new_id("call-"), "toolName": "knowledge_retrieval"}
    texts = [one.text for one in found[:3]]
    result = {**call, "result": texts, "status": "success", "durationMs": 42}
    events: list[tuple[str, object]] = [("session_created", session.id)] if session.turns == 1 else []
    if flag_of(ask.body, "enable_thinking"):
        events.append(("reasoning", "先查一查知识库。" if is_chinese(query) else "Let me look it up."))
    events.append(("thought", f"检索：{query}" if is_chinese(query) else f"Searching for: {query}"))
    events += [("tool_call", {**call, "arguments": {"query": query}}), ("tool_result", result)]
    answer = say_in_pieces(ask, answer_from(query, found))
    events += [("answer", piece) for piece in answer]
    for kind, content in events:
        yield sse({"type": kind, "sessionId": session.id, "data": content})
    whole = "".join(answer)
    counted: Body = {
        **usage(query + "\n".join(texts), whole),
        "total_calls": 1,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    done: Body = {"type": "done", "sessionId": session.id, "messageId": ask.platform.new_id("message-")}
    yield sse({**done, "data": whole, "usage": counted})


def answer_from(query: str, found: list[Slice]) -> str:
    if not found:
        return (
            "知识库中没有找到相关内容。" if is_chinese(query) else "The knowledge base says nothing about it."
        )
    return f'{found[0].text[:LONGEST_QUOTE]}<reference data-ref="1"></reference>'


RETRIEVE = {
    "query": text(1, 1000).needed,
    "knowledge_ids": array(1).needed,
    "document_ids": array(),
    "request_id": text(),
    "top_k": integer(1, 20),
    "top_n": integer(1, 100),
    "recall_method": choice("embedding", "keyword", "mixed"),
    "recall_ratio": integer(0, 100),
    "rerank_status": integer(0, 1),
    "rerank_model": choice("rerank", "rerank-pro"),
    "fractional_threshold": number(0, 1),
}
RETRIEVE_ALL_KINDS = {
    "knows": array(1).needed,
    "query": text(),
    "multimodal_parts": array(),
    "multimodal": flag(),
    "top_k": integer(1),
    "top_n": integer(1),
    "recall_method": choice("embedding", "keyword", "mixed"),
    "recall_ratio": number(0, 1),
    "enable_rerank": flag(),
    "enable_rewrite": flag(),
    "enable_expansion": flag(),
    "similarity_threshold": number(0, 1),
    "messages": array(),
    "search_filters": an_object(),
}
CHAT = {
    "messages": array(1).needed,
    "retrieval": an_object().needed,
    "model": text(),
    "temperature": number(0),
    "max_steps": integer(1),
    "enable_thinking": flag(),
}

OPERATIONS = (
    Operation("POST", f"{OPEN}/knowledge/retrieve", retrieve, RETRIEVE, family="knowledge"),
    Operation("POST", "/zrag/retrieval/retrieve", retrieve_all_kinds, RETRIEVE_ALL_KINDS, family="knowledge"),
    Operation("POST", "/zrag/agent/chat", chat, CHAT, family="knowledge"),
)
