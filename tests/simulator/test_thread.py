"""The simulator beside the program, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.request

import pytest

from zhipu_async.simulator import Simulator, SimulatorThread, Stall


def ask(sim: Simulator, prompt: str = "hi") -> str:
    """Ask from blocking code, with nothing but the standard library."""
    body = json.dumps({"model": "glm-4.7", "messages": [{"role": "user", "content": prompt}]}).encode()
    headers = {"Authorization": f"Bearer {sim.api_key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{sim.base_url}/chat/completions", body, headers)
    with urllib.request.urlopen(request) as response:
        content: bytes = response.read()
        return content.decode()


def test_blocking_code_can_script_ask_and_look() -> None:
    with SimulatorThread() as sim:
        sim.script("from the thread")
        assert "from the thread" in ask(sim)
        assert sim.requests[0].model == "glm-4.7"


def test_settings_come_with_a_simulator_of_ones_own() -> None:
    with SimulatorThread(Simulator(api_keys=["my.key"])) as sim:
        assert sim.api_key == "my.key"
        assert "You said" in ask(sim)


def test_stalled_answers_are_released_from_another_thread() -> None:
    with SimulatorThread() as sim:
        sim.script("late", fault=Stall())
        answers: list[str] = []
        asking = threading.Thread(target=lambda: answers.append(ask(sim)))
        asking.start()
        asyncio.run(sim.until(lambda: sim.counts.in_flight == 1))
        assert not answers
        sim.release()
        asking.join(10)
        assert "late" in answers[0]


def test_connections_are_refused_from_another_thread() -> None:
    with SimulatorThread() as sim:
        with sim.refusing_connections(), pytest.raises(urllib.error.URLError, match="refused"):
            ask(sim)
        assert "You said" in ask(sim)


async def test_it_can_be_awaited_in_another_loop() -> None:
    with SimulatorThread() as sim:
        waiting = asyncio.create_task(sim.received(1))
        await asyncio.to_thread(ask, sim)
        assert len(await waiting) == 1


def test_a_port_in_use_is_told_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        SimulatorThread(Simulator(port=taken.getsockname()[1])).start()


def test_stopping_twice_does_no_harm_and_leaves_no_thread() -> None:
    thread = SimulatorThread()
    thread.start()
    thread.stop()
    thread.stop()
    assert "zhipu-simulator" not in {other.name for other in threading.enumerate()}


def test_many_can_run_at_once() -> None:
    with SimulatorThread() as one, SimulatorThread() as other:
        one.script("one")
        other.script("other")
        assert "other" in ask(other)
        assert "one" in ask(one)
