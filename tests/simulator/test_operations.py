"""Every operation that the platform documents is answered by the simulator."""

from __future__ import annotations

import pytest

from zhipu_async.simulator.areas import OPERATIONS
from zhipu_async.simulator.routes import Route, Routes

from .conftest import Caller

DOCUMENTED = [
    "POST /paas/v4/chat/completions",
    "POST /paas/v4/async/chat/completions",
    "POST /paas/v4/videos/generations",
    "POST /paas/v4/async/images/generations",
    "GET /paas/v4/async-result/{id}",
    "POST /paas/v4/images/generations",
    "POST /paas/v4/audio/transcriptions",
    "POST /paas/v4/audio/speech",
    "POST /paas/v4/voice/clone",
    "GET /paas/v4/voice/list",
    "POST /paas/v4/voice/delete",
    "POST /paas/v4/embeddings",
    "POST /paas/v4/rerank",
    "POST /paas/v4/tokenizer",
    "POST /paas/v4/layout_parsing",
    "POST /paas/v4/web_search",
    "POST /paas/v4/reader",
    "POST /paas/v4/moderations",
    "POST /v1/agents",
    "POST /v1/agents/async-result",
    "POST /v1/agents/conversation",
    "POST /paas/v4/files",
    "GET /paas/v4/files",
    "DELETE /paas/v4/files/{file_id}",
    "GET /paas/v4/files/{file_id}/content",
    "POST /paas/v4/files/parser/create",
    "GET /paas/v4/files/parser/result/{taskId}/{format_type}",
    "POST /paas/v4/files/parser/sync",
    "POST /paas/v4/files/ocr",
    "POST /paas/v4/batches",
    "GET /paas/v4/batches",
    "GET /paas/v4/batches/{batch_id}",
    "POST /paas/v4/batches/{batch_id}/cancel",
    "POST /llm-application/open/knowledge/retrieve",
    "POST /zrag/agent/chat",
    "POST /zrag/retrieval/retrieve",
    "POST /llm-application/open/knowledge",
    "GET /llm-application/open/knowledge",
    "PUT /llm-application/open/knowledge/{id}",
    "GET /llm-application/open/knowledge/{id}",
    "DELETE /llm-application/open/knowledge/{id}",
    "GET /llm-application/open/knowledge/capacity",
    "GET /llm-application/open/document",
    "POST /llm-application/open/document/upload_document/{id}",
    "POST /llm-application/open/document/upload_url",
    "POST /llm-application/open/document/slice/image_list/{id}",
    "GET /llm-application/open/document/{id}",
    "DELETE /llm-application/open/document/{id}",
    "POST /llm-application/open/document/embedding/{id}",
    "POST /paas/v4/assistant",
    "POST /paas/v4/assistant/list",
    "POST /paas/v4/assistant/conversation/list",
    "GET /llm-application/open/v2/application/{app_id}/variables",
    "POST /llm-application/open/v2/application/file_upload",
    "POST /llm-application/open/v2/application/file_stat",
    "POST /llm-application/open/v2/application/{app_id}/conversation",
    "POST /llm-application/open/v3/application/invoke",
    "POST /llm-application/open/v2/application/slice_info",
    "GET /llm-application/open/history_session_record/{app_id}/{conversation_id}",
]
"""The platform's API document of July 2026."""
ELSEWHERE = [
    "POST /aico-saas/bm/v1/DueDiligenceReport",
    "POST /aico-saas/bm/v1/ConsumerProtectionAudit",
    "POST /aico-saas/bm/v1/FinancialAdviserSparring",
    "POST /aico-saas/bm/v1/RegulatoryUpdatesTracker",
    "POST /paas/v4/tools",
    "POST /paas/v4/audio/customization",
    "PUT /llm-application/open/document/{id}",
    "GET /paas/v4/models",
]
"""Older pages, and what lives without being documented."""
ROUTES = Routes(OPERATIONS)


def filled(path: str) -> str:
    """Put something in the place of every variable."""
    return "/".join("1" if segment.startswith("{") else segment for segment in path.split("/"))


def test_fifty_nine_operations_are_documented() -> None:
    assert len(set(DOCUMENTED)) == 59


@pytest.mark.parametrize("operation", [*DOCUMENTED, *ELSEWHERE])
def test_every_operation_has_a_route_of_its_own(operation: str) -> None:
    method, path = operation.split()
    route = ROUTES.find(method, "/api" + filled(path))

    assert isinstance(route, Route)
    assert filled(route.operation.path) == filled(path)


@pytest.mark.parametrize("operation", [*DOCUMENTED, *ELSEWHERE])
async def test_every_operation_answers_an_empty_request_with_json_and_without_breaking(
    caller: Caller, operation: str
) -> None:
    method, path = operation.split()
    body: dict[str, object] | None = {} if method in ("POST", "PUT") else None

    reply = await caller.send(method, caller.sim.root_url + filled(path), body=body)

    assert reply.status < 500
    assert reply.content_type == "application/json"
    assert reply.json


@pytest.mark.parametrize("operation", [*DOCUMENTED, *ELSEWHERE])
async def test_every_operation_wants_a_key(caller: Caller, operation: str) -> None:
    method, path = operation.split()

    reply = await caller.send(method, caller.sim.root_url + filled(path), auth=False)

    assert (reply.status, reply.code) == (401, "1001")


async def test_a_form_with_broken_headers_is_refused(caller: Caller) -> None:
    broken = b'--x\r\nContent-Disposition: form-data; name="\x13"\r\n\r\n1\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    reply = await caller.send("POST", "/files", headers=headers, data=broken)

    assert (reply.status, reply.code) == (400, "1210")


async def test_a_path_with_a_line_break_is_looked_up_like_any_other(caller: Caller) -> None:
    assert (await caller.get("/batches/a%0Ab")).code == "1214"
