"""The control URL: the same powers for programs in other languages."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from zhipu_async.simulator import Cut, KeepAlives, NeverEnds, Reset, Simulator, Stall, TaskFails
from zhipu_async.simulator.faults import BY_NAME, Fault
from zhipu_async.simulator.orders import fault_of

from .conftest import Caller, Reply


async def control(caller: Caller, method: str, path: str, body: object = None) -> Reply:
    url = f"{caller.sim.platform.origin}/_simulator{path}"
    return await caller.send(method, url, body=body, auth=False)


async def test_scripts_come_one_by_one_or_in_a_list(caller: Caller) -> None:
    assert (await control(caller, "POST", "/script", {"text": "one"})).json == {"scripted": 1}
    scripts = [{"code": 1305, "times": 2}, {"text": "three", "match": {"model": "glm-5"}, "reasoning": "so"}]
    assert (await control(caller, "POST", "/script", scripts)).json == {"scripted": 2}
    assert "one" in (await caller.chat()).text
    assert [(await caller.chat()).code for _ in range(2)] == ["1305", "1305"]
    assert "three" in (await caller.chat(model="glm-5")).text


async def test_scripts_can_be_forgotten(caller: Caller) -> None:
    await control(caller, "POST", "/script", {"text": "never"})
    assert (await control(caller, "DELETE", "/script")).json == {"forgotten": 1}
    assert "never" not in (await caller.chat()).text


async def test_requests_and_counts_can_be_read_without_the_key(caller: Caller) -> None:
    await caller.chat("one")
    await caller.chat("two", extra_field=1)
    reply = await control(caller, "GET", "/requests?after=1")
    assert caller.sim.api_key not in reply.text
    assert '"two"' in reply.text
    assert '"one"' not in reply.text
    assert '"unknown_fields":["extra_field"]' in reply.text
    counts = (await control(caller, "GET", "/counts")).json
    assert (counts["requests"], counts["by_status"]) == (2, {"200": 2})


async def test_headers_that_are_no_text_do_not_hide_the_requests(caller: Caller) -> None:
    port = int(caller.sim.root_url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\r\nConnection: close\r\n\r\n")
    await reader.read()
    writer.close()
    [request] = json.loads((await control(caller, "GET", "/requests")).content)
    assert request["headers"]["X-Odd"] == "\ufffd"


async def test_caps_can_be_set_moved_and_lifted(caller: Caller) -> None:
    await control(caller, "POST", "/caps", {"glm-4.7": 0, "glm-5": [[0, 0], [3600, 5]]})
    assert [(await caller.chat(model=model)).code for model in ("glm-4.7", "glm-5")] == ["1302", "1302"]
    await control(caller, "POST", "/caps", {"glm-4.7": None})
    assert (await caller.chat()).status == 200


async def test_stalled_answers_can_be_released(caller: Caller) -> None:
    sim = caller.sim
    await control(caller, "POST", "/script", {"text": "late", "fault": "stall"})
    waiting = asyncio.create_task(caller.chat())
    await sim.until(lambda: sim.counts.in_flight == 1)
    await control(caller, "POST", "/release")
    assert "late" in (await waiting).text


async def test_connections_can_be_refused_for_a_while(caller: Caller) -> None:
    assert (await control(caller, "POST", "/refuse", {"seconds": 0.05})).status == 200
    refused = 0
    while True:
        try:
            reply = await caller.chat()
            break
        except aiohttp.ClientConnectorError:
            refused += 1
    assert refused
    assert reply.status == 200


async def test_a_simulator_that_refuses_connections_can_be_closed(session: aiohttp.ClientSession) -> None:
    async with Simulator() as sim:
        await control(Caller(sim, session), "POST", "/refuse", {"seconds": 3600})
    with pytest.raises(aiohttp.ClientConnectorError):
        await Caller(sim, session).chat()


@pytest.mark.parametrize("body", [{"seconds": -1}, {"seconds": "x"}, {}, {"minutes": 1}, 5, None])
async def test_how_long_has_to_be_understood(caller: Caller, body: object) -> None:
    assert (await control(caller, "POST", "/refuse", body)).status == 400


async def test_the_realtime_socket_takes_orders_too(caller: Caller) -> None:
    assert (await control(caller, "POST", "/realtime", {"answers": [{"text": "hi"}]})).status == 200
    assert len(caller.sim.realtime.script.answers) == 1
    assert (await control(caller, "POST", "/realtime", {"answers": 5})).status == 400


async def test_everything_can_begin_anew(caller: Caller) -> None:
    await caller.chat()
    assert (await control(caller, "POST", "/forget")).status == 200
    assert caller.sim.requests == []


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"txet": "x"}, "txet"),
        ({"text": 5}, "str"),
        ({"fault": "explode"}, "explode"),
        ({"fault": {"cut": {"after_moons": 3}}}, "after_moons"),
        ({"fault": {"cut": {"after_events": "x"}}}, "int"),
        ({"fault": {"cut": {}, "stall": {}}}, "only member"),
        ({"fault": 5}, "fault"),
        (["x"], "object"),
    ],
)
async def test_an_order_that_is_not_understood_is_explained(caller: Caller, order: object, why: str) -> None:
    reply = await control(caller, "POST", "/script", order)
    assert reply.status == 400
    assert why in reply.text
    assert len(caller.sim.platform.scripts) == 0


async def test_an_unknown_order_lists_the_known_ones(caller: Caller) -> None:
    reply = await control(caller, "POST", "/explode")
    assert reply.status == 404
    assert "POST /script" in reply.text


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
async def test_broken_json_is_explained(caller: Caller, content: bytes) -> None:
    reply = await caller.send(
        "POST", f"{caller.sim.platform.origin}/_simulator/script", data=content, auth=False
    )
    assert reply.status == 400


async def test_it_asks_for_the_key_where_others_can_reach_it(session: aiohttp.ClientSession) -> None:
    async with Simulator(allow_remote=True) as sim:
        caller = Caller(sim, session)
        assert (await control(caller, "GET", "/counts")).status == 401
        assert (await caller.get(f"{sim.platform.origin}/_simulator/counts")).status == 200


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://example.com"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.example.com"},
    {"Host": "example.com"},
    {"Host": "localhost.example.com:8787"},
    {"Host": "[::1"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_web_page_of_elsewhere_cannot_use_it(caller: Caller, headers: dict[str, str]) -> None:
    url = f"{caller.sim.platform.origin}/_simulator/requests"
    reply = await caller.send("GET", url, headers=headers)  # the made-up key is known to all
    assert (reply.status, list(reply.json)) == (403, ["error"])


async def test_whoever_has_a_key_that_was_chosen_can_use_it(session: aiohttp.ClientSession) -> None:
    async with Simulator(api_keys=["my.key"]) as sim:
        url, headers = f"{sim.platform.origin}/_simulator/requests", {"Host": "host.docker.internal"}
        assert (await Caller(sim, session).send("GET", url, headers=headers)).status == 200
        wrong = {**headers, "Authorization": "Bearer some.body"}
        assert (await Caller(sim, session).send("GET", url, headers=wrong)).code == "1000"
        assert (await Caller(sim, session).send("GET", url, headers=headers, auth=False)).code == "1001"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Host": "localhost"},
        {"Host": "[::1]:8787"},
        {"Origin": "http://[::1]"},
    ],
)
async def test_pages_and_programs_of_this_machine_can(caller: Caller, headers: dict[str, str]) -> None:
    url = f"{caller.sim.platform.origin}/_simulator/requests"
    assert (await caller.send("GET", url, headers=headers, auth=False)).status == 200


@pytest.mark.parametrize(
    ("spelling", "fault"),
    [
        ("reset", Reset()),
        ({"reset": {"when": "before_body"}}, Reset("before_body")),
        ({"cut": {"after_events": 3, "politely": True}}, Cut(after_events=3, politely=True)),
        ({"stall": {"seconds": 2}}, Stall(seconds=2)),
        ({"keep_alives": {"count": 3}}, KeepAlives(count=3)),
        ("never_ends", NeverEnds()),
        ({"task_fails": {"status": "FAILED"}}, TaskFails("FAILED")),
        (None, None),
    ],
)
def test_faults_have_a_spelling_in_json(spelling: object, fault: Fault | None) -> None:
    assert fault_of(spelling) == fault


def test_every_fault_can_be_spelled() -> None:
    assert {type(fault_of({name: {"seconds": 1} if name == "slow" else {}})) for name in BY_NAME} == set(
        BY_NAME.values()
    )
