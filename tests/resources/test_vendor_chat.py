"""The chat examples of the vendor's pages: only the client, `await` and `async for` are new, and the prompts."""

from __future__ import annotations

import base64
import wave
from collections.abc import AsyncIterable
from pathlib import Path

import pytest

from zhipu_async import AsyncZhipuAI, ChatCompletionChunk
from zhipu_async.simulator import Simulator
from zhipu_async.types.chat_request import CharacterMeta, MessageParam

SLOGAN: list[MessageParam] = [
    {"role": "user", "content": "Write a slogan for my product."},
    {"role": "assistant", "content": "Gladly. What is it?"},
    {"role": "user", "content": "A teapot."},
]
META: CharacterMeta = {
    "user_info": "A gardener of sixty.",
    "bot_info": "A patient listener.",
    "bot_name": "Emohaa",
    "user_name": "Li",
}
TALK: list[MessageParam] = [
    {"role": "assistant", "content": "Hello, how are you?"},
    {"role": "user", "content": "My roses are ill."},
]
TEXT_MODELS = ["glm-5", "glm-4.7", "glm-4.6", "glm-4.5", "glm-4.5-air", "glm-4-0520", "glm-4", "glm-4-flash"]


def name(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


async def printed(response: AsyncIterable[ChatCompletionChunk]) -> str:
    pieces: list[str] = []
    async for chunk in response:
        if chunk.choices[0].delta.reasoning_content:
            pieces.append(chunk.choices[0].delta.reasoning_content)

        if chunk.choices[0].delta.content:
            pieces.append(chunk.choices[0].delta.content)
    return "".join(pieces)


@pytest.mark.parametrize("model", TEXT_MODELS)
async def test_a_text_model_answers(zhipu: AsyncZhipuAI, model: str) -> None:
    response = await zhipu.chat.completions.create(model=model, messages=SLOGAN)
    assert response.choices[0].message.content
    assert response.choices[0].message.role == "assistant"


async def test_a_text_model_thinks_and_streams(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(
        model="glm-4.7",
        messages=[
            {"role": "user", "content": "Write a slogan for my product."},
            {"role": "assistant", "content": "Gladly. What is it?"},
            {"role": "user", "content": "A teapot."},
        ],
        thinking={
            "type": "enabled",
        },
        stream=True,
        max_tokens=65536,
        temperature=1.0,
    )
    assert await printed(response)


async def test_an_older_model_streams_its_deltas(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(
        model="glm-4",
        messages=[
            {"role": "system", "content": "You know the planets."},
            {"role": "user", "content": "Tell me about Saturn."},
        ],
        stream=True,
    )
    deltas = [chunk.choices[0].delta async for chunk in response]
    assert deltas[0].role == "assistant"


async def test_a_model_calls_a_function(zhipu: AsyncZhipuAI) -> None:
    tools = [
        {
            "type": "function",
            "function": {
                "name": "query_train_info",
                "description": "Look up a train.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "departure": {"type": "string", "description": "a town or station"},
                        "destination": {"type": "string", "description": "a town or station"},
                        "date": {"type": "string", "description": "of the journey"},
                    },
                    "required": ["departure", "destination", "date"],
                },
            },
        }
    ]
    messages = [{"role": "user", "content": "Which train goes from Kunming to Dali tomorrow?"}]
    response = await zhipu.chat.completions.create(
        model="glm-4",
        messages=messages,
        tools=tools,
        tool_choice="auto",
    )
    assert response.choices[0].finish_reason == "tool_calls"
    assert response.choices[0].message.tool_calls[0].function.name == "query_train_info"


async def test_a_task_is_asked_until_it_is_done(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.asyncCompletions.create(
        model="glm-4",
        messages=[{"role": "user", "content": "Write a short fairy tale about kindness."}],
    )
    task_id = response.id
    task_status = ""
    get_cnt = 0

    while task_status != "SUCCESS" and task_status != "FAILED" and get_cnt <= 40:
        result_response = await zhipu.chat.asyncCompletions.retrieve_completion_result(id=task_id)
        task_status = result_response.task_status

        get_cnt += 1
        if task_status == "SUCCESS":
            assert result_response.choices[0].message.content
    assert task_status == "SUCCESS"


async def test_a_persona_answers(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(model="emohaa", meta=META, messages=TALK)
    assert response.choices[0].message.content


async def test_a_persona_streams(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(model="emohaa", meta=META, messages=TALK, stream=True)
    deltas = [chunk.choices[0].delta async for chunk in response]
    assert any(delta.content for delta in deltas)


async def test_a_persona_answers_as_a_task(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.asyncCompletions.create(model="emohaa", meta=META, messages=TALK)
    result_response = await zhipu.chat.asyncCompletions.retrieve_completion_result(id=response.id)
    assert result_response.id == response.id


@pytest.mark.parametrize("model", ["glm-4.6v", "glm-4.5v", "glm-4.1v-thinking-flashx"])
async def test_a_vision_model_sees_a_url(zhipu: AsyncZhipuAI, model: str) -> None:
    response = await zhipu.chat.completions.create(
        model=model,
        messages=[
            {
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://example.org/table.png"}},
                    {"type": "text", "text": "Where is the second cup?"},
                ],
                "role": "user",
            }
        ],
        thinking={"type": "enabled"},
    )
    assert response.choices[0].message.content


async def test_a_vision_model_streams(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(
        model="glm-4.6v",
        messages=[
            {
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://example.org/table.png"}},
                    {"type": "text", "text": "Where is the second cup?"},
                ],
                "role": "user",
            }
        ],
        thinking={"type": "enabled"},
        stream=True,
    )
    assert await printed(response)


async def test_a_vision_model_sees_base64(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    img_path = name(tmp_path / "cat.png", b"\x89PNG\r\n\x1a\n")
    with open(img_path, "rb") as img_file:  # noqa: ASYNC230
        img_base = base64.b64encode(img_file.read()).decode("utf-8")

    response = await zhipu.chat.completions.create(
        model="glm-4.6v",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": img_base}},
                    {"type": "text", "text": "Describe it."},
                ],
            }
        ],
        thinking={"type": "enabled"},
    )
    assert response.choices[0].message.content


async def test_a_vision_model_watches_a_video(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(
        model="glm-4.6v",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "video_url", "video_url": {"url": "https://example.org/cat.mov"}},
                    {"type": "text", "text": "What happens?"},
                ],
            }
        ],
        thinking={"type": "enabled"},
    )
    assert response.choices[0].message.content


