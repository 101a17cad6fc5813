"""What the vendor's older client is asked besides what both clients know, and what its platform no longer has."""

from __future__ import annotations

from zhipu_async.simulator.shapes import Body

from .official_calls import CALLS, CHAT, HI, NO_CHECK, PAPER, SUBMISSIONS, Case, cases

YOUNGER = {
    "voice.list",
    "file_parser.create_sync",
    "ocr.handwriting_ocr",
    "layout_parsing.create",
    "web_reader.web_reader",
    "images.async_generations",
}
"""Methods that only zai-sdk has."""

TTS: Body = {"model": "glm-tts", "input": "hello", "voice": "tongtong"}
OWN: dict[str, list[Body]] = {
    "audio.speech": [
        {**TTS, "encode_format": None},
        {**TTS, "encode_format": None, "response_format": "wav", "speed": 1.5, "volume": 2.0},
        {**TTS, "encode_format": "base64", "response_format": "pcm", "stream": True},
        {**TTS, "encode_format": "hex", "response_format": "pcm", "stream": True},
        {**TTS, "encode_format": None, "request_id": "speech-0001", "user_id": "user-0001", **NO_CHECK},
    ],
    "knowledge.document.create": [
        {"file": PAPER, "purpose": "retrieval", "knowledge_id": "1"},
        {"file": PAPER, "purpose": "retrieval", "knowledge_id": "1", "custom_separator": ["\n"], "sentence_size": 300},
    ],
    "knowledge.document.list": [{"knowledge_id": "1", "purpose": "retrieval", "page": "1", "limit": "5"}],
}  # fmt: skip
"""Without `encode_format` it does not speak; documents of knowledge bases were files."""


def both() -> list[Case]:
    """What zai-sdk is asked too, where this client has the method and can say it."""
    chats: list[Case] = [
        ("chat.completions.create", {"model": "glm-4.7", **arguments, "stream": stream})
        for arguments in CHAT.values()
        for stream in (False, True)
    ]
    shared = {method: calls for method, calls in CALLS.items() if method not in {*YOUNGER, *OWN}}
    return chats + cases(shared)


SUBMITTED = cases({method: calls for method, calls in SUBMISSIONS.items() if method not in YOUNGER})

BASE: Body = {"embedding_id": 3, "name": "laws"}
JOB: Body = {"fine_tuning_job_id": "1"}
RETIRED: dict[str, dict[str, Body]] = {
    "knowledge bases and their documents moved from /paas/v4 to /llm-application/open": {
        "knowledge.create": BASE,
        "knowledge.modify": {"knowledge_id": "1", **BASE},
        "knowledge.query": {},
        "knowledge.delete": {"knowledge_id": "1"},
        "knowledge.used": {},
        "knowledge.document.edit": {"document_id": "1", "knowledge_type": "1"},
        "knowledge.document.delete": {"document_id": "1"},
        "knowledge.document.retrieve": {"document_id": "1"},
    },
    "fine-tuning is no longer among the platform's documents": {
        "fine_tuning.jobs.create": {"model": "chatglm3-6b", "training_file": "file-1"},
        "fine_tuning.jobs.list": {},
        "fine_tuning.jobs.retrieve": JOB,
        "fine_tuning.jobs.list_events": JOB,
        "fine_tuning.jobs.cancel": JOB,
        "fine_tuning.jobs.delete": JOB,
        "fine_tuning.models.delete": {"fine_tuned_model": "mine"},
    },
}
"""Why the platform no longer answers, and what it is no longer asked: the simulator says 404 as the gateway does."""

LIFE = {
    "agents.async_result",
    "batches.cancel",
    "batches.create",
    "batches.retrieve",
    "chat.asyncCompletions.retrieve_completion_result",
    "file_parser.content",
    "files.content",
    "files.delete",
    "videos.retrieve_videos_result",
}
"""Methods that need something made before; the tests with a story call them."""
TRANSLATION: Body = {
    "agent_id": "doc_translation_agent",
    "messages": [{"role": "user", "content": [{"type": "file_id", "file_id": "agent-1"}]}],
    "custom_variables": {"from_lang": "English", "to_lang": "German"},
}
__all__ = ["HI", "LIFE", "OWN", "RETIRED", "SUBMITTED", "TRANSLATION", "both"]
