"""Voices over a real socket: cloned, listed, used, deleted."""

from __future__ import annotations

import pytest

from tests.hostile import Answer, error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, MaybeSubmitted, PermissionDeniedError
from zhipu_async.simulator import Simulator
from zhipu_async.types.voices import ClonedVoice, VoiceType


async def cloned(zhipu: AsyncZhipuAI, name: str = "my voice") -> ClonedVoice:
    sample = await zhipu.audio.speech.create(input="hello", response_format="wav")
    file = await zhipu.files.upload(file=("me.wav", sample.content), purpose="voice-clone-input")
    return await zhipu.voices.clone(
        model="glm-tts-clone",
        voice_name=name,
        input="This is a sample.",
        file_id=file.id,
        text="hello",
        request_id="req-vc-0001",
    )


async def test_a_voice_is_cloned_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    voice = await cloned(zhipu)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/voice/clone")
    assert request.body == {
        "model": "glm-tts-clone",
        "voice_name": "my voice",
        "input": "This is a sample.",
        "file_id": zhipu_simulator.requests[-1].body["file_id"],
        "text": "hello",
        "request_id": "req-vc-0001",
    }
    assert request.unknown_fields == ()
    assert voice.voice
    assert (voice.file_purpose, voice.request_id) == ("voice-clone-output", "req-vc-0001")
    assert (await zhipu.audio.speech.create(input="hello", voice=voice.voice)).content


async def test_voices_are_listed_one_by_one_or_all_at_once(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    voice = await cloned(zhipu, "小 one")
    listed = await zhipu.voices.list(voice_type=VoiceType.PRIVATE, voice_name="小 o")
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("GET", "/api/paas/v4/voice/list")
    assert request.query == {"voiceType": "PRIVATE", "voiceName": "小 o"}
    assert [(found.voice, found.voice_name, found.voice_type) for found in listed.voice_list] == [
        (voice.voice, "小 one", "PRIVATE")
    ]
    assert listed.voice_list[0].create_time
    assert (await zhipu.download(listed.voice_list[0].download_url)).startswith(b"RIFF")
    ids = [found.voice async for found in zhipu.voices.list()]
    assert zhipu_simulator.requests[-1].query == {}
    assert "tongtong" in ids
    assert voice.voice in ids


@pytest.mark.parametrize("answer", [{"voice_list": None}, {}])
async def test_no_voices_are_an_empty_list(answer: object) -> None:
    async with hostile(reply(answer)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert [voice async for voice in zhipu.voices.list()] == []
        assert (await zhipu.voices.list()).voice_list == []
    assert len(server.requests) == 2


async def test_a_voice_is_deleted_by_its_id(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    voice = (await cloned(zhipu)).voice
    gone = await zhipu.voices.delete(voice, request_id="req-vd-0001")
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/voice/delete")
    assert request.body == {"voice": voice, "request_id": "req-vd-0001"}
    assert gone.voice == voice
    assert gone.update_time
    assert (await zhipu.voices.list(voice_type="PRIVATE")).voice_list == []


async def test_what_cannot_be_done_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.voices.clone(voice_name="x", input="y", file_id="none")
    assert caught.value.endpoint == "voices.clone"
    with pytest.raises(BadRequestError):
        await zhipu.voices.list(voice_type="FRIENDLY")
    with pytest.raises(PermissionDeniedError):
        await zhipu.voices.delete("tongtong")


@pytest.mark.parametrize("bad", [hang_up, error("500", 500)])
async def test_a_voice_is_never_cloned_twice(bad: Answer) -> None:
    async with hostile(bad) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted) as caught:
            await zhipu.voices.clone(voice_name="x", input="y", file_id="f")
    assert len(server.requests) == 1
    assert caught.value.request_id == server.requests[0].json["request_id"]


async def test_a_lost_deletion_is_repeated() -> None:
    async with hostile(hang_up, reply({"voice": "v"})) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            assert (await zhipu.voices.delete("v")).voice == "v"
    assert len(server.requests) == 2
