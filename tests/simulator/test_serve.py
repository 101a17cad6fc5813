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
        sys.executable, "-c", START, "--port", "0", "--pace", "0", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
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


async def test_letting_other_machines_in_is_warned_of_and_locks_the_control_url() -> None:
    async with running("--host", "0.0.0.0") as command, aiohttp.ClientSession() as session:
        assert command.process.stderr is not None
        assert (await command.process.stderr.readline()).startswith(b"Warning: everybody")
        assert command.base_url.startswith("http://127.0.0.1:")
        assert await command.chat() == 200
        async with session.get(command.base_url.replace("/api/paas/v4", "/_simulator/counts")) as response:
            assert response.status == 401


async def test_what_is_no_http_is_one_line_and_no_traceback() -> None:
    async with running() as command:
        port = int(command.base_url.split(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.0 400")
        writer.close()
        assert (await command.line()).startswith("400 what came is no HTTP")
        assert await command.interrupt() == 0
        assert command.process.stderr is not None
        assert await command.process.stderr.read() == b""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "99999"], "a port is a number from 0 to 65535"),
        (["--pace", "-1"], "a pace is a number from 0"),
        (["--pace", "nan"], "a pace is a number from 0"),
        (["--script", "/there/is/none.json"], "No such file"),
        (["--script", "{tmp_path}/scripts.json"], "no fault is called earthquake"),
    ],
)
def test_options_that_make_no_sense_are_told_in_a_sentence(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scripts.json").write_text('{"fault": "earthquake"}', encoding="utf-8")
    with pytest.raises(SystemExit):
        serve([option.format(tmp_path=tmp_path) for option in options])
    assert sentence in capsys.readouterr().err


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve(["--port", str(taken.getsockname()[1])]) == 1
    assert capsys.readouterr().err.startswith("Cannot listen on 127.0.0.1")


def test_whatever_a_model_is_called_the_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(Received(1, "POST", "/x\n200 OK", body={"model": "a\n\x1b[31mred 模型"}, status=400))
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert r"a\n\x1b[31mred 模型" in line


def test_a_line_says_what_happened_and_never_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    received = Received(
        1, "GET", "/api/paas/v4/models", status=None, fault="Reset", gone=True, key="a.secret"
    )
    show(received)
    line = capsys.readouterr().out
    assert line.startswith("--- GET    /paas/v4/models")
    assert "Reset  client left" in line
    assert "secret" not in line
