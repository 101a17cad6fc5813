"""Every operation that the platform documents, and those it does not, has a method that reaches its path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import pytest

from tests.hostile import error, hostile, reply
from tests.simulator.test_operations import DOCUMENTED, ELSEWHERE
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIStatusError, BadRequestError, MaybeSubmitted, ZhipuError

Call: TypeAlias = Callable[[AsyncZhipuAI], Awaitable[object]]

ID = "1900000000000000007"
FILE = ("a.pdf", b"%PDF-1.4")
PNG = ("a.png", b"\x89PNG\r\n\x1a\n")

CALLS: Mapping[str, Call] = {
    "POST /paas/v4/chat/completions": lambda z: z.chat.completions.create(model="m", messages="hi"),
    "POST /paas/v4/async/chat/completions": lambda z: z.chat.completions.submit(model="m", messages="hi"),
    "POST /paas/v4/videos/generations": lambda z: z.videos.submit(model="cogvideox-3", prompt="hi"),
    "POST /paas/v4/async/images/generations": lambda z: z.images.submit(prompt="hi"),
    "GET /paas/v4/async-result/{id}": lambda z: z.tasks.attach(f"videos:{ID}").status(),
    "POST /paas/v4/images/generations": lambda z: z.images.generate(model="glm-image", prompt="hi"),
    "POST /paas/v4/audio/transcriptions": lambda z: z.audio.transcriptions.create(file=("a.mp3", b"ID3")),
    "POST /paas/v4/audio/speech": lambda z: z.audio.speech.create(input="hi"),
    "POST /paas/v4/audio/customization": lambda z: z.audio.customization(
        model="m", input="hi", voice_text="hi", voice_data=("a.wav", b"RIFF")
    ),
    "POST /paas/v4/voice/clone": lambda z: z.voices.clone(voice_name="me", input="hi", file_id=ID),
    "GET /paas/v4/voice/list": lambda z: z.voices.list(),
    "POST /paas/v4/voice/delete": lambda z: z.voices.delete(ID),
    "POST /paas/v4/embeddings": lambda z: z.embeddings.create(model="embedding-3", input="hi"),
    "POST /paas/v4/rerank": lambda z: z.rerank.create(query="hi", documents=["hi"]),
    "POST /paas/v4/tokenizer": lambda z: z.tokenizer.create(model="m", messages="hi"),
    "POST /paas/v4/layout_parsing": lambda z: z.layout.parse(file="https://example.com/a.pdf"),
    "POST /paas/v4/web_search": lambda z: z.web_search.search(search_query="hi", search_engine="search_std"),
    "POST /paas/v4/tools": lambda z: z.web_search.pro(messages="hi"),
    "POST /paas/v4/reader": lambda z: z.web_reader.read(url="https://example.com"),
    "POST /paas/v4/moderations": lambda z: z.moderations.create(input="hi"),
    "GET /paas/v4/models": lambda z: z.models.list(),
    "POST /v1/agents": lambda z: z.agents.invoke(agent_id="general_translation", messages="hi"),
    "POST /v1/agents/async-result": lambda z: z.agents.async_result(agent_id="vidu", async_id=ID),
    "POST /v1/agents/conversation": lambda z: z.agents.conversation(conversation_id=ID),
    "POST /paas/v4/files": lambda z: z.files.upload(file=FILE, purpose="agent"),
    "GET /paas/v4/files": lambda z: z.files.list(purpose="agent"),
    "DELETE /paas/v4/files/{file_id}": lambda z: z.files.delete(ID),
    "GET /paas/v4/files/{file_id}/content": lambda z: z.files.content(ID),
    "POST /paas/v4/files/parser/create": lambda z: z.file_parser.submit(file=FILE, tool_type="lite"),
    "GET /paas/v4/files/parser/result/{taskId}/{format_type}": lambda z: z.tasks.attach(
        f"file_parser:{ID}?format={ID}"
    ).status(),
    "POST /paas/v4/files/parser/sync": lambda z: z.file_parser.parse(file=FILE),
    "POST /paas/v4/files/ocr": lambda z: z.ocr.recognize(file=PNG),
    "POST /paas/v4/batches": lambda z: z.batches.create(input_file_id=ID),
    "GET /paas/v4/batches": lambda z: z.batches.list(),
    "GET /paas/v4/batches/{batch_id}": lambda z: z.batches.retrieve(ID),
    "POST /paas/v4/batches/{batch_id}/cancel": lambda z: z.batches.cancel(ID),
    "POST /llm-application/open/knowledge": lambda z: z.knowledge.create(name="n", embedding_id=11),
    "GET /llm-application/open/knowledge": lambda z: z.knowledge.list(),
    "PUT /llm-application/open/knowledge/{id}": lambda z: z.knowledge.update(ID, name="n"),
    "GET /llm-application/open/knowledge/{id}": lambda z: z.knowledge.retrieve(ID),
    "DELETE /llm-application/open/knowledge/{id}": lambda z: z.knowledge.delete(ID),
    "GET /llm-application/open/knowledge/capacity": lambda z: z.knowledge.capacity(),
    "POST /llm-application/open/knowledge/retrieve": lambda z: z.knowledge.search(
        query="hi", knowledge_ids=[ID]
    ),
    "POST /zrag/retrieval/retrieve": lambda z: z.knowledge.search_multimodal(knows=[{"id": ID}], query="hi"),
    "POST /zrag/agent/chat": lambda z: z.knowledge_agent.ask(messages="hi", retrieval={"know_ids": [ID]}),
    "GET /llm-application/open/document": lambda z: z.knowledge.documents.list(ID),
    "POST /llm-application/open/document/upload_document/{id}": lambda z: z.knowledge.documents.upload(
        ID, files=FILE
    ),
    "POST /llm-application/open/document/upload_url": lambda z: z.knowledge.documents.upload_urls(
        ID, upload_detail=[{"url": "https://example.com", "knowledge_type": 1}]
    ),
    "POST /llm-application/open/document/slice/image_list/{id}": lambda z: z.knowledge.documents.images(ID),
    "GET /llm-application/open/document/{id}": lambda z: z.knowledge.documents.retrieve(ID),
    "PUT /llm-application/open/document/{id}": lambda z: z.knowledge.documents.update(ID, knowledge_type=1),
    "DELETE /llm-application/open/document/{id}": lambda z: z.knowledge.documents.delete(ID),
    "POST /llm-application/open/document/embedding/{id}": lambda z: z.knowledge.documents.embed(ID),
    "POST /paas/v4/assistant": lambda z: z.assistants.stream(messages="hi").finish(),
    "POST /paas/v4/assistant/list": lambda z: z.assistants.list(),
    "POST /paas/v4/assistant/conversation/list": lambda z: z.assistants.conversations(),
    "GET /llm-application/open/v2/application/{app_id}/variables": lambda z: z.applications.variables(ID),
    "POST /llm-application/open/v2/application/file_upload": lambda z: z.applications.upload(
        app_id=ID, files=FILE
    ),
    "POST /llm-application/open/v2/application/file_stat": lambda z: z.applications.file_states(
        app_id=ID, file_ids=[ID]
    ),
    "POST /llm-application/open/v2/application/{app_id}/conversation": (
        lambda z: z.applications.create_conversation(ID)
    ),
    "POST /llm-application/open/v3/application/invoke": lambda z: z.applications.invoke(
        app_id=ID, messages="hi"
    ),
    "POST /llm-application/open/v2/application/slice_info": lambda z: z.applications.slices(
        request_id=ID, node_id=ID
    ),
    "GET /llm-application/open/history_session_record/{app_id}/{conversation_id}": (
        lambda z: z.applications.suggestions(app_id=ID, conversation_id=ID)
    ),
    "POST /aico-saas/bm/v1/DueDiligenceReport": lambda z: z.finagent.due_diligence(company="Acme"),
    "POST /aico-saas/bm/v1/ConsumerProtectionAudit": lambda z: z.finagent.consumer_protection_audit(
        query="hi"
    ),
    "POST /aico-saas/bm/v1/FinancialAdviserSparring": lambda z: z.finagent.adviser_sparring(query="hi"),
    "POST /aico-saas/bm/v1/RegulatoryUpdatesTracker": lambda z: z.finagent.regulatory_updates(query="hi"),
}

FORMS = {
    "POST /paas/v4/audio/transcriptions",
    "POST /paas/v4/audio/customization",
    "POST /paas/v4/files",
    "POST /paas/v4/files/parser/create",
    "POST /paas/v4/files/parser/sync",
    "POST /paas/v4/files/ocr",
    "POST /llm-application/open/document/upload_document/{id}",
    "POST /llm-application/open/v2/application/file_upload",
    "POST /aico-saas/bm/v1/ConsumerProtectionAudit",
}
"""What is not JSON."""

TWINS: list[tuple[str, Call]] = [
    ("POST /paas/v4/chat/completions", lambda z: z.chat.completions.stream(model="m", messages="hi").open()),
    ("GET /paas/v4/async-result/{id}", lambda z: z.chat.asyncCompletions.retrieve_completion_result(ID)),
    (
        "POST /paas/v4/audio/transcriptions",
        lambda z: z.audio.transcriptions.stream(file=("a.mp3", b"ID3")).finish(),
    ),
    ("POST /paas/v4/tools", lambda z: z.web_search.pro(messages="hi", stream=True)),
    ("POST /v1/agents", lambda z: z.agents.stream(agent_id="slides_glm_agent", messages="hi").finish()),
    ("POST /v1/agents", lambda z: z.agents.submit(agent_id="doc_translation_agent", messages="hi")),
    ("POST /v1/agents/async-result", lambda z: z.tasks.attach(f"agents:{ID}?agent_id=vidu").status()),
    ("POST /paas/v4/batches", lambda z: z.batches.submit(input_file_id=ID)),
    (
        "POST /llm-application/open/v3/application/invoke",
        lambda z: z.applications.stream(app_id=ID, messages="hi").finish(),
    ),
    (
        "POST /aico-saas/bm/v1/DueDiligenceReport",
        lambda z: z.finagent.due_diligence_stream(company="Acme").finish(),
    ),
    (
        "POST /aico-saas/bm/v1/ConsumerProtectionAudit",
        lambda z: z.finagent.consumer_protection_audit_stream(image=PNG).finish(),
    ),
    (
        "POST /aico-saas/bm/v1/FinancialAdviserSparring",
        lambda z: z.finagent.adviser_sparring_stream(query="hi").finish(),
    ),
    (
        "POST /aico-saas/bm/v1/RegulatoryUpdatesTracker",
        lambda z: z.finagent.regulatory_updates_stream(query="hi").finish(),
    ),
]
"""Second ways to the same paths: streams and tasks."""


def filled(operation: str) -> str:
    """Put the id in the place of every variable."""
    return "/".join(ID if segment.startswith("{") else segment for segment in operation.split("/"))


def test_every_operation_has_a_call() -> None:
    assert set(CALLS) == {*DOCUMENTED, *ELSEWHERE}


@pytest.mark.parametrize(("operation", "call"), [*CALLS.items(), *TWINS])
async def test_every_call_reaches_the_path_of_its_operation_and_hears_its_refusal(
    operation: str, call: Call
) -> None:
    async with hostile(error("1214", 400)) as server:
        async with AsyncZhipuAI("id.secret", base_url=server.base_url) as zhipu:
            with pytest.raises(BadRequestError, match="1214"):
                await call(zhipu)
    (request,) = server.requests
    path = request.target.partition("?")[0]
    assert f"{request.method} {path}" == filled(operation).replace(" ", " /api", 1)
    assert request.headers["authorization"] == "Bearer id.secret"


ERROR_FORMS: Mapping[str, Mapping[str, object]] = {
    "the platform's": {"error": {"code": "1214", "message": "wrong"}},
    "with a number": {"code": 1214, "message": "wrong"},
    "of the gateway": {"code": 1214, "msg": "wrong", "success": False},
    "of knowledge bases": {"code": 1214, "message": "wrong", "timestamp": 1760000000000},
    "with empty data": {"code": 1214, "message": "wrong", "data": {}},
}


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("form", ERROR_FORMS)
async def test_every_call_hears_an_error_in_every_form_at_every_status(form: str, status: int) -> None:
    deaf: list[str] = []
    async with hostile(reply(ERROR_FORMS[form], status=status)) as server:
        async with AsyncZhipuAI("id.secret", base_url=server.base_url, max_retries=0) as zhipu:
            for operation, call in [*CALLS.items(), *TWINS]:
                error = await failure_of(call(zhipu))
                if not isinstance(error, APIStatusError) or (error.code, error.message) != ("1214", "wrong"):
                    deaf.append(f"{operation}: {error!r}")
    assert not deaf


async def failure_of(call: Awaitable[object]) -> BaseException | None:
    """What a call raises, or what it says that it does not know because of."""
    try:
        await call
    except MaybeSubmitted as error:
        return error.__cause__
    except ZhipuError as error:
        return error
    return None


@pytest.mark.parametrize("operation", [each for each in CALLS if each.startswith("POST ")])
async def test_every_post_says_that_it_is_json_or_a_form(operation: str) -> None:
    async with hostile(error("1214", 400)) as server:
        async with AsyncZhipuAI("id.secret", base_url=server.base_url) as zhipu:
            with pytest.raises(BadRequestError):
                await CALLS[operation](zhipu)
    (request,) = server.requests
    kind = request.headers["content-type"].partition(";")[0]
    assert kind == ("multipart/form-data" if operation in FORMS else "application/json")
