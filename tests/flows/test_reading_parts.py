"""Files of messages are read when the request is sent, off the loop."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from zhipu_async import parts
from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.parts import history, with_files
from zhipu_async.protocol import parts as rules
from zhipu_async.protocol.chat_request import prepare
from zhipu_async.types.chat_request import ContentPart

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01"
SENT = {"type": "image_url", "image_url": {"url": base64.b64encode(PNG).decode()}}


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    return path


def asking(*content: ContentPart) -> list[dict[str, object]]:
    return [{"role": "system", "content": "be brief"}, {"role": "user", "content": content}]


async def test_paths_and_bytes_become_content(cat: Path) -> None:
    text = parts.text("What is it?")
    prepared = prepare("glm-4.6v", asking(parts.image(cat), parts.image(PNG), text), {"seed": 1})
    body = await with_files(prepared)
    assert body == {
        "model": "glm-4.6v",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [SENT, SENT, text]},
        ],
        "seed": 1,
    }


async def test_the_callers_messages_keep_their_parts_and_can_be_sent_again(cat: Path) -> None:
    messages = asking(parts.image(cat))
    prepared = prepare("glm-4.6v", messages, {})
    assert await with_files(prepared) == await with_files(prepared)
    assert messages == asking(parts.image(cat))


async def test_a_body_without_files_is_the_same_object() -> None:
    prepared = prepare("glm-4.7", "hi", {})
    assert await with_files(prepared) is prepared.body


async def test_a_part_can_be_read_alone(cat: Path) -> None:
    assert await parts.read(parts.image(str(cat))) == SENT
    assert await parts.read(parts.text("hi")) == {"type": "text", "text": "hi"}


async def test_files_are_read_once_for_all_rounds_of_a_talk(cat: Path) -> None:
    talk = await history(asking(parts.image(cat)))
    await asyncio.to_thread(cat.unlink)
    assert talk[1]["content"] == [SENT]
    assert await history("hi") == [{"role": "user", "content": "hi"}]


async def test_a_file_that_is_not_there_is_an_argument_that_cannot_work(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"cannot read .*cat\.png': No such file") as caught:
        await parts.read(parts.image(tmp_path / "cat.png"))
    assert isinstance(caught.value.__cause__, FileNotFoundError)


async def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="cannot read"):
        await parts.read(parts.file(tmp_path))


async def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as huge:
        huge.truncate(rules.LARGEST["image"] + 1)
    with pytest.raises(InvalidArgument, match=r"huge\.png has 5,242,881 bytes"):
        await parts.read(parts.image(path))


async def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"GIF89a")
    with pytest.raises(InvalidArgument, match=r"cat\.png is gif"):
        await parts.read(parts.image(path))


class SlowEncoding:
    """Stands in for the encoding of a large file: it notes its thread, and waits to be let go."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.began = asyncio.Event()
        self.go = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, content: bytes) -> str:
        self.threads.append(threading.current_thread())
        self.loop.call_soon_threadsafe(self.began.set)
        self.go.wait()
        return base64.b64encode(content).decode()


@pytest.fixture
async def slow(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlowEncoding]:
    encoding = SlowEncoding()
    monkeypatch.setattr(rules, "base64", encoding)
    yield encoding
    encoding.go.set()


async def test_the_loop_goes_on_while_a_thread_reads(cat: Path, slow: SlowEncoding) -> None:
    reading = asyncio.create_task(parts.read(parts.image(cat)))
    await slow.began.wait()
    assert not reading.done()
    slow.go.set()
    assert await reading == SENT
    assert threading.main_thread() not in slow.threads


async def test_cancelling_does_not_wait_for_the_thread(cat: Path, slow: SlowEncoding) -> None:
    reading = asyncio.create_task(parts.read(parts.image(cat)))
    await slow.began.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not slow.go.is_set()
