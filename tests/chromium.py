"""A headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
STARTS_SECONDS = 60.0
ANSWERS_SECONDS = 30.0
LARGEST_MESSAGE = 64 * 2**20  # a screenshot


def executable() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.session: str = ""

    async def listen(self) -> None:
        async for message in self._socket:
            answer = json.loads(message)
            if answer.get("method") == "Page.loadEventFired":
                self._loaded.set()
            waiting = self._answers.pop(answer.get("id", 0), None)
            if waiting is not None:
                waiting.set_result(answer)

    async def command(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        session = {"sessionId": self.session} if self.session else {}
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params, **session}))
        async with asyncio.timeout(ANSWERS_SECONDS):
            answer = await self._answers[number]
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def go(self, url: str) -> None:
        """Open an address and wait until it is there."""
        await self.command("Page.enable")
        self._loaded.clear()
        await self.command("Page.navigate", url=url)
        async with asyncio.timeout(ANSWERS_SECONDS):
            await self._loaded.wait()

    async def evaluate(self, script: str) -> Any:
        """Return what JavaScript evaluates to, promises awaited."""
        got = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until JavaScript says yes; it is asked whenever the page changes."""
        await self.evaluate(
            "new Promise(resolve => { const look = () => { if ("
            + condition
            + ") { watch.disconnect(); resolve(); } };"
            "const watch = new MutationObserver(look);"
            "watch.observe(document, {subtree: true, childList: true, characterData: true}); look(); })"
        )

    async def type(self, text: str) -> None:
        await self.command("Input.insertText", text=text)

    async def press_enter(self) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                code="Enter",
                text="\r",
                windowsVirtualKeyCode=13,
            )

    async def click(self, selector: str) -> None:
        where = await self.evaluate(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1
            )

    async def screenshot(self) -> bytes:
        shot = await self.command("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncGenerator[Page]:
    """Run a browser with one empty page."""
    found = executable()
    assert found is not None
    process = await asyncio.create_subprocess_exec(
        found, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--window-size=900,760", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with connect(await _address(process), max_size=LARGEST_MESSAGE) as socket:
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            try:
                target = await page.command("Target.createTarget", url="about:blank")
                attached = await page.command(
                    "Target.attachToTarget", targetId=target["targetId"], flatten=True
                )
                page.session = attached["sessionId"]
                yield page
            finally:
                listening.cancel()
                await asyncio.wait([listening])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        assert process.stderr is not None
        await process.stderr.read()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(STARTS_SECONDS):
        async for line in process.stderr:
            _, found, address = line.decode(errors="replace").partition("DevTools listening on ")
            if found:
                return address.strip()
    raise AssertionError("the browser ended before it listened")
