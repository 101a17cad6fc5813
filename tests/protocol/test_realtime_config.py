"""What a caller says about a session, and what the platform is told."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.realtime_config import (
    NOTHING_CHOSEN,
    Settings,
    changed,
    function_tool,
    runs_by_itself,
)
from zhipu_async.types.realtime_session import FunctionTool, SessionConfig, TurnDetection

from .realtime_talk import wanted


def sent(config: SessionConfig) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode(config), type=dict[str, object])


class Weather:
    """Stands for a function with @tool."""

    name = "weather"
    description = "Forecast"
    parameters: Annotated[dict[str, object], "schema"] = {"type": "object"}  # noqa: RUF012


def test_what_some_document_requires_is_always_sent() -> None:
    assert sent(NOTHING_CHOSEN) == {
        "model": "glm-realtime",
        "input_audio_format": "wav",
        "output_audio_format": "pcm",
        "turn_detection": {"type": "client_vad"},
        "beta_fields": {"chat_mode": "audio", "auto_search": True},
    }


def test_every_setting_reaches_its_field() -> None:
    config = wanted(
        model="glm-realtime-air",
        voice="xiaochen",
        instructions="",
        modalities=["text"],
        input_audio_format="pcm24",
        turn_detection=TurnDetection(type="server_vad", threshold=0.6),
        noise_reduction="near_field",
        temperature=0.2,
        max_response_output_tokens=512,
        tools=[Weather()],
        auto_search=False,
        greeting="你好",
        tts_source="e2e",
    )
    assert sent(config) == {
        "model": "glm-realtime-air",
        "voice": "xiaochen",
        "instructions": "",
        "modalities": ["text"],
        "input_audio_format": "pcm24",
        "output_audio_format": "pcm",
        "turn_detection": {"type": "server_vad", "threshold": 0.6},
        "input_audio_noise_reduction": {"type": "near_field"},
        "temperature": 0.2,
        "max_response_output_tokens": "512",
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "description": "Forecast",
                "parameters": {"type": "object"},
            }
        ],
        "beta_fields": {
            "chat_mode": "audio",
            "auto_search": False,
            "tts_source": "e2e",
            "greeting_config": {"enable": True, "content": "你好"},
        },
    }


def test_a_change_keeps_the_rest() -> None:
    config = changed(wanted(voice="tongtong", greeting=True), {"instructions": "short"})
    assert (config.voice, config.instructions) == ("tongtong", "short")
    assert sent(config)["beta_fields"] == {
        "chat_mode": "audio",
        "auto_search": True,
        "greeting_config": {"enable": True},
    }


def test_none_takes_a_choice_back() -> None:
    chosen = wanted(
        voice="x",
        modalities=["text"],
        noise_reduction="far_field",
        greeting=False,
        max_response_output_tokens="inf",
    )
    back: Settings = {
        "voice": None,
        "modalities": None,
        "noise_reduction": None,
        "greeting": None,
        "max_response_output_tokens": None,
        "tools": None,
        "turn_detection": None,
    }
    assert changed(chosen, back) == NOTHING_CHOSEN


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"temperature": 1.2}, "0.0 to 1.0"),
        ({"max_response_output_tokens": 0}, "1 to 1024"),
        ({"max_response_output_tokens": "many"}, "1 to 1024"),
        ({"input_audio_format": "mp3"}, "unknown"),
        ({"turn_detection": "magic"}, "server_vad"),
        ({"greeting": "x" * 1025}, "1024 characters"),
        ({"instructions": "x" * 250_001}, "Shorten the instructions"),
        ({"chat_mode": "video_passive", "tools": [{"name": "f"}]}, "voice calls only"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: Any, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        changed(NOTHING_CHOSEN, settings)


def test_a_misspelled_setting_is_refused() -> None:
    misspelled: Any = {"voise": "x"}
    with pytest.raises(InvalidType, match="'voise'"):
        changed(NOTHING_CHOSEN, misspelled)


def test_tools_are_told_flat_whatever_they_come_as() -> None:
    flat = FunctionTool(name="f", description="d", parameters={"type": "object"})
    plain = {"name": "f", "description": "d", "parameters": {"type": "object"}}
    assert function_tool(flat) is flat
    assert function_tool(plain) == flat
    assert function_tool({"type": "function", "function": plain}) == flat
    assert runs_by_itself(Weather())
    assert not runs_by_itself(flat)
    assert not runs_by_itself(plain)


@pytest.mark.parametrize("tool", [{"description": "no name"}, {"name": 7}, "weather"])
def test_what_is_no_tool_is_refused(tool: Any) -> None:
    with pytest.raises(InvalidType):
        function_tool(tool)
