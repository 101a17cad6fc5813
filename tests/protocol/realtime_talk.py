"""A realtime machine in a wanted state, and the platform's side of the talk, without socket or clock."""

from __future__ import annotations

from typing import Unpack

import msgspec

from zhipu_async.protocol.realtime import Machine
from zhipu_async.protocol.realtime_config import NOTHING_CHOSEN, Settings, changed
from zhipu_async.protocol.realtime_outputs import Deliver, Output, Send
from zhipu_async.protocol.realtime_wire import decode
from zhipu_async.types.realtime import RealtimeEvent
from zhipu_async.types.realtime_client import (
    ClientEvent,
    ConversationItemCreate,
    InputAudioBufferAppend,
    InputAudioBufferCommit,
    ResponseCreate,
    function_result,
    text_item,
)
from zhipu_async.types.realtime_session import SessionConfig

SOUND = InputAudioBufferAppend


def wanted(**settings: Unpack[Settings]) -> SessionConfig:
    return changed(NOTHING_CHOSEN, settings)


def new(**settings: Unpack[Settings]) -> Machine:
    return Machine(wanted(**settings))


class Talk:
    """Plays both sides of a session; `now` moves only when told."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.now = 100.0
        self.outputs: list[Output] = []

    def hear(self, kind: str, **fields: object) -> list[Output]:
        """Let the platform say something."""
        event, warnings = decode(msgspec.json.encode({"type": kind, **fields}))
        assert event is not None
        assert not warnings
        self.outputs = self.machine.receive(event, self.now)
        return self.outputs

    def say(self, event: ClientEvent, milliseconds: float = 0.0) -> list[Output]:
        """Send a call that is legal."""
        self.machine.judge(event, milliseconds=milliseconds)
        self.outputs = self.machine.sent(event, self.now, milliseconds=milliseconds)
        return self.outputs

    def wait(self, seconds: float) -> list[Output]:
        """Let time pass, with the clocks looked at when they are due."""
        end = self.now + seconds
        gathered: list[Output] = []
        while (due := self.machine.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            gathered += self.machine.tick(self.now)
        self.now = end
        self.outputs = gathered
        return gathered

    # ── shorter words ──────────────────────────────────────────────────────────────────────────────

    def connect(self) -> Talk:
        self.machine.dial()
        self.machine.opened(self.now)
        self.hear("session.created", session={"id": "s"})
        self.hear("session.updated", session={"id": "s"})
        return self

    def text(self, words: str = "hello") -> Talk:
        self.say(ConversationItemCreate(item=text_item(words)))
        return self

    def ask(self) -> Talk:
        self.say(ResponseCreate())
        return self

    def speak(self) -> Talk:
        self.say(SOUND(audio="AAA="), 100.0)
        self.say(InputAudioBufferCommit())
        return self

    def started(self, response_id: str = "r1") -> Talk:
        self.hear("response.created", response={"id": response_id, "status": "in_progress"})
        return self

    def done(self, response_id: str = "r1", status: str = "completed", **fields: object) -> Talk:
        self.hear("response.done", response={"id": response_id, "status": status, **fields})
        return self

    def called(self, name: str = "weather", call_id: str = "", response_id: str = "r1") -> Talk:
        self.hear(
            "response.function_call_arguments.done",
            response_id=response_id,
            name=name,
            arguments="{}",
            call_id=call_id,
        )
        return self

    def result(self, output: str = "42", call_id: str = "") -> Talk:
        self.say(ConversationItemCreate(item=function_result(output, call_id)))
        return self

    def failed(self, name: str = "server_error", **fields: object) -> Talk:
        self.hear("error", error={"type": name, "code": name, "message": "no", **fields})
        return self

    # ── what came out ──────────────────────────────────────────────────────────────────────────────

    @property
    def delivered(self) -> list[RealtimeEvent]:
        return [output.event for output in self.outputs if isinstance(output, Deliver)]

    @property
    def written(self) -> list[ClientEvent]:
        return [output.event for output in self.outputs if isinstance(output, Send)]


def ready(**settings: Unpack[Settings]) -> Talk:
    return Talk(new(**settings)).connect()
