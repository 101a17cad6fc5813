"""Every line of the tables in docs/migrating.md: both sides run, and send the same request."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import re
from collections.abc import AsyncIterable, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import BinaryIO, Literal, Protocol

import openai
import pytest
import zai

from zhipu_async import AsyncZhipuAI, errors
from zhipu_async.simulator import Cut, Received, Reset, Simulator, SimulatorThread
from zhipu_async.simulator.shapes import is_object
from zhipu_async.types.sound import wav

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "migrating.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `.*$", re.MULTILINE)
KEYWORD = re.compile(r"`(\w+)=")
CELL = re.compile(r"`([^`]+)`")
MISPLACED = "/paas/v4/v1/"  # where zai-sdk looks for the agents when it is given a base_url

pytestmark = pytest.mark.peers


class Client(Protocol):
    def close(self) -> object: ...


def rows(heading: str) -> Iterator[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield CELL.findall(line)


def table(heading: str) -> list[tuple[str, str]]:
    return [(theirs, ours) for theirs, ours in rows(heading)]


def client_rows(page: str) -> list[list[str]]:
    """The table of the clients' arguments, which has words of its language in its cells."""
    lines = page.partition("client = ZhipuAiClient()")[0].splitlines()
    return [line.strip("|").split(" | ") for line in lines if line.startswith("| ")][2:]


def after_client(page: str) -> str:
    return page.partition("client = ZhipuAiClient()")[2]


