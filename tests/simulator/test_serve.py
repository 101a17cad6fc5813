"""The command: starts, greets, shows requests, stops."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator.requests import Received
from zhipu_async.simulator.serve import serve, show

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

START = "import sys; from zhipu_async.simulator.serve import serve; sys.exit(serve(sys.argv[1:]))"


class Command:
    """The running command, read line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.base_url = self.key = ""

    async def line(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().rstrip()

    async def greeting(self) -> None:
        self.base_url = (await self.line()).split()[-1]
        self.key = (await self.line()).split()[-1]
        assert (await self.line()).endswith("/_simulator")
        assert "Ctrl-C" in await self.line()

    async def chat(self, **body: object) -> int:
        body = {"model": "glm-4.7", "messages": [{"role": "user", "content": "a secret"}], **body}
        headers = {"Authorization": f"Bearer {self.key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.base_url}/chat/completions", json=body) as response,
        ):
            return response.status

    async def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return await self.process.wait()


@asynccontextmanager
async def running(*options: str) -> AsyncGenerator[Command]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, "--port", "0", "--pace", "0", *options, stdout=asyncio.subprocess.PIPE
    )
    command = Command(process)
    try:
        await command.greeting()
        yield command
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_shows_each_request_and_stops_cleanly(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts.json"
    scripts.write_text(json.dumps([{"code": "1305"}]), encoding="utf-8")
    async with running("--script", str(scripts), "--api-key", "my.key") as command:
        assert command.key == "my.key"
        assert await command.chat(foo=1) == 429
        assert await command.chat(foo=1) == 200
        refused, fine = await command.line(), await command.line()
        assert refused.startswith("429 POST   /paas/v4/chat/completions")
        assert "1305" in refused
        assert fine.startswith("200")
        assert fine.endswith("glm-4.7  unknown: foo")
        assert await command.interrupt() == 0
        assert await command.line() == "2 requests answered."


async def test_it_has_the_caps_of_a_tier_and_can_be_quiet() -> None:
    async with running("--quiet", "--tier", "V1", "--seed", "7") as command:
        assert await command.chat() == 200
        assert await command.interrupt() == 0
        assert await command.line() == "1 requests answered."


def test_other_machines_are_kept_out_unless_meant(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        serve(["--host", "0.0.0.0"])
    assert "--allow-remote" in capsys.readouterr().err


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve(["--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.startswith("Cannot listen on 127.0.0.1")


def test_a_line_says_what_happened_and_never_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    received = Received(
        1, "GET", "/api/paas/v4/models", status=None, fault="Reset", gone=True, key="a.secret"
    )
    show(received)
    line = capsys.readouterr().out
    assert line.startswith("--- GET    /paas/v4/models")
    assert "Reset  client left" in line
    assert "secret" not in line
