"""The FastAPI example in a real browser: type, see tokens arrive, press stop, see the upstream close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from tests import example
from tests.chromium import Page, chromium, executable
from zhipu_async.simulator import Simulator, Stall

SCREENSHOT = Path(__file__).parents[1] / ".artifacts" / "fastapi_app.png"
LAST_STATUS = "document.querySelector('.status:last-child')?.textContent"
LAST_ANSWER = "[...document.querySelectorAll('.answer')].at(-1)?.textContent"

pytestmark = pytest.mark.skipif(executable() is None, reason="needs a browser: apt-get install chromium")


@pytest_asyncio.fixture
async def address(zhipu_simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[str]:
    """Serve the example as it stands, led to the simulator by the environment."""
    monkeypatch.setenv("ZHIPUAI_API_KEY", zhipu_simulator.api_key)
    monkeypatch.setenv("ZHIPUAI_BASE_URL", zhipu_simulator.base_url)
    app = example.load("fastapi_app").app
    assert isinstance(app, FastAPI)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest_asyncio.fixture
async def page(address: str, tmp_path: Path) -> AsyncGenerator[Page]:
    async with chromium(tmp_path) as page:
        await page.go(address)
        yield page


def keep(screenshot: bytes) -> None:
    SCREENSHOT.parent.mkdir(exist_ok=True)
    SCREENSHOT.write_bytes(screenshot)


async def ask(page: Page, question: str) -> None:
    await page.click("#question")
    await page.type(question)
    await page.press_enter()


async def test_tokens_arrive_one_by_one_and_stop_closes_the_stream(
    page: Page, zhipu_simulator: Simulator
) -> None:
    sim = zhipu_simulator
    sim.script(
        pieces=["Tea ", "was first ", "drunk in ", "China, ", "some say ", "by an ", "emperor."],
        reasoning="They ask for history; a sentence will do.",
        fault=Stall(after_events=15),
    )
    await ask(page, "Who drank the first tea?")
    await page.until(f"{LAST_ANSWER}?.startsWith('Tea was first')")
    await page.until("document.querySelector('.thinking').textContent.startsWith('They ask')")
    assert await page.evaluate("document.getElementById('button').textContent") == "Stop"
    assert sim.counts.in_flight == 1
    keep(await page.screenshot())

    await page.click("#button")
    await page.until(f"{LAST_STATUS} === 'stopped'")
    await sim.until(lambda: sim.requests[0].gone)
    assert sim.counts.in_flight == 0

    sim.script("In China.", reasoning="Short.")
    await ask(page, "In one word?")
    await page.until(f"{LAST_STATUS} === 'done'")
    assert await page.evaluate(LAST_ANSWER) == "In China."


async def test_a_tab_that_is_closed_closes_the_stream(page: Page, zhipu_simulator: Simulator) -> None:
    sim = zhipu_simulator
    sim.script("never ends", fault=Stall(after_events=2))
    await ask(page, "Hello?")
    await sim.until(lambda: sim.counts.in_flight == 1)
    await page.command("Page.close")
    await sim.until(lambda: sim.requests[0].gone)


async def test_what_the_platform_refuses_is_shown(page: Page, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(code="1301")
    await ask(page, "Something bad")
    await page.until(f"{LAST_STATUS}?.includes('unsafe')")
    assert await page.evaluate("document.getElementById('button').textContent") == "Ask"