class Desk:
    """What the lines of the tables find lying around."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.zhipu = AsyncZhipuAI(simulator.api_key, base_url=simulator.base_url)
        self.names: dict[str, object] = {"open": self._open, "zhipu": self.zhipu}
        self.opened: list[BinaryIO] = []
        self._folder = folder

    def _open(self, path: str, mode: Literal["rb"]) -> BinaryIO:
        """What the tables open and do not close."""
        self.opened.append(Path(path).open(mode))  # noqa: SIM115  (closed in `close`)
        return self.opened[-1]

    async def close(self) -> None:
        for file in self.opened:
            file.close()
        await self.zhipu.close()

    async def lay_out(self, line: str) -> None:
        """Make what the line mentions."""
        said = [{"role": "user", "content": "Say hi"}]
        said_in_parts = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
        path, paper, picture = (self._folder / name for name in ("hi.wav", "paper.txt", "note.png"))
        path.write_bytes(wav(bytes(32_000), 16_000))
        paper.write_text("hello")
        picture.write_bytes(b"\x89PNG\r\n\x1a\n")
        self.names |= {"m": said, "parts_m": said_in_parts, "texts": ["cats", "dogs"], "path": str(path)}
        self.names |= {"paper": str(paper), "picture": str(picture), "assistant": "65940acff94777010aa6b796"}
        if re.search(r"\b\w+_task\b|base_id", line):
            await self._prepare_tasks()
        if re.search(r"\b(file|batch|voice|sample|output)_id\b|batch_file", line):
            await self._prepare_files(path)

    async def _prepare_tasks(self) -> None:
        zhipu = self.zhipu
        said = [{"role": "user", "content": [{"type": "file_id", "file_id": "agent-1"}]}]
        languages = {"from_lang": "English", "to_lang": "German"}
        chat = await zhipu.chat.completions.submit(model="glm-4.7", messages="hi")
        video = await zhipu.videos.submit(model="cogvideox-3", prompt="a cat")
        agent = await zhipu.agents.submit(
            agent_id="doc_translation_agent", messages=said, custom_variables=languages
        )
        base = await zhipu.knowledge.create(name="cats", embedding_id=3)
        self.names |= {
            "chat_task": chat.id,
            "video_task": video.id,
            "agent_task": agent.id,
            "base_id": base.id,
        }

    async def _prepare_files(self, path: Path) -> None:
        zhipu = self.zhipu
        zhipu.tasks.polling.scale = 0.002
        line = (
            b'{"custom_id": "job-0001", "method": "POST", "url": "/v4/chat/completions", "body": '
            b'{"model": "glm-4-plus", "messages": [{"role": "user", "content": "hi"}]}}\n'
        )
        file = await zhipu.files.upload(file=("a.jsonl", line), purpose="batch")
        done = await (await zhipu.batches.submit(input_file_id=file.id, auto_delete_input_file=False))
        batch = await zhipu.batches.create(input_file_id=file.id, auto_delete_input_file=False)
        sample = await zhipu.files.upload(file=path, purpose="voice-clone-input")
        voice = await zhipu.voices.clone(
            model="glm-tts-clone", voice_name="mine", input="hi", file_id=sample.id
        )
        self.names |= {
            "batch_file": file.id,
            "file_id": file.id,
            "batch_id": batch.id,
            "voice_id": voice.voice,
        }
        self.names |= {"sample_id": sample.id, "output_id": done.output_file_id}

    def sent_by(self, expression: str, runner: asyncio.Runner) -> Received:
        """Run one side of a line and return its first request."""
        before = len(self.simulator.requests)
        code: CodeType = compile(
            expression, "migrating.md", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        outcome: object = eval(code, self.names)
        if inspect.iscoroutine(outcome):
            outcome = runner.run(outcome)
        if isinstance(outcome, AsyncIterable):
            runner.run(drained(outcome))  # pyright: ignore[reportUnknownArgumentType]
        return self.simulator.requests[before]


async def drained(stream: AsyncIterable[object]) -> None:
    async for _ in stream:
        pass


@contextmanager
def laid_out(line: str, folder: Path, runner: asyncio.Runner) -> Generator[Desk]:
    with SimulatorThread() as simulator:
        desk = Desk(simulator, folder)
        runner.run(desk.lay_out(line))
        yield desk
        runner.run(desk.close())


def compare(folder: Path, make_client: Callable[..., Client] | None, theirs: str, ours: str) -> None:
    with asyncio.Runner() as runner:
        with laid_out(ours, folder, runner) as desk:
            right = desk.sent_by(ours, runner)
            assert right.status == 200, right.code
        if make_client is None:
            return
        with laid_out(theirs, folder, runner) as desk:
            address = {"api_key": desk.simulator.api_key, "base_url": desk.simulator.base_url}
            client = desk.names["client"] = make_client(**address)
            left = desk.sent_by(theirs, runner)
            leave(client, runner)
        assert left.method == right.method
        assert steady(left.path.replace(MISPLACED, "/v1/")) == steady(right.path)
        assert disagreements(left.body, right.body) == {}


def steady(text: str) -> str:
    """The text without the time, which ids hold."""
    return re.sub(r"\d{6,}", "", text.lower())


def disagreements(left: object, right: object) -> dict[str, tuple[object, object]]:
    """Fields that both send, with other values: each client has defaults and ids of its own, and loves its case."""
    if not (is_object(left) and is_object(right)):
        return {}
    return {
        name: (left[name], right[name])
        for name in left.keys() & right.keys() - {"request_id"}
        if steady(str(left[name])) != steady(str(right[name]))
    }


def leave(client: Client, runner: asyncio.Runner) -> None:
    """Close either kind of client; its connections go a moment later."""

    async def settled() -> None:
        closing = client.close()
        if inspect.isawaitable(closing):
            await closing
        await asyncio.sleep(0)

    runner.run(settled())


@pytest.mark.parametrize(("theirs", "ours"), table("From zai-sdk"))
def test_a_line_for_zai_sdk(tmp_path: Path, theirs: str, ours: str) -> None:
    compare(tmp_path, zai.ZhipuAiClient, theirs, ours)


@pytest.mark.parametrize(("theirs", "ours"), table("From zhipuai"))
def test_a_line_for_zhipuai(tmp_path: Path, theirs: str, ours: str) -> None:
    compare(tmp_path, None, theirs, ours)  # it asks for addresses that are gone


@pytest.mark.parametrize(("theirs", "ours"), table("From openai"))
def test_a_line_for_openai(tmp_path: Path, theirs: str, ours: str) -> None:
    compare(tmp_path, openai.AsyncOpenAI, theirs, ours)


@pytest.mark.parametrize("names", list(rows("Errors")))
def test_errors_are_called_as_the_table_says(names: list[str]) -> None:
    homes: list[ModuleType] = [importlib.import_module("zai.core"), openai, errors]
    for home, name in zip(homes, names, strict=True):
        assert isinstance(vars(home)[name], type)


def test_the_arguments_of_the_clients_are_called_as_the_table_says() -> None:
    signatures = [inspect.signature(kind) for kind in (zai.ZhipuAiClient, openai.AsyncOpenAI)]
    for theirs, ours in client_rows(PAGE):
        assert {*KEYWORD.findall(theirs)} <= {name for known in signatures for name in known.parameters}
        assert {*KEYWORD.findall(ours)} <= {*inspect.signature(AsyncZhipuAI).parameters}


def test_the_chinese_page_has_the_same_lines() -> None:
    chinese = (DOCS / "zh" / "migrating.md").read_text(encoding="utf-8")
    assert ROW.findall(after_client(chinese)) == ROW.findall(after_client(PAGE))
    written = [KEYWORD.findall("".join(row)) for row in client_rows(PAGE)]
    assert [KEYWORD.findall("".join(row)) for row in client_rows(chinese)] == written


def test_the_tables_are_not_empty() -> None:
    assert len(table("From zai-sdk")) > 30
    assert len(table("From openai")) > 10


# ── what the README says of zai-sdk ────────────────────────────────────────────────────────────────


def test_zai_sdk_submits_a_video_four_times(
    zhipu_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    zhipu_simulator.script(fault=Reset("after_body"), times=None)
    with closing(
        zai.ZhipuAiClient(api_key=zhipu_simulator.api_key, base_url=zhipu_simulator.base_url)
    ) as client:
        with pytest.raises(Exception, match=r"[Cc]onnection"):
            client.videos.generations(model="cogvideox-3", prompt="a cat")  # pyright: ignore[reportUnknownMemberType]
    assert len(zhipu_simulator.requests) == 4


def test_zai_sdk_takes_half_a_stream_for_a_whole_one(zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(pieces=["one ", "two ", "three"], fault=Cut(after_events=2, politely=True))
    with closing(
        zai.ZhipuAiClient(api_key=zhipu_simulator.api_key, base_url=zhipu_simulator.base_url)
    ) as client:
        said = [{"role": "user", "content": "Count"}]
        chunks = list(client.chat.completions.create(model="glm-4.7", messages=said, stream=True))
    assert len(chunks) == 2


async def test_this_client_does_neither(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(fault=Reset("after_body"))
    zhipu_simulator.script(pieces=["one ", "two ", "three"], fault=Cut(after_events=2, politely=True))
    with pytest.raises(errors.MaybeSubmitted):
        await zhipu.videos.submit(model="cogvideox-3", prompt="a cat")
    with pytest.raises(errors.StreamInterrupted) as caught:
        await zhipu.chat.completions.stream(model="glm-4.7", messages="Count").finish()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "one two "
    assert len(zhipu_simulator.requests) == 2
