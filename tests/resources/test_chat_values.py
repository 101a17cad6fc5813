"""`parse`, `run` and content parts, from the client to the local platform and back."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import msgspec
import pydantic
import pytest

from zhipu_async import AsyncZhipuAI, parts
from zhipu_async.errors import InvalidOutput, InvalidType, OutputTruncated, StreamDamaged, ToolRoundsExceeded
from zhipu_async.flows.tools import tool
from zhipu_async.simulator import Simulator, Splice
from zhipu_async.types.chat_request import ContentPart
from zhipu_async.types.toolrun import RoundFinished, ToolFinished, ToolStarted

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1, 1)
MP4 = b"\x00\x00\x00\x18ftypisom"
WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", 0
)


class City(msgspec.Struct):
    """A city.

    Attributes:
        name: as its people write it
    """

    name: str
    people: int
    twins: list[str] = []


@dataclass
class Town:
    name: str


class Village(TypedDict):
    name: str


class Hamlet(pydantic.BaseModel):
    name: str
    houses: list[int] = []


@tool
async def weather(city: str, days: int = 1) -> dict[str, object]:
    """Forecast the weather.

    Args:
        city: where
        days: how many
    """
    return {"city": city, "days": days, "sky": "clear"}


# ── parse ──────────────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_becomes_a_value_of_any_kind_of_type(zhipu: AsyncZhipuAI) -> None:
    ask = zhipu.chat.completions.parse
    city = await ask(model="glm-4.7", messages="Tell me about 北京.", into=City)
    assert isinstance(city.value, City)
    assert city.attempts == 1
    assert city.usage == city.completion.usage
    assert isinstance((await ask(model="glm-4.7", messages="A town.", into=Town)).value, Town)
    village: Village = (await ask(model="glm-4.7", messages="A village.", into=Village)).value
    assert village["name"]
    assert isinstance((await ask(model="glm-4.7", messages="A hamlet.", into=Hamlet)).value, Hamlet)
    cities = (await ask(model="glm-4.7", messages="Two cities.", into=list[City])).value
    assert all(isinstance(each, City) for each in cities)


async def test_a_wrong_answer_is_repaired(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script('Here it is:\n```json\n{"name": "北京"}\n```')
    zhipu_simulator.script('{"name": "北京", "people": 21893095}')
    parsed = await zhipu.chat.completions.parse(model="glm-4.7", messages="Tell me about 北京.", into=City)
    assert parsed.value == City("北京", 21893095)
    assert parsed.attempts == 2
    first, second = zhipu_simulator.requests
    assert "missing required field `people`" in second.text
    assert first.body["response_format"] == {"type": "json_object"}
    assert first.unknown_fields == second.unknown_fields == ()


async def test_what_is_never_right_is_an_error_with_the_answer(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script("I would rather not.", times=None)
    with pytest.raises(InvalidOutput) as caught:
        await zhipu.chat.completions.parse(model="glm-4.7", messages="A city.", into=City, repairs=1)
    assert caught.value.attempts == len(zhipu_simulator.requests) == 2
    assert caught.value.completion is not None
    assert caught.value.completion.text == "I would rather not."


async def test_an_answer_that_was_cut_is_told_apart(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script('{"name": "北', finish_reason="length")
    with pytest.raises(OutputTruncated):
        await zhipu.chat.completions.parse(model="glm-4.7", messages="A city.", into=City)


# ── run ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_run_calls_tools_until_the_model_is_done(zhipu: AsyncZhipuAI) -> None:
    result = await zhipu.chat.completions.run(model="glm-4.7", messages="Weather in Paris?", tools=[weather])
    (call,) = result.calls
    assert call.call.name == "weather"
    assert "clear" in call.output
    assert "clear" in result.text
    assert result.rounds == 2


@pytest.mark.parametrize("tool_stream", [False, True])
async def test_a_run_tells_what_happens(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tool_stream: bool
) -> None:
    zhipu_simulator.script(
        tool_calls=[
            {"name": "weather", "arguments": {"city": "Paris"}},
            {"name": "weather", "arguments": '{"city": 7}'},
        ]
    )
    kinds: list[type] = []
    async with zhipu.chat.completions.run(
        model="glm-4.7", messages="Weather in Paris?", tools=[weather], tool_stream=tool_stream
    ) as run:
        async for event in run.events():
            if isinstance(event, RoundFinished | ToolStarted | ToolFinished):
                kinds.append(type(event))
    assert kinds == [
        RoundFinished,
        ToolStarted,
        ToolStarted,
        ToolFinished,
        ToolFinished,
        RoundFinished,
    ]
    assert [call.ok for call in run.result.calls] == [True, False]
    assert "Expected `str`, got `int`" in zhipu_simulator.requests[1].text


async def test_a_run_in_circles_ends(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(tool_calls=[{"name": "weather", "arguments": {"city": "Paris"}}], times=None)
    with pytest.raises(ToolRoundsExceeded):
        await zhipu.chat.completions.run(
            model="glm-4.7", messages="Weather in Paris?", tools=[weather], max_rounds=3
        )
    assert len(zhipu_simulator.requests) == 3


async def test_frames_that_cannot_be_told_apart_end_a_run(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(pieces=["It ", "is ", "clear."], fault=Splice(after_events=1))
    async with zhipu.chat.completions.run(model="glm-4.7", messages="Weather?", tools=[weather]) as run:
        with pytest.raises(StreamDamaged):
            _ = [event async for event in run.events()]


async def test_tools_go_into_a_plain_call_and_arguments_come_out(zhipu: AsyncZhipuAI) -> None:
    reply = await zhipu.chat.completions.create(
        model="glm-4.7", messages="Use weather for Paris.", tools=[weather]
    )
    (call,) = reply.tool_calls
    assert '"sky":"clear"' in await weather.invoke(call.arguments)


async def test_a_bare_function_is_refused_with_the_way_out(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidType, match="Decorate the function with @tool"):
        await zhipu.chat.completions.create(
            model="glm-4.7",
            messages="hi",
            tools=[len],  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        )


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "part"),
    [
        ("glm-4.6v", parts.image("https://example.org/cat.png")),
        ("glm-4.6v", parts.image(PNG)),
        ("glm-4.6v", parts.video("https://example.org/cat.mp4")),
        ("glm-4.6v", parts.video(MP4)),
        ("glm-4.6v", parts.file("https://example.org/cat.pdf")),
        ("glm-4.6v", parts.file(b"%PDF-1.7", filename="cat.pdf")),
        ("glm-4-voice", parts.audio(WAV)),
    ],
)
async def test_the_platform_takes_the_parts(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, model: str, part: ContentPart
) -> None:
    await zhipu.chat.completions.create(
        model=model, messages=[{"role": "user", "content": [part, parts.text("What is it?")]}]
    )
    (seen,) = zhipu_simulator.requests
    assert seen.unknown_fields == ()


async def test_files_are_read_for_calls_streams_and_tasks(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    cat = tmp_path / "cat.png"
    cat.write_bytes(PNG)
    content = [parts.image(cat), parts.text("What is it?")]
    await zhipu.chat.completions.create(model="glm-4.6v", messages=[{"role": "user", "content": content}])
    async with zhipu.chat.completions.stream(
        model="glm-4.6v", messages=[{"role": "user", "content": content}]
    ) as stream:
        await stream.finish()
    await zhipu.chat.completions.submit(model="glm-4.6v", messages=[{"role": "user", "content": content}])
    sent = [seen.body["messages"] for seen in zhipu_simulator.requests if seen.method == "POST"]
    assert sent[0] == sent[1] == sent[2]
    assert "iVBORw0KGgo" in str(sent[0])
