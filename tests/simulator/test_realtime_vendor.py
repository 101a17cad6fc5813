"""The flows of the vendor's four Python samples, message for message in their shape, on plain websockets."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect

from tests.simulator.realtime_room import (
    TOOL,
    Caller,
    encoded,
    only,
    part,
    served,
    silence,
    speech,
    status,
    types,
    wav,
)
from zhipu_async.simulator.realtime import Realtime
from zhipu_async.simulator.realtime_session import Conduct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RATE = 22_050  # what the samples' recordings have
KNOWN_STATUS = {"in_progress", "completed", "cancelled", "incomplete", "failed"}
HEADERS = {"Authorization": "Bearer id.secret"}
USER_AGENT = "zhipu-rtclient/0.5.3 Python/3.11.7"
CLIENT_VAD: dict[str, object] = {"type": "client_vad"}
SERVER_VAD: dict[str, object] = {
    "type": "server_vad",
    "threshold": 0.0,
    "prefix_padding_ms": 0,
    "silence_duration_ms": 0,
}
TRAILING_CHUNK = b"LIST\x04\0\0\0INFO"


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with (
        served(Realtime(Conduct(speed=math.inf))) as address,
        connect(
            address, additional_headers=HEADERS, user_agent_header=USER_AGENT, max_size=4 * 2**20
        ) as socket,
    ):
        yield Vendor(socket)


class Vendor(Caller):
    """Sends what the vendor's client sends: every field, null where nothing was set, a clock that is not the epoch."""

    async def configure(self, turn_detection: dict[str, object], chat_mode: str, tools: list[object]) -> None:
        unset = dict.fromkeys(
            ("model", "voice", "instructions", "input_audio_transcription", "tool_choice", "temperature")
        )
        session = {
            **unset,
            "modalities": ["audio", "text"],
            "input_audio_format": "wav",
            "output_audio_format": "pcm",
            "turn_detection": turn_detection,
            "tools": tools,
            "max_output_tokens": None,
            "beta_fields": {"chat_mode": chat_mode, "tts_source": "e2e", "auto_search": False},
        }
        await self.event("session.update", session=session, client_timestamp=None)

    async def event(self, type: str, **fields: object) -> None:
        stamp = {"event_id": "", "client_timestamp": int(asyncio.get_running_loop().time() * 1000)}
        await self.send(type, **{**stamp, **fields})

    async def append(self, file: bytes) -> None:
        await self.event("input_audio_buffer.append", audio=encoded(file))

    async def commit_and_ask(self) -> None:
        await self.event("input_audio_buffer.commit")
        await self.socket.send(json.dumps({"type": "response.create"}))

    async def receive(self) -> dict[str, object]:
        """Read as strictly as the vendor's models do where they end the session."""
        event = await super().receive()
        if event["type"] in ("session.created", "session.updated"):
            session = part(event, "session")
            assert {"id", "model", "modalities", "beta_fields"} <= set(session)
            assert session["input_audio_format"] in ("wav", "mp3", "pcm")
            assert session["output_audio_format"] in ("wav", "mp3", "pcm")
        if event["type"] in ("response.created", "response.done"):
            assert part(event, "response")["id"]
            assert status(event) in KNOWN_STATUS
        return event


async def test_the_audio_sample_completes(vendor: Vendor) -> None:
    await vendor.configure(CLIENT_VAD, "audio", [])
    await vendor.append(wav(speech(2_000, RATE), RATE) + TRAILING_CHUNK)
    await vendor.commit_and_ask()
    events = await vendor.until("response.done")
    assert "error" not in types(events)
    assert "conversation.item.input_audio_transcription.completed" in types(events)
    assert only(events, "response.audio.delta")


async def test_the_server_vad_sample_completes(vendor: Vendor) -> None:
    await vendor.configure(SERVER_VAD, "audio", [])
    pcm = speech(1_600, RATE) + silence(700, RATE)
    packet = RATE // 10 * 2
    for start in range(0, len(pcm), packet):
        await vendor.append(wav(pcm[start : start + packet], RATE))
    events = await vendor.until("response.done")
    assert "error" not in types(events)
    assert types(events)[4:7] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]


async def test_the_function_call_sample_completes(vendor: Vendor) -> None:
    await vendor.configure(CLIENT_VAD, "audio", [TOOL])
    await vendor.append(wav(speech(1_600, RATE), RATE))
    await vendor.commit_and_ask()
    call = (await vendor.until("response.function_call_arguments.done"))[-1]
    contact = json.loads(str(call["arguments"]))["contact_name"]
    output = json.dumps({"status": "success", "message": f"成功拨打电话给 {contact}"}, ensure_ascii=False)
    item = {"type": "function_call_output", "id": "", "call_id": "", "output": output, "status": None}
    await vendor.event("conversation.item.create", previous_item_id=None, item=item, client_timestamp=None)
    await vendor.socket.send(json.dumps({"type": "response.create"}))
    first_leg = await vendor.until("response.done")
    second_leg = await vendor.until("response.done")
    assert call["name"] == "phoneCall"
    assert "error" not in types(first_leg + second_leg)
    assert contact in str(only(second_leg, "response.audio_transcript.done")[0]["transcript"])


async def test_the_video_sample_completes(vendor: Vendor) -> None:
    frame = encoded(b"\xff\xd8\xff\xe0" + bytes(150_000))
    await vendor.configure(CLIENT_VAD, "video_passive", [])
    await vendor.append(wav(speech(1_000, RATE), RATE))
    for _ in range(2):
        await vendor.event("input_audio_buffer.append_video_frame", video_frame=frame)
    await vendor.commit_and_ask()
    events = await vendor.until("response.done")
    assert "error" not in types(events)
    assert "2帧" in str(only(events, "response.text.done")[0]["text"])
