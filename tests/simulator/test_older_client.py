"""`zhipuai`, the vendor's older client, unchanged in an environment of its own: `make official` makes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import IO

import pytest

from zhipu_async.simulator import Simulator, SimulatorThread
from zhipu_async.simulator.shapes import Body, is_array, is_object, object_of, objects_of, text_of

from .official_calls import HI, JOBS, PAPER, POLLS, UNDOCUMENTED, cases, name
from .older_calls import LIFE, OWN, RETIRED, SUBMITTED, TRANSLATION, both
from .older_client import written

PYTHON = Path(__file__).parents[2] / ".artifacts" / "zhipuai-env" / "bin" / "python"
CLIENT = Path(__file__).with_name("older_client.py")
ENDED = {"SUCCESS", "success", "completed", "cancelled"}
LOOKS = 10
"""Everything here ends within fewer."""

pytestmark = pytest.mark.peers
if not PYTHON.exists():
    pytest.skip("zhipuai has no environment yet: `make official` makes it", allow_module_level=True)


class Older:
    """The client in its process."""

    def __init__(self, sim: Simulator, orders: IO[str], answers: IO[str]) -> None:
        self.sim = sim
        self._orders = orders
        self._answers = answers

    def order(self, **order: object) -> Body:
        self._orders.write(json.dumps(order, default=written) + "\n")
        self._orders.flush()
        answer: object = json.loads(self._answers.readline())
        assert is_object(answer)
        return answer

    def replies(self, method: str, arguments: Body) -> list[object]:
        """What the client gave: one object, or each of a stream or a list."""
        answer = self.order(method=method, arguments=arguments)
        assert "error" not in answer
        replies = answer["replies"]
        assert is_array(replies)
        return replies

    def reply(self, method: str, /, **arguments: object) -> Body:
        [reply] = self.replies(method, arguments)
        assert is_object(reply)
        return reply

    def until_it_ended(self, method: str, field: str, /, **arguments: object) -> Body:
        for _ in range(LOOKS):
            reply = self.reply(method, **arguments)
            if text_of(reply, field) in ENDED:
                return reply
        raise AssertionError("it did not end")


@pytest.fixture(scope="module", params=[0, 1], ids=["documented", "quirky"])
def process(request: pytest.FixtureRequest) -> Generator[Older]:
    seed: int = request.param
    with SimulatorThread(Simulator(seed=seed)) as sim:
        command = [str(PYTHON), str(CLIENT), sim.base_url, sim.api_key]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            yield Older(sim, running.stdin, running.stdout)


@pytest.fixture
def zhipuai(process: Older) -> Older:
    process.sim.forget()
    return process


def accepted(zhipuai: Older) -> bool:
    """Whether the simulator took the one call, and knew all of it."""
    [request] = zhipuai.sim.requests
    return request.status == 200 and set(request.unknown_fields) <= UNDOCUMENTED | {"custom_separator[]"}


@pytest.mark.parametrize(("method", "arguments"), both() + cases(OWN), ids=name)
def test_it_calls(zhipuai: Older, method: str, arguments: Body) -> None:
    assert zhipuai.replies(method, arguments) or method == "batches.list"
    assert accepted(zhipuai)


@pytest.mark.parametrize(("method", "arguments"), SUBMITTED, ids=name)
def test_it_submits_and_polls(zhipuai: Older, method: str, arguments: Body) -> None:
    task = zhipuai.reply(method, **arguments)
    assert accepted(zhipuai)
    assert zhipuai.until_it_ended(POLLS[method], "task_status", id=task["id"])["task_status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("method", "arguments"), [case for calls in RETIRED.values() for case in calls.items()], ids=name
)
def test_what_the_platform_no_longer_has_is_not_found(zhipuai: Older, method: str, arguments: Body) -> None:
    answer = zhipuai.order(method=method, arguments=arguments)
    assert (answer["error"], [request.status for request in zhipuai.sim.requests]) == (
        "APIStatusError",
        [404],
    )


def test_every_method_it_has_is_called(zhipuai: Older) -> None:
    called = {method for method, _ in both() + cases(OWN) + SUBMITTED}
    retired = {method for calls in RETIRED.values() for method in calls}
    methods = zhipuai.order()["methods"]
    assert is_array(methods)
    assert set(methods) == called | retired | LIFE


def test_it_keeps_files(zhipuai: Older) -> None:
    kept = zhipuai.reply("files.create", file=JOBS, purpose="batch")["id"]
    listed = zhipuai.reply("files.list", purpose="batch")
    content = zhipuai.replies("files.content", {"file_id": kept})
    deleted = zhipuai.reply("files.delete", file_id=kept)

    assert [file["id"] for file in objects_of(listed, "data")] == [kept]
    assert content == [JOBS[1].decode()]
    assert (deleted["id"], deleted["deleted"]) == (kept, True)


def test_it_works_off_batches(zhipuai: Older) -> None:
    kept = zhipuai.reply("files.create", file=JOBS, purpose="batch")["id"]
    batch: Body = {
        "completion_window": "24h",
        "endpoint": "/v4/chat/completions",
        "input_file_id": kept,
        "auto_delete_input_file": False,
        "metadata": {"of": "today"},
    }
    first, second = (zhipuai.reply("batches.create", **batch)["id"] for _ in range(2))
    done = zhipuai.until_it_ended("batches.retrieve", "status", batch_id=first)
    cancelled = zhipuai.reply("batches.cancel", batch_id=second)
    [answers] = zhipuai.replies("files.content", {"file_id": done["output_file_id"]})
    pages = zhipuai.replies("batches.list", {"limit": 1})

    assert json.loads(str(answers))["custom_id"] == "job-0001"
    assert cancelled["status"] in ("cancelling", "cancelled")
    assert {batch["id"] for batch in pages if is_object(batch)} == {first, second}


def test_it_reads_documents(zhipuai: Older) -> None:
    task = zhipuai.reply("file_parser.create", file=PAPER, file_type="pdf", tool_type="lite")["task_id"]
    looks = [
        json.loads(str(zhipuai.replies("file_parser.content", {"task_id": task, "format_type": "text"})[0]))
        for _ in range(2)
    ]

    assert [look["status"] for look in looks] == ["processing", "succeeded"]


def test_it_waits_for_agents(zhipuai: Older) -> None:
    task: Body = {
        "agent_id": TRANSLATION["agent_id"],
        "async_id": zhipuai.reply("agents.invoke", **TRANSLATION)["async_id"],
    }
    assert zhipuai.until_it_ended("agents.async_result", "status", **task)["status"] == "success"


def test_it_signs_tokens(zhipuai: Older) -> None:
    chat: Body = {"model": "glm-4.7", **HI}
    answer = zhipuai.order(method="chat.completions.create", arguments=chat, signed=True)
    assert "error" not in answer
    assert zhipuai.sim.requests[0].headers["Authorization"].count(".") == 2


def test_it_hears_what_is_said(zhipuai: Older) -> None:
    reply = zhipuai.reply("chat.completions.create", model="glm-4.7", **HI)
    chunks = zhipuai.replies("chat.completions.create", {"model": "glm-4.7", **HI, "stream": True})

    pieces = [
        text_of(object_of(choice, "delta"), "content")
        for chunk in chunks
        if is_object(chunk)
        for choice in objects_of(chunk, "choices")
    ]
    assert object_of(objects_of(reply, "choices")[0], "message")["content"] == "hi"
    assert "".join(pieces) == "hi"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1211", "APIRequestFailedError"),
        ("1000", "APIAuthenticationError"),
        ("1302", "APIReachLimitError"),
        ("1305", "APIReachLimitError"),
        ("500", "APIInternalError"),
    ],
)
def test_it_tells_errors_apart(zhipuai: Older, code: str, error: str) -> None:
    zhipuai.sim.script(code=code)
    answer = zhipuai.order(method="chat.completions.create", arguments={"model": "glm-4.7", **HI})
    assert answer["error"] == error
    assert code in str(answer["says"])
