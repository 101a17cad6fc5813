"""Keys, paths, caps and records: what every operation shares."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator import Received, Simulator, Stall
from zhipu_async.simulator.operation import Upload
from zhipu_async.simulator.requests import Records

from .conftest import Caller

if TYPE_CHECKING:
    from zhipu_async.simulator.caps import Caps

HI = [{"role": "user", "content": "hi"}]


def token(key: str, *, left_ms: float = 210_000, secret: str | None = None, algorithm: str = "HS256") -> str:
    """Make a token from a key the way the vendor's documents describe it."""
    key_id, _, own_secret = key.partition(".")
    now = int(time.time() * 1000)
    header = {"alg": algorithm, "sign_type": "SIGN"}
    payload = {"api_key": key_id, "exp": int(now + left_ms), "timestamp": now}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signed = b".".join(parts)
    digest = hmac.new((secret or own_secret).encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


async def code_with(caller: Caller, authorization: str) -> str:
    reply = await caller.send(
        "POST",
        "/chat/completions",
        body={"model": "glm-4.7", "messages": HI},
        headers={"Authorization": authorization},
        auth=False,
    )
    assert reply.status == (401 if reply.code else 200)
    return reply.code


async def test_a_key_is_taken_with_and_without_bearer(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {caller.sim.api_key}") == ""
    assert await code_with(caller, caller.sim.api_key) == ""


async def test_a_token_made_from_the_key_is_taken(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {token(caller.sim.api_key)}") == ""


async def test_a_missing_header_is_1001(caller: Caller) -> None:
    reply = await caller.send(
        "POST", "/chat/completions", body={"model": "glm-4.7", "messages": HI}, auth=False
    )
    assert (reply.status, reply.code) == (401, "1001")


async def test_the_wrong_key_is_1000(caller: Caller) -> None:
    assert await code_with(caller, "Bearer somebody.else") == "1000"


async def test_an_illegal_header_is_1002(caller: Caller) -> None:
    assert await code_with(caller, "Bearer two words") == "1002"
    assert await code_with(caller, "Bearer a.b.c") == "1002"
    assert await code_with(caller, f"Bearer {token(caller.sim.api_key, algorithm='none')}") == "1002"


async def test_an_expired_token_is_1003(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {token(caller.sim.api_key, left_ms=-1)}") == "1003"


async def test_a_token_about_to_expire_is_1003_as_on_the_real_platform(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {token(caller.sim.api_key, left_ms=130_000)}") == "1003"


async def test_a_token_signed_with_another_secret_is_1004(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {token(caller.sim.api_key, secret='guess')}") == "1004"


async def test_a_token_for_an_unknown_key_is_1000(caller: Caller) -> None:
    assert await code_with(caller, f"Bearer {token('unknown.secret')}") == "1000"


async def test_a_coding_key_chats_at_the_coding_url_and_nowhere_else(session: aiohttp.ClientSession) -> None:
    async with Simulator(coding_keys=["sk-plan"]) as sim:
        caller = Caller(sim, session)
        plan = {"Authorization": "Bearer sk-plan"}
        chat = {"model": "glm-4.7", "messages": HI}
        coding = await caller.send("POST", f"{sim.coding_base_url}/chat/completions", body=chat, headers=plan)
        assert coding.at("model") == "glm-5.3-flash"  # the plan swaps models
        general = await caller.send("POST", "/chat/completions", body=chat, headers=plan)
        assert (general.status, general.code) == (429, "1113")
        vectors = {"model": "embedding-3", "input": "x"}
        refused = await caller.send("POST", f"{sim.coding_base_url}/embeddings", body=vectors, headers=plan)
        assert (refused.status, refused.code) == (429, "1113")


async def test_a_path_with_a_second_v1_is_not_found_in_the_gateways_words(caller: Caller) -> None:
    reply = await caller.post("/v1/chat/completions", model="glm-4.7")
    assert reply.status == 404
    assert reply.json == {"status": 404, "error": "Not Found", "path": "/v4/v1/chat/completions"}


async def test_a_path_outside_every_family_is_a_200_that_says_404(caller: Caller) -> None:
    reply = await caller.get(caller.sim.root_url + "/nothing/here")
    assert (reply.status, reply.json) == (200, {"code": 500, "msg": "404 NOT_FOUND", "success": False})


async def test_a_wrong_path_shows_in_the_record(caller: Caller) -> None:
    await caller.get(caller.sim.root_url + "/chat/completions")
    await caller.get("/nothing")
    assert [(request.status, request.code) for request in caller.sim.requests] == [(200, "500"), (404, "404")]


async def test_a_body_that_is_not_compressed_as_it_says_is_1210(caller: Caller) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert (await caller.send("POST", "/embeddings", headers=headers, data=b"{}")).code == "1210"


async def test_the_wrong_method_is_405(caller: Caller) -> None:
    assert (await caller.get("/chat/completions")).status == 405


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"a": "\xff"}', b"[" * 10_000])
async def test_a_body_that_is_no_json_object_is_1210(caller: Caller, body: bytes) -> None:
    reply = await caller.send("POST", "/chat/completions", data=body)
    assert (reply.status, reply.code) == (400, "1210")


async def test_nulls_count_as_absent(caller: Caller) -> None:
    assert (await caller.chat(temperature=None, tools=None, stream=None)).status == 200
    assert (await caller.chat(model=None)).code == "1213"


async def test_unknown_models_are_1211_and_those_of_another_operation_1212(caller: Caller) -> None:
    assert (await caller.chat(model="gpt-5")).code == "1211"
    assert (await caller.chat(model="embedding-3")).code == "1212"
    assert (await caller.chat(model="GLM-4.7")).status == 200


async def test_models_of_ones_own_can_be_added(session: aiohttp.ClientSession) -> None:
    async with Simulator(models=["My-Model"]) as sim:
        assert (await Caller(sim, session).chat(model="my-model")).status == 200


async def test_unknown_fields_are_accepted_and_reported(caller: Caller) -> None:
    assert (await caller.chat(temprature=0.5, request_id="request-1")).status == 200
    [received] = caller.sim.requests
    assert received.unknown_fields == ("temprature",)
    assert received.request_id == "request-1"


async def test_a_request_id_is_echoed_and_not_taken_twice(caller: Caller) -> None:
    first = await caller.chat(request_id="request-1")
    assert first.at("request_id") == "request-1"
    second = await caller.chat(request_id="request-1")
    assert (second.status, second.code) == (400, "1231")


async def test_a_refused_request_id_may_be_used_again(caller: Caller) -> None:
    caller.sim.script(status=429, code="1302")
    assert (await caller.chat(request_id="request-1")).code == "1302"
    assert (await caller.chat(request_id="request-1")).status == 200


async def test_a_request_id_has_6_to_64_characters(caller: Caller) -> None:
    assert (await caller.chat(request_id="short")).code == "1214"
    assert (await caller.chat(request_id="x" * 65)).code == "1214"


@pytest.mark.parametrize("caps", [{"glm-4.7": 2}, {"*": 2}, {"GLM-4.7": [(0, 2)]}])
async def test_requests_above_the_cap_are_1302(session: aiohttp.ClientSession, caps: Caps) -> None:
    async with Simulator(caps=caps) as sim:
        caller = Caller(sim, session)
        sim.script(fault=Stall(), times=2)
        stalled = [asyncio.create_task(caller.chat()) for _ in range(2)]
        await sim.until(lambda: sim.counts.in_flight == 2)
        refused = await caller.chat()
        assert (refused.status, refused.code) == (429, "1302")
        other_model = await caller.chat(model="glm-4.6")
        assert other_model.status == 200
        sim.release()
        assert [reply.status for reply in await asyncio.gather(*stalled)] == [200, 200]
        assert (await caller.chat()).status == 200
        assert sim.counts.peak_by_model["glm-4.7"] == 2
        assert sim.counts.by_code == {"1302": 1}


async def test_each_key_has_places_of_its_own(session: aiohttp.ClientSession) -> None:
    async with Simulator(caps={"*": 1}, api_keys=["a.1", "b.2"]) as sim:
        caller = Caller(sim, session)
        sim.script(fault=Stall())
        stalled = asyncio.create_task(caller.chat())
        await sim.until(lambda: sim.counts.in_flight == 1)
        body = {"model": "glm-4.7", "messages": HI}
        headers = {"Authorization": "Bearer b.2"}
        other = await caller.send("POST", "/chat/completions", body=body, headers=headers)
        assert other.status == 200
        sim.release()
        await stalled


async def test_a_cap_can_be_moved_while_running(caller: Caller) -> None:
    caller.sim.set_cap("glm-4.7", 0)
    assert (await caller.chat()).code == "1302"
    caller.sim.set_cap("glm-4.7", [(0, 1), (3600, 0)])
    assert (await caller.chat()).status == 200
    caller.sim.set_cap("glm-4.7", None)
    assert (await caller.chat()).status == 200


async def test_a_client_that_leaves_frees_its_place(caller: Caller) -> None:
    sim = caller.sim
    sim.script(fault=Stall())
    stalled = asyncio.create_task(caller.chat())
    await sim.until(lambda: sim.counts.in_flight == 1)
    stalled.cancel()
    await sim.until(lambda: sim.counts.in_flight == 0 and sim.counts.gone == 1)
    assert sim.requests[0].gone


async def test_tasks_have_a_cap_of_their_own(session: aiohttp.ClientSession) -> None:
    async with Simulator(task_caps={"glm-4.6": 1}) as sim:
        caller = Caller(sim, session)
        first = await caller.post("/async/chat/completions", model="glm-4.6", messages=HI)
        second = await caller.post("/async/chat/completions", model="glm-4.6", messages=HI)
        assert second.code == "1302"
        for _ in range(2):
            await caller.get(f"/async-result/{first.at('id')}")
        third = await caller.post("/async/chat/completions", model="glm-4.6", messages=HI)
        assert third.status == 200


async def test_every_answer_has_a_log_id_of_its_own(caller: Caller) -> None:
    replies = [await caller.chat() for _ in range(2)]
    assert len({reply.headers["X-LOG-ID"] for reply in replies}) == 2


async def test_a_record_shows_neither_key_nor_prompt(caller: Caller) -> None:
    await caller.chat("my secret prompt")
    shown = repr(caller.sim.requests) + repr(caller.sim)
    assert "secret prompt" not in shown
    assert caller.sim.api_key not in shown
    assert "my secret prompt" in caller.sim.requests[0].text


async def test_other_machines_are_kept_out_unless_meant() -> None:
    with pytest.raises(ValueError, match="allow_remote"):
        Simulator(host="0.0.0.0")


def test_a_key_for_other_machines_cannot_be_guessed() -> None:
    first, second = (Simulator(host="0.0.0.0", allow_remote=True).api_key for _ in range(2))
    assert first != second
    assert Simulator(allow_remote=True, api_keys=["my.key"]).api_key == "my.key"
    assert Simulator().api_key == Simulator().api_key


async def test_old_records_are_dropped_and_counts_go_on(session: aiohttp.ClientSession) -> None:
    async with Simulator(kept_requests=2) as sim:
        for _ in range(3):
            await Caller(sim, session).chat()
        assert [received.number for received in sim.requests] == [2, 3]
        assert sim.counts.requests == 3


def test_large_bodies_are_forgotten_sooner() -> None:
    records = Records(most=10, most_bytes=100)
    large = [Received(number, "POST", "/", content=bytes(60)) for number in range(3)]
    for received in large[:2]:
        records.add(received)
        records.weigh(received)
    assert records.all() == [large[1]]
    records.weigh(large[0])  # it was read only after it was forgotten
    records.add(large[2])
    assert records.all() == large[1:]
    records.clear()
    records.weigh(large[2])
    assert records.all() == []


def test_the_newest_body_is_kept_however_large_it_is() -> None:
    records = Records(most=10, most_bytes=100)
    received = Received(1, "POST", "/", files=[Upload("file", "a.bin", "image/png", bytes(101))])
    records.add(received)
    records.weigh(received)
    assert records.all() == [received]


async def test_forgetting_begins_anew(caller: Caller) -> None:
    caller.sim.script("never used")
    await caller.chat(request_id="request-1")
    caller.sim.script("never used")
    caller.sim.forget()
    assert caller.sim.requests == []
    reply = await caller.chat(request_id="request-1")
    assert reply.status == 200
    assert "never used" not in reply.text


BROKEN_FORMS = [
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"not a form"),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nnever ends",
    ),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
    ),
]


@pytest.mark.parametrize(("content_type", "content"), BROKEN_FORMS)
async def test_a_broken_form_is_refused(caller: Caller, content_type: str, content: bytes) -> None:
    reply = await caller.send("POST", "/files", data=content, headers={"Content-Type": content_type})
    assert reply.status == 400
    assert reply.code in ("1210", "1213")


async def test_an_upload_is_recorded_with_its_texts_and_files(caller: Caller) -> None:
    form = aiohttp.FormData()
    form.add_field("purpose", "batch")
    form.add_field("tag", "a")
    form.add_field("tag", "b")
    form.add_field("file", b"{}", filename="jobs.jsonl", content_type="application/jsonl")
    await caller.send("POST", "/files", data=form)
    [received] = caller.sim.requests
    assert received.body == {"purpose": "batch", "tag": ["a", "b"]}
    assert [(file.field, file.filename, file.content) for file in received.files] == [
        ("file", "jobs.jsonl", b"{}")
    ]


async def test_a_body_larger_than_any_upload_is_413(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhipu_async.simulator.server.LARGEST_REQUEST", 100)
    async with Simulator() as sim:
        reply = await Caller(sim, session).chat("x" * 200)
        assert reply.status == 413


async def test_what_is_no_http_is_one_line_in_the_log(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(sim.root_url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.0 400")
    writer.close()
    [record] = caplog.records
    assert (record.name, record.levelname, record.exc_info) == ("zhipu_async.simulator", "WARNING", None)
    assert record.getMessage().startswith("400 what came is no HTTP")


async def test_a_fault_of_the_simulator_itself_is_told_with_its_traceback(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: Received) -> bool:
        raise ArithmeticError("a match that fails")

    caller.sim.script("never", match=fail)
    assert (await caller.chat()).status == 500
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info
    assert isinstance(record.exc_info[1], ArithmeticError)


async def test_who_leaves_before_being_asked_to_go_on_leaves_no_trace(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(sim.root_url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    assert caplog.records == []
