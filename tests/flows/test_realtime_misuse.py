"""What cannot be said to a realtime session is refused with its place, before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.flows.realtime_room import Line, room
from zhipu_async.errors import InvalidArgument, InvalidType, UsageError
from zhipu_async.flows.realtime import RealtimeSession

HALF = "half \ud83d"
NAN = float("nan")

Said = Callable[[RealtimeSession], Awaitable[object]]


async def a_dict_for_an_item(call: RealtimeSession) -> None:
    await call.create_item({})  # type: ignore[arg-type]  # pyright: ignore


WRONG: dict[str, tuple[Said, type[UsageError], str]] = {
    "half a character": (
        lambda call: call.send_text(HALF),
        InvalidArgument,
        r"content\[0\]\.text holds half",
    ),
    "bytes for text": (lambda call: call.send_text(b"hi"), InvalidType, r"content\[0\]\.text is bytes"),  # type: ignore[arg-type]  # pyright: ignore
    "nothing": (lambda call: call.send_text(None), InvalidType, r"content\[0\]\.text: Expected `str`"),  # type: ignore[arg-type]  # pyright: ignore
    "a dict for an item": (a_dict_for_an_item, InvalidType, "a text or an InputItem, not dict"),
    "a result of bytes": (lambda call: call.send_tool_result("c", b"x"), InvalidType, "output is bytes"),  # type: ignore[arg-type]  # pyright: ignore
    "an event of NaN": (lambda call: call.send({"type": "x", "v": NAN}), InvalidArgument, "v is nan"),
    "an event of bytes": (
        lambda call: call.send({"type": "x", "v": [b"x"]}),
        InvalidType,
        r"v\[0\] is bytes",
    ),
    "an event of an object": (
        lambda call: call.send({"type": "x", "v": NAN.__add__}),
        InvalidType,
        "v is of",
    ),
    "no event": (lambda call: call.send("x"), InvalidArgument, "a mapping that has a type"),  # type: ignore[arg-type]  # pyright: ignore
    "an event without a type": (lambda call: call.send({}), InvalidArgument, "a mapping that has a type"),
    "a file that is not there": (
        lambda call: call.send_audio("no.wav"),
        InvalidArgument,
        "cannot read 'no.wav'",
    ),
    "a folder": (lambda call: call.send_audio(Path("/")), InvalidArgument, "cannot read '/'"),
    "a setting of bytes": (lambda call: call.update(voice=b"x"), InvalidType, "voice is bytes"),  # type: ignore[arg-type]  # pyright: ignore
}


async def only_greeting(line: Line) -> None:
    await line.greet()
    await line.end()
    assert line.types == ["session.update"]


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_said_is_refused_and_nothing_is_sent(wrong: str) -> None:
    say, kind, sentence = WRONG[wrong]
    async with room(only_greeting) as platform, platform.client().realtime.connect() as call:
        with pytest.raises(kind, match=sentence):
            await say(call)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"instructions": b"x"}, "instructions is bytes"),
        ({"instructions": HALF}, "instructions holds half"),
        ({"voice": 7}, "voice: Expected `str"),
        ({"temperature": NAN}, "temperature is nan"),
        ({"temperature": "warm"}, "temperature: Expected `float"),
        ({"greeting": HALF}, r"beta_fields\.greeting_config\.content holds half"),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": {"default": NAN}}]},
            r"tools\[0\]\.parameters\.default is nan",
        ),
    ],
)
async def test_settings_that_cannot_be_sent_are_refused_before_anything_is_dialled(
    settings: dict[str, object], sentence: str
) -> None:
    async with room(only_greeting) as platform:
        with pytest.raises((InvalidArgument, InvalidType), match=sentence):
            platform.client().realtime.connect(**settings)  # type: ignore[arg-type]  # pyright: ignore
    assert not platform.requests
