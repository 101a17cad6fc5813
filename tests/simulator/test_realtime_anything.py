"""Whatever a client sends, the realtime session answers with events and stays."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.realtime_room import JPEG, SERVER_VAD, TOOL, Talk, encoded, silence, speech, types, wav
from zhipu_async.simulator.realtime_session import QUIRKS, Conduct

TYPES = (
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.append_video_frame",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
)
FIELDS = ("session", "audio", "video_frame", "item", "item_id", "event_id")
MEMBERS = (
    "type",
    "role",
    "content",
    "output",
    "name",
    "model",
    "tools",
    "turn_detection",
    "beta_fields",
    "modalities",
    "input_audio_format",
    "parameters",
    "properties",
    "items",
    "text",
)
WORDS = (
    "message",
    "user",
    "server_vad",
    "function",
    "input_text",
    "video_passive",
    "audio",
    "object",
    "array",
    "hi",
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=12,
)
strange = st.tuples(
    st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), anything, max_size=3)
).map(lambda event: {"type": event[0], **event[1]})
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "给妈妈打电话"}]}
SENSIBLE: dict[str, dict[str, object]] = {
    "hands-free": {"type": "session.update", "session": {"turn_detection": SERVER_VAD, "tools": [TOOL]}},
    "video": {"type": "session.update", "session": {"beta_fields": {"chat_mode": "video_passive"}}},
    "audio": {"type": "session.update", "session": {}},
    "speech": {"type": "input_audio_buffer.append", "audio": encoded(wav(speech(600)))},
    "silence": {"type": "input_audio_buffer.append", "audio": encoded(wav(silence(700)))},
    "frame": {"type": "input_audio_buffer.append_video_frame", "video_frame": JPEG},
    "commit": {"type": "input_audio_buffer.commit"},
    "clear": {"type": "input_audio_buffer.clear"},
    "text": {"type": "conversation.item.create", "item": MESSAGE},
    "result": {"type": "conversation.item.create", "item": {"type": "function_call_output", "output": "{}"}},
    "ask": {"type": "response.create"},
    "cancel": {"type": "response.cancel"},
}


@settings(deadline=None)
@given(st.text() | st.binary() | anything.map(json.dumps))
def test_any_message_is_answered_and_none_ends_the_session(message: str | bytes) -> None:
    talk = Talk()
    talk.session.receive(message, talk.now)
    assert types(talk.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]


@settings(deadline=None)
@given(st.lists(strange, max_size=8))
def test_strange_fields_never_break_the_session(events: list[dict[str, object]]) -> None:
    talk = Talk()
    for event in events:
        talk.session.receive(json.dumps(event), talk.now)
        talk.run(0.3)
    talk.run(120)
    assert talk.session.due > talk.now


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(SENSIBLE)), st.sampled_from((0.0, 0.2, 3.0))), max_size=14),
    st.frozensets(st.sampled_from(sorted(QUIRKS - {"cancelled_only"})), max_size=3),
)
def test_every_response_that_begins_is_done_once(
    steps: list[tuple[str, float]], quirks: frozenset[str]
) -> None:
    """Whatever is said, cancelled and spoken over: each id that is seen ends with exactly one response.done."""
    talk = Talk(Conduct(heartbeat_seconds=None, quirks=quirks))
    seen = [
        event
        for name, pause in steps
        for event in talk.session.receive(json.dumps(SENSIBLE[name]), talk.now) + talk.run(pause)
    ] + talk.run(600)
    begun = {str(event["response_id"]) for event in seen if "response_id" in event}
    done = [str(event["response"]) for event in seen if event["type"] == "response.done"]
    assert all(sum(response_id in ended for ended in done) == 1 for response_id in begun)
    assert len(done) >= len(begun)
