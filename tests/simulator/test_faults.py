"""Scripts and faults: what a test can make the platform do."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme

from zhipu_async.simulator import (
    Cut,
    Html,
    KeepAlives,
    NeverEnds,
    Received,
    Reset,
    Simulator,
    Slow,
    Splice,
    Stall,
    TaskFails,
    WrongContentType,
)
from zhipu_async.simulator.orders import scripts_of

from .conftest import Caller, Json

if TYPE_CHECKING:
    from pathlib import Path

    from zhipu_async.simulator.faults import Fault

HI: list[Json] = [{"role": "user", "content": "hi"}]
PIECES = ["a", "b", "c"]


async def test_scripts_answer_in_the_order_of_writing_and_then_chance_takes_over(caller: Caller) -> None:
    caller.sim.script("first")
    caller.sim.script("second", reasoning="because")
    one, two, three = [await caller.chat() for _ in range(3)]
    assert one.at("choices", 0, "message", "content") == "first"
    assert two.at("choices", 0, "message", "reasoning_content") == "because"
    assert "You said" in three.text


async def test_a_refusal_comes_so_many_times_and_then_all_is_fine(caller: Caller) -> None:
    caller.sim.script(status=429, code="1302", times=2, headers={"Retry-After": "3"})
    replies = [await caller.chat() for _ in range(3)]
    assert [reply.status for reply in replies] == [429, 429, 200]
    assert replies[0].headers["Retry-After"] == "3"
    assert "Retry-After" not in replies[2].headers


async def test_a_code_brings_its_status_and_a_status_its_code(caller: Caller) -> None:
    caller.sim.script(code=1305)
    caller.sim.script(status=503)
    caller.sim.script(status=200, code="1234", message="all wrong")
    assert [(reply.status, reply.code) for reply in [await caller.chat() for _ in range(3)]] == [
        (429, "1305"),
        (503, "503"),
        (200, "1234"),
    ]


async def test_only_what_matches_is_answered_by_a_script(caller: Caller) -> None:
    sim = caller.sim
    sim.script("for 5", match={"model": "glm-5"})
    sim.script("for streams", match={"stream": True, "thinking": {"type": "disabled"}})
    sim.script("for cats", match=lambda received: "cats" in received.text)
    sim.script("for dogs", match={"contains": "dogs"})
    sim.script(code="1305", match={"path": "/embeddings", "method": "POST", "key": sim.api_key})
    assert "for" not in (await caller.chat("nothing")).text
    assert "for cats" in (await caller.chat("about cats")).text
    assert "for dogs" in (await caller.chat("about dogs")).text
    assert "for 5" in (await caller.chat(model="glm-5")).text
    assert (await caller.post("/embeddings", model="embedding-3", input="x")).code == "1305"
    assert len(sim.platform.scripts) == 1


async def test_a_script_can_answer_for_good(caller: Caller) -> None:
    caller.sim.script("always", times=None)
    assert all(["always" in (await caller.chat()).text for _ in range(5)])


async def test_a_stream_is_cut_as_scripted(caller: Caller) -> None:
    caller.sim.script(pieces=["你", "好", ""], finish_reason="network_error")
    reply = await caller.chat(stream=True)
    assert [delta["content"] for delta in reply.deltas] == ["你", "好", "", ""]
    assert "network_error" in str(reply.events[-1])


async def test_calls_can_be_scripted_also_broken_ones(caller: Caller) -> None:
    calls: list[Json] = [
        {"name": "f", "arguments": {"a": 1}},
        {"name": "g", "arguments": "{broken", "id": "call_1"},
    ]
    caller.sim.script(tool_calls=calls)
    reply = await caller.chat()
    assert reply.at("choices", 0, "message", "tool_calls", 0, "function", "arguments") == '{"a": 1}'
    assert reply.at("choices", 0, "message", "tool_calls", 1) == {
        "index": 1,
        "id": "call_1",
        "type": "function",
        "function": {"name": "g", "arguments": "{broken"},
    }


async def test_bodies_and_events_can_be_spelled_out(caller: Caller) -> None:
    sim = caller.sim
    sim.script(body={"anything": 1}, status=202)
    sim.script(body="plain", content_type="text/weird")
    sim.script(body=b"\x00")
    sim.script(events=[{"a": 1}, "[DONE]", b": raw\n\n"])
    assert ((reply := await caller.chat()).status, reply.json) == (202, {"anything": 1})
    assert ((reply := await caller.chat()).content_type, reply.text) == ("text/weird", "plain")
    assert (await caller.chat()).content == b"\x00"
    assert (await caller.chat()).text == 'data: {"a":1}\n\ndata: [DONE]\n\n: raw\n\n'


@pytest.mark.parametrize("stream", [False, True])
async def test_a_status_goes_with_any_answer(caller: Caller, stream: bool) -> None:
    caller.sim.script(body="<h1>Bad gateway</h1>", status=502, content_type="text/html")
    caller.sim.script(body={"odd": 1}, status=201, content_type="application/problem+json")
    caller.sim.script("fine", status=202)
    caller.sim.script("unheard", status=204)
    replies = [await caller.chat(stream=stream) for _ in range(4)]
    assert [reply.status for reply in replies] == [502, 201, 202, 204]
    assert [reply.content_type for reply in replies[:2]] == ["text/html", "application/problem+json"]
    assert "fine" in replies[2].text
    assert replies[3].content == b""


async def test_a_code_of_its_own_family_comes_in_the_familys_form(caller: Caller) -> None:
    caller.sim.script(code=100013, message="gone", times=2)
    reply = await caller.get(caller.sim.root_url + "/llm-application/open/knowledge")
    assert (reply.status, reply.json) == (200, {"code": 100013, "message": "gone"})
    assert (await caller.chat()).code == "100013"


@pytest.mark.parametrize(
    "wish",
    [
        {"times": 0},
        {"status": 99},
        {"body": 5},
        {"headers": {"X-A": "b\nX-C: d"}},
        {"headers": {"X A": "b"}},
        {"content_type": "a\nb"},
        {"fault": {"html": {"status": 1}}},
        {"fault": {"wrong_content_type": {"content_type": "a\nb"}}},
    ],
)
def test_what_could_not_be_sent_is_refused_when_it_is_scripted(wish: Json) -> None:
    with pytest.raises(ValueError, match=r"times|status|body|header"):
        scripts_of(wish)


async def test_requests_that_the_platform_would_refuse_are_refused_in_spite_of_a_script(
    caller: Caller,
) -> None:
    caller.sim.script("hello")
    assert (await caller.chat(temperature=9)).code == "1214"


@pytest.mark.parametrize("fault", [Cut(after_events=2), Cut(after_bytes=200)])
async def test_a_cut_stream_ends_in_the_middle(caller: Caller, fault: Fault) -> None:
    caller.sim.script(pieces=PIECES, fault=fault)
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.chat(stream=True)


@pytest.mark.parametrize("fault", [Cut(), Cut(after_events=99), Cut(after_bytes=10**6)])
async def test_a_cut_always_cuts(caller: Caller, fault: Fault) -> None:
    caller.sim.script("hi there", fault=fault)
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.chat(stream=True)


async def test_a_polite_cut_ends_the_http_body_well(caller: Caller) -> None:
    caller.sim.script(pieces=PIECES, fault=Cut(after_events=2, politely=True))
    assert (await caller.chat(stream=True)).text.count("data:") == 2
    caller.sim.script("whole", fault=Cut(after_bytes=10, politely=True))
    assert len((await caller.chat()).content) == 10


async def test_a_cut_answer_has_fewer_bytes_than_it_promised(caller: Caller) -> None:
    caller.sim.script(fault=Cut(after_bytes=10))
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.chat()


async def test_a_spliced_frame_holds_the_frame_of_another_stream(caller: Caller) -> None:
    caller.sim.script(pieces=PIECES, fault=Splice(after_events=1))
    lines = [line for line in (await caller.chat(stream=True)).text.split("\n") if line]
    assert [line.count("data: {") for line in lines] == [1, 2, 1, 1, 0]
    assert "foreign00" in lines[1]


async def test_a_reset_after_the_body_uses_the_request_id_up(caller: Caller) -> None:
    caller.sim.script(fault=Reset())
    with pytest.raises(aiohttp.ClientOSError):
        await caller.chat(request_id="request-1")
    assert (await caller.chat(request_id="request-1")).code == "1231"


async def test_a_reset_before_the_body_accepts_nothing(caller: Caller) -> None:
    caller.sim.script(fault=Reset("before_body"), match={"path": "/chat/completions"})
    assert (await caller.get("/models")).status == 200
    with pytest.raises(aiohttp.ClientOSError):
        await caller.chat(request_id="request-1")
    assert (await caller.chat(request_id="request-1")).status == 200


async def test_a_proxy_answers_with_html(caller: Caller) -> None:
    caller.sim.script(fault=Html(status=504))
    reply = await caller.chat()
    assert (reply.status, reply.content_type) == (504, "text/html")
    assert caller.sim.counts.by_status == {504: 1}


@pytest.mark.parametrize("stream", [False, True])
async def test_the_content_type_can_be_wrong(caller: Caller, stream: bool) -> None:
    caller.sim.script("fine", fault=WrongContentType("application/octet-stream"))
    reply = await caller.chat(stream=stream)
    assert reply.content_type == "application/octet-stream"
    assert "fine" in reply.text


async def test_a_stall_before_the_status_lasts_until_it_is_released(caller: Caller) -> None:
    sim = caller.sim
    sim.script("late", fault=Stall())
    waiting = asyncio.create_task(caller.chat())
    await sim.until(lambda: sim.counts.in_flight == 1)
    assert not waiting.done()
    sim.release()
    assert "late" in (await waiting).text


async def test_a_stall_in_a_stream_comes_after_its_events(caller: Caller) -> None:
    sim = caller.sim
    sim.script(pieces=PIECES, fault=Stall(after_events=2))
    headers = {"Authorization": sim.api_key}
    body = {"model": "glm-4.7", "messages": HI, "stream": True}
    async with caller.session.post(
        f"{sim.base_url}/chat/completions", json=body, headers=headers
    ) as response:
        got = b""
        while got.count(b"data:") < 2:
            got += await response.content.readany()
        assert sim.counts.in_flight == 1
        sim.release()
        got += await response.content.read()
    assert got.endswith(b"data: [DONE]\n\n")


async def test_a_stall_can_end_by_itself(caller: Caller) -> None:
    caller.sim.script("x", fault=Stall(seconds=0.001))
    assert (await caller.chat()).status == 200


async def test_slow_answers_arrive_whole(caller: Caller) -> None:
    caller.sim.script(pieces=PIECES, fault=Slow(0.001), times=2)
    assert len((await caller.chat(stream=True)).events) == 4
    assert (await caller.chat()).at("choices", 0, "message", "content") == "abc"


async def test_keep_alives_alone_never_hold_an_event(caller: Caller) -> None:
    sim = caller.sim
    sim.script(fault=KeepAlives(count=3, every=0.001))
    waiting = asyncio.create_task(caller.chat(stream=True))
    await sim.until(lambda: sim.counts.in_flight == 1)
    sim.release()
    reply = await waiting
    assert set(reply.text.split()) == {":", "keep-alive"}


async def test_keep_alives_go_on_until_the_client_leaves(caller: Caller) -> None:
    sim = caller.sim
    sim.script(fault=KeepAlives(every=0.001))
    waiting = asyncio.create_task(caller.chat(stream=True))
    await sim.until(lambda: sim.counts.in_flight == 1)
    waiting.cancel()
    await sim.until(lambda: sim.counts.in_flight == 0)


async def submit(caller: Caller) -> str:
    ticket = await caller.post("/async/chat/completions", model="glm-4.6", messages=HI)
    return str(ticket.at("id"))


async def test_a_task_can_run_for_ever(caller: Caller) -> None:
    caller.sim.script(fault=NeverEnds())
    task = await submit(caller)
    for _ in range(10):
        assert (await caller.get(f"/async-result/{task}")).at("task_status") == "PROCESSING"


@pytest.mark.parametrize("spelling", ["FAIL", "FAILED"])
async def test_a_task_can_fail_in_either_spelling(caller: Caller, spelling: str) -> None:
    caller.sim.script(fault=TaskFails("FAILED" if spelling == "FAILED" else "FAIL"))
    assert (await caller.chat()).status == 200  # not a submission: the script waits for one
    task = await submit(caller)
    await caller.get(f"/async-result/{task}")
    failed = await caller.get(f"/async-result/{task}")
    assert failed.at("task_status") == spelling
    assert failed.at("error", "code") == "1234"


async def test_connections_are_refused_inside_the_block_and_taken_after_it(sim: Simulator) -> None:
    async with aiohttp.ClientSession() as session:
        caller = Caller(sim, session)
        assert (await caller.chat()).status == 200
        with sim.refusing_connections():
            with pytest.raises(aiohttp.ClientConnectionError):
                await caller.chat()
            with pytest.raises(aiohttp.ClientConnectorError):
                await caller.chat()
        assert (await caller.chat()).status == 200


async def test_tls_fails_on_a_port_that_speaks_none(caller: Caller) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.get(caller.sim.base_url.replace("http://", "https://") + "/models")


async def test_every_request_can_be_watched(session: aiohttp.ClientSession) -> None:
    seen: list[Received] = []
    async with Simulator(on_request=seen.append) as sim:
        sim.script(code="1305")
        await Caller(sim, session).chat()
        await sim.until(lambda: len(seen) == 1)
    assert (seen[0].status, seen[0].code, seen[0].finished) == (429, "1305", True)


async def test_closing_drops_what_is_under_way(session: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        sim.script(fault=Stall())
        waiting = asyncio.create_task(Caller(sim, session).chat())
        await sim.until(lambda: sim.counts.in_flight == 1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await waiting


async def test_waiting_for_requests_works(caller: Caller) -> None:
    waiting = asyncio.create_task(caller.sim.received(2))
    await caller.chat("one")
    await caller.chat("two")
    assert [received.number for received in await waiting] == [1, 2]


async def test_latency_and_joined_writes_change_no_bytes(session: aiohttp.ClientSession) -> None:
    async with Simulator(events_per_write=64, latency=0.001) as sim:
        caller = Caller(sim, session)
        sim.script(pieces=["x"] * 200)
        assert len((await caller.chat(stream=True)).events) == 201


async def test_tls_is_spoken_with_a_certificate(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = tmp_path / "certificate.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    async with Simulator(ssl_context=serving) as sim:
        headers = {"Authorization": sim.api_key}
        async with session.get(f"{sim.base_url}/models", headers=headers, ssl=trusting) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectionError):
            await Caller(sim, session).get(sim.base_url.replace("https://", "http://") + "/models")


async def test_a_condition_that_fails_is_told_to_who_waits_for_it(caller: Caller) -> None:
    with pytest.raises(ZeroDivisionError):
        await caller.sim.until(lambda: 1 // 0 > 0)
    assert (await caller.chat()).status == 200


async def test_realtime_sessions_are_recorded_too(caller: Caller) -> None:
    sim, headers = caller.sim, {"Authorization": caller.sim.api_key}
    async with caller.session.ws_connect(f"{sim.base_url}/realtime", headers=headers):
        await sim.until(lambda: sim.realtime.peak_connections == 1)
    await sim.until(lambda: sim.requests[0].finished)
    assert (sim.requests[0].path, sim.requests[0].status) == ("/api/paas/v4/realtime", 101)
