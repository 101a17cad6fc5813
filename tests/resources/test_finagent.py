"""FinAgent over a real socket: four workflows, whole and streamed, with a code table of their own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.hostile import Answer, hang_up, hostile, reply, stall
from zhipu_async import AsyncZhipuAI, Timeout
from zhipu_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConcurrencyLimit,
    ContentBlocked,
    InternalServerError,
    InvalidArgument,
    NotFoundError,
    StreamFailed,
)
from zhipu_async.flows.answer_stream import AnswerStream
from zhipu_async.simulator import Simulator
from zhipu_async.types.finagent import FinagentEvent, FinagentModel, FinagentResult, Turn

ROOT = "/api/aico-saas/bm/v1/"
HISTORY: list[Turn] = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
MORE = {"model": "4-Air", "temperature": 0.25}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64

Whole = Callable[[AsyncZhipuAI], Awaitable[FinagentResult]]
Streamed = Callable[[AsyncZhipuAI], AnswerStream[FinagentEvent, FinagentResult]]


def due_diligence(zhipu: AsyncZhipuAI) -> Awaitable[FinagentResult]:
    return zhipu.finagent.due_diligence(company="Acme", model=FinagentModel.AIR, temperature=0.25)


def sparring(zhipu: AsyncZhipuAI) -> Awaitable[FinagentResult]:
    return zhipu.finagent.adviser_sparring(
        query="Which fund?", history=HISTORY, model="4-Air", temperature=0.25
    )


def updates(zhipu: AsyncZhipuAI) -> Awaitable[FinagentResult]:
    return zhipu.finagent.regulatory_updates(query="Securities", model="4-Air", temperature=0.25)


def audit(zhipu: AsyncZhipuAI) -> Awaitable[FinagentResult]:
    return zhipu.finagent.consumer_protection_audit(query="12 % for sure", model="4-Air", temperature=0.25)


def due_diligence_stream(zhipu: AsyncZhipuAI) -> AnswerStream[FinagentEvent, FinagentResult]:
    return zhipu.finagent.due_diligence_stream(company="Acme", model="4-Air", temperature=0.25)


def sparring_stream(zhipu: AsyncZhipuAI) -> AnswerStream[FinagentEvent, FinagentResult]:
    return zhipu.finagent.adviser_sparring_stream(
        query="Which fund?", history=HISTORY, model="4-Air", temperature=0.25
    )


def updates_stream(zhipu: AsyncZhipuAI) -> AnswerStream[FinagentEvent, FinagentResult]:
    return zhipu.finagent.regulatory_updates_stream(query="Securities", model="4-Air", temperature=0.25)


def audit_stream(zhipu: AsyncZhipuAI) -> AnswerStream[FinagentEvent, FinagentResult]:
    return zhipu.finagent.consumer_protection_audit_stream(
        query="12 % for sure", model="4-Air", temperature=0.25
    )


@pytest.mark.parametrize(
    ("call", "path", "fields"),
    [
        (due_diligence, "DueDiligenceReport", {"company": "Acme"}),
        (sparring, "FinancialAdviserSparring", {"query": "Which fund?", "history": HISTORY}),
        (updates, "RegulatoryUpdatesTracker", {"query": "Securities"}),
    ],
)
async def test_a_workflow_gives_its_result_whole(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, call: Whole, path: str, fields: dict[str, object]
) -> None:
    result = await call(zhipu)
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path, seen.unknown_fields) == ("POST", ROOT + path, ())
    assert seen.body == {**fields, **MORE}
    assert seen.headers["Authorization"].startswith("Bearer ")
    assert result.text == result.result
    assert result.text
    assert bool(result.svg) is (path == "DueDiligenceReport")
    assert result.meta.status == 200


@pytest.mark.parametrize(
    ("call", "path", "fields", "last"),
    [
        (due_diligence_stream, "DueDiligenceReport", {"company": "Acme"}, "workflow_finished"),
        (
            sparring_stream,
            "FinancialAdviserSparring",
            {"query": "Which fund?", "history": HISTORY},
            "message_finished",
        ),
        (updates_stream, "RegulatoryUpdatesTracker", {"query": "Securities"}, "workflow_finished"),
    ],
)
async def test_a_workflow_gives_its_result_in_a_stream(
    zhipu: AsyncZhipuAI,
    zhipu_simulator: Simulator,
    call: Streamed,
    path: str,
    fields: dict[str, object],
    last: str,
) -> None:
    async with call(zhipu) as stream:
        events = [event async for event in stream]
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.body) == (ROOT + path, {**fields, **MORE, "stream": True})
    assert events[-1].event == last
    assert events[-1].is_last
    result = stream.result
    assert result.text == events[-1].output
    assert result.usage.max_token == "128000"
    assert (result.session_id, result.created) == (events[-1].session_id, events[-1].created)
    assert zhipu.usage["4-Air"].total_tokens == result.usage.total_tokens > 0
    assert [text async for text in call(zhipu).text()] == [result.text]


@pytest.mark.parametrize("seed", range(6))
async def test_results_are_found_in_every_layout(seed: int) -> None:
    async with Simulator(seed=seed) as sim, AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
        result = await zhipu.finagent.due_diligence_stream(company="Acme").finish()
    assert "Acme" in result.text
    assert result.svg
    assert result.usage.total_tokens


# ── the audit: a form with a picture ───────────────────────────────────────────────────────────────


async def test_a_picture_is_audited_as_a_form(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "poster.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + b"0" * 64)
    result = await zhipu.finagent.consumer_protection_audit(
        query="12 % for sure", image=path, model="4-Air", temperature=0.25
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.unknown_fields) == (ROOT + "ConsumerProtectionAudit", ())
    assert seen.body == {"query": "12 % for sure", "model": "4-Air", "temperature": "0.25"}
    assert [(part.field, part.filename, part.content_type) for part in seen.files] == [
        ("image", "poster.jpg", "image/jpeg")
    ]
    assert result.text


async def test_a_picture_alone_will_do_also_in_a_stream(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    result = await zhipu.finagent.consumer_protection_audit_stream(
        image=PNG, model="4-Air", temperature=0.25
    ).finish()
    seen = zhipu_simulator.requests[-1]
    assert seen.body == {"stream": "true", "model": "4-Air", "temperature": "0.25"}
    assert [(part.filename, part.content_type) for part in seen.files] == [("file.png", "image/png")]
    assert result.text


async def test_a_text_alone_is_a_form_too(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    await audit(zhipu)
    seen = zhipu_simulator.requests[-1]
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert seen.body == {"query": "12 % for sure", **{**MORE, "temperature": "0.25"}}
    assert (await audit_stream(zhipu).finish()).text


@pytest.mark.parametrize(("query", "image"), [(None, None), ("", None), (None, ("a.png", b"0" * 5_300_000))])
async def test_an_impossible_audit_is_said_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, query: str | None, image: tuple[str, bytes] | None
) -> None:
    with pytest.raises(InvalidArgument):
        await zhipu.finagent.consumer_protection_audit(query=query, image=image)
    with pytest.raises(InvalidArgument):
        await zhipu.finagent.consumer_protection_audit_stream(query=query, image=image).open()
    assert zhipu_simulator.requests == []


# ── the key ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_bare_key_is_sent_where_that_is_wished() -> None:
    async with hostile(reply({"code": 0, "message": "ok", "data": {"result": "# Report"}})) as server:
        async with AsyncZhipuAI("key.secret", base_url=server.base_url) as zhipu:
            bare = zhipu.finagent.with_raw_key()
            assert (await bare.due_diligence(company="Acme")).text == "# Report"
            await bare.due_diligence_stream(company="Acme").finish()
            await zhipu.finagent.due_diligence(company="Acme")
    sent = [seen.headers["authorization"] for seen in server.requests]
    assert sent == ["key.secret", "key.secret", "Bearer key.secret"]


# ── what goes wrong ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1001, AuthenticationError),
        (1002, AuthenticationError),
        (1003, BadRequestError),
        (1004, ContentBlocked),
        (1005, NotFoundError),
        (1006, InternalServerError),
        (1010, InternalServerError),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("call", [due_diligence, audit, sparring, updates])
async def test_refusals_have_codes_of_their_own(
    call: Whole, status: int, code: int, kind: type[APIStatusError]
) -> None:
    async with hostile(reply({"code": code, "message": "no"}, status=status)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url, max_retries=0) as zhipu:
            with pytest.raises(kind, match="no") as caught:
                await call(zhipu)
    assert caught.value.code == str(code)


@pytest.mark.parametrize("call", [due_diligence_stream, audit_stream, sparring_stream, updates_stream])
async def test_a_refusal_in_place_of_a_stream_is_that_refusal(call: Streamed) -> None:
    async with hostile(reply({"code": 1003, "message": "no"})) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            with pytest.raises(BadRequestError, match="no"):
                await call(zhipu).open()


async def test_the_gateway_before_it_speaks_the_platforms_language() -> None:
    refused = reply({"error": {"code": "1302", "message": "slow down"}}, status=429)
    async with hostile(refused) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url, max_retries=0) as zhipu:
            with pytest.raises(ConcurrencyLimit):
                await due_diligence(zhipu)


@pytest.mark.parametrize("call", [due_diligence, audit, sparring, updates])
@pytest.mark.parametrize("trouble", [stall, hang_up])
async def test_a_workflow_whose_answer_is_lost_is_not_paid_for_twice(call: Whole, trouble: Answer) -> None:
    timeout = Timeout(connect=5, first=0.1, idle=5, total=5)
    async with hostile(trouble) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url, timeout=timeout) as zhipu:
            with pytest.raises(APIConnectionError, match="billed"):
                await call(zhipu)
    assert len(server.requests) == 1


async def test_a_workflow_whose_service_failed_is_tried_again() -> None:
    failed = reply({"code": 1006, "message": "model error"})
    fine = reply({"code": 0, "message": "ok", "data": {"result": "# Report"}})
    async with hostile(failed, fine) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  so that no pause takes time
        assert (await due_diligence(zhipu)).text == "# Report"


async def test_a_workflow_that_breaks_in_a_stream_says_so(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(
        events=[{"event": "node_started", "session_id": "s-1"}, {"code": 1007, "message": "workflow broke"}]
    )
    stream = due_diligence_stream(zhipu)
    with pytest.raises(StreamFailed, match="workflow broke") as caught:
        await stream.finish()
    assert caught.value.code == "1007"
    assert stream.partial.session_id == "s-1"


async def test_json_with_the_result_in_place_of_events_is_taken() -> None:
    body = json.dumps({"code": 0, "message": "ok", "data": {"result": "# Report"}}, indent=1).encode()
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert (await due_diligence_stream(zhipu).finish()).text == "# Report"
