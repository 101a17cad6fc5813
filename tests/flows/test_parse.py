"""Structured output: values, repair turns, and what cannot be repaired."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pydantic
import pytest

from tests.flows.scripted import Model, said
from zhipu_async import parts
from zhipu_async.errors import InvalidArgument, InvalidOutput, InvalidType, OutputBlocked, OutputTruncated
from zhipu_async.flows.parse import Parsed, parse
from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.jsonschema import Misfit
from zhipu_async.protocol.structured import instruction


class Point(msgspec.Struct):
    x: int
    y: int = 0


class Place(pydantic.BaseModel):
    name: str


GOOD = '{"x": 1, "y": 2}'
BAD = '{"y": 2}'


async def point(model: Model, *, repairs: int = 2, **params: object) -> Parsed[Point]:
    given: ChatParams = {}
    if "request_id" in params:
        given["request_id"] = str(params["request_id"])
    return await parse(
        model.create, model="glm-4.7", messages="where?", into=Point, params=given, repairs=repairs
    )


async def test_an_answer_that_fits_is_a_value() -> None:
    model = Model(said(GOOD, tokens=7))
    parsed = await point(model)
    assert parsed.value == Point(1, 2)
    assert parsed.attempts == 1
    assert parsed.usage.total_tokens == 7
    assert parsed.completion.text == GOOD


async def test_the_schema_is_in_the_prompt_and_json_is_asked_for() -> None:
    model = Model(said(GOOD))
    await point(model)
    schema = {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
        "required": ["x"],
    }
    assert model.asked == [
        {
            "model": "glm-4.7",
            "messages": [
                {"role": "system", "content": instruction(schema)},
                {"role": "user", "content": "where?"},
            ],
            "response_format": {"type": "json_object"},
        }
    ]


async def test_a_model_is_told_its_fault_and_may_try_again() -> None:
    model = Model(said(BAD, tokens=1), said("sorry", tokens=2), said(GOOD, tokens=4))
    parsed = await point(model)
    assert (parsed.value, parsed.attempts, parsed.usage.total_tokens) == (Point(1, 2), 3, 7)
    assert model.messages(1)[2] == {"role": "assistant", "content": BAD}
    assert "Object missing required field `x`" in str(model.messages(1)[3]["content"])
    assert "it holds no JSON" in str(model.messages(2)[5]["content"])


async def test_repairs_are_bounded_and_the_last_answer_is_kept() -> None:
    model = Model(said(BAD), said(BAD), said("still not", tokens=9), said(GOOD))
    with pytest.raises(InvalidOutput, match="no valid Point in 3 attempts") as caught:
        await point(model)
    assert caught.value.attempts == 3
    assert caught.value.completion is not None
    assert caught.value.completion.text == "still not"
    assert isinstance(caught.value.__cause__, Misfit)
    assert len(model.answers) == 1


async def test_no_repairs_means_one_attempt() -> None:
    with pytest.raises(InvalidOutput, match="no valid Point in 1 attempt\\."):
        await point(Model(said(BAD)), repairs=0)


@pytest.mark.parametrize(("reason", "error"), [("length", OutputTruncated), ("sensitive", OutputBlocked)])
async def test_an_answer_that_is_not_whole_is_not_parsed(reason: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await point(Model(said(GOOD, finish=reason)))


async def test_an_own_request_id_is_used_once() -> None:
    model = Model(said(BAD), said(GOOD))
    await point(model, request_id="mine-0001")
    assert model.asked[0]["request_id"] == "mine-0001"
    assert "request_id" not in model.asked[1]


async def test_the_callers_response_format_wins() -> None:
    model = Model(said(GOOD), said(GOOD))
    for chosen in (None, {"type": "text"}):
        params: ChatParams = {"response_format": None if chosen is None else {"type": "text"}}
        await parse(model.create, model="glm-4.6v", messages="where?", into=Point, params=params)
    assert "response_format" not in model.asked[0]
    assert model.asked[1]["response_format"] == {"type": "text"}


async def test_lists_and_pydantic_models_are_values_too() -> None:
    listed = await parse(
        Model(said('{"value": [{"x": 1}]}')).create, model="m", messages="where?", into=list[Point], params={}
    )
    assert listed.value == [Point(1)]
    place = await parse(
        Model(said('{"name": "北京"}')).create, model="m", messages="where?", into=Place, params={}
    )
    assert place.value == Place(name="北京")


async def test_files_are_read_once_for_all_attempts(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("hello")
    model = Model(said(BAD), said(GOOD))
    content = [parts.file(text), parts.text("where?")]
    await parse(
        model.create, model="m", messages=[{"role": "user", "content": content}], into=Point, params={}
    )
    assert model.messages(0)[1] == model.messages(1)[1]
    assert "aGVsbG8=" in str(model.messages(0)[1])


async def test_nothing_is_sent_for_what_cannot_work() -> None:
    model = Model()
    with pytest.raises(InvalidArgument, match="repairs must be 0 or more"):
        await point(model, repairs=-1)
    with pytest.raises(InvalidType, match="has no JSON Schema"):
        await parse(model.create, model="m", messages="hi", into=Model, params={})
    with pytest.raises(InvalidArgument, match="messages is empty"):
        await parse(model.create, model="m", messages="", into=Point, params={})
    assert model.asked == []