async def test_a_vision_model_reads_files(zhipu: AsyncZhipuAI) -> None:
    response = await zhipu.chat.completions.create(
        model="glm-4.6v",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "file_url", "file_url": {"url": "https://example.org/a.txt"}},
                    {"type": "file_url", "file_url": {"url": "https://example.org/b.pdf"}},
                    {"type": "text", "text": "What do they say?"},
                ],
            }
        ],
        thinking={"type": "enabled"},
    )
    assert response.choices[0].message.content


async def test_a_voice_is_heard_and_answers(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    def save_audio_as_wav(audio_data: bytes, filepath: str) -> None:
        with wave.open(filepath, "wb") as wav_file:
            wav_file.setnchannels(1)
            wav_file.setsampwidth(2)
            wav_file.setframerate(44100)
            wav_file.writeframes(audio_data)

    input_wav_path = str(tmp_path / "question.wav")
    save_audio_as_wav(bytes(4410), input_wav_path)
    with open(input_wav_path, "rb") as f:  # noqa: ASYNC230
        base64_voice = base64.b64encode(f.read()).decode("utf-8")

    response = await zhipu.chat.completions.create(
        model="glm-4-voice",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Repeat slowly."},
                    {"type": "input_audio", "input_audio": {"data": base64_voice, "format": "wav"}},
                ],
            }
        ],
        stream=False,
    )
    assert response.choices[0].message.content

    audio_data = response.choices[0].message.audio["data"]
    decoded_data = base64.b64decode(audio_data)
    save_audio_as_wav(decoded_data, str(tmp_path / "output.wav"))
    assert decoded_data
    assert all(seen.unknown_fields == () for seen in zhipu_simulator.requests)
