"""The server's side of one realtime session: client events in, server events out. No I/O, no clock here."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import realtime_config
from .realtime_answer import Answer, Turn, plausible, tokens, transcript_of
from .realtime_events import Event, Invalid, Mint, is_object, object_field, parse, text_field
from .realtime_history import History
from .realtime_input import Ear
from .realtime_response import AUDIO_TOKENS_PER_S, Circumstances, Response

if TYPE_CHECKING:
    from .realtime_input import Utterance

QUIRKS = frozenset(
    {
        "rate_limites",  # the spelling of three diagrams
        "transcription.session",  # the spelling of a title
        "event_id_everywhere",  # input_audio_buffer.cleared without its sample's eventId
        "bare_heartbeat",  # {"type": "heartbeat"} and nothing else
        "done_only",  # a cancelled response ends without response.cancelled
        "cancelled_only",  # ... or without response.done
        "late_delta",  # one more piece of a cancelled answer comes after response.cancelled
        "delta_object",  # response.text.delta carries {"text": ...}, as its table says
        "second_leg_created",  # the answer after a function result starts with response.created
        "item_created_first",  # conversation.item.created before response.output_item.added
        "call_id",  # function calls carry a call_id
        "plain_items",  # new assistant items without in_progress and [{}], which the vendor's models refuse
        "error_event_id",  # errors name the client event they answer
        "no_usage",
        "odd_audio",  # audio deltas of an odd number of bytes
        "shuffle",  # no order between the types of a response's events
        "deaf_with_tools",  # server VAD with tools never hears the end of speech: a fault seen in the field
    }
)
LINE_SILENCE_S = 1.5  # the vendor's sample stops sending after its last word; its turn must end all the same
TRANSCRIPTION_S = 0.5  # how long a transcription waits to be told along with the answer
MAX_QUEUED_RESPONSES = 8  # further requests are refused: a client in a loop must not fill the memory
STEPS_A_TICK = 16  # then the socket gets its turn, however high the speed
REDACTED_FIELDS = ("audio", "video_frame")


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How every session of a simulator behaves."""

    seed: int = 0
    speed: float = 1.0
    """Answers come this many times faster than a real model's; math.inf: as fast as the socket takes them."""
    heartbeat_seconds: float | None = 30.0
    """The platform's interval; None: only on creation and update."""
    appends_per_second: float = 50.0
    """Audio appends above this are dropped silently."""
    line_silence_seconds: float | None = LINE_SILENCE_S
    """Server VAD ends a turn when nothing was sent for so long; None: only sent silence ends it."""
    quirks: frozenset[str] = frozenset()
    """The other readings of the documents where they contradict themselves: names from QUIRKS."""

    def __post_init__(self) -> None:
        unknown = self.quirks - QUIRKS
        if unknown or self.speed <= 0:
            raise ValueError(f"unknown quirks: {sorted(unknown)}" if unknown else "speed must be above 0")


@dataclass
class Script:
    """What the next turns hear and answer, shared by the sessions of a simulator; taken in order."""

    answers: deque[Answer] = field(default_factory=deque[Answer])
    transcripts: deque[str | None] = field(default_factory=deque["str | None"])
    """What the microphone said; None: speech recognition fails."""


class Session:
    """Feed `receive` with messages and `tick` with the time; both return the events to send."""

    def __init__(
        self, conduct: Conduct, script: Script, mint: Mint, *, now: float, limits: tuple[int, int] = (5, 4)
    ) -> None:
        self.id: str = mint.id("")
        self.config: realtime_config.Config = realtime_config.created()
        self.history: History = History(mint)
        self.last_received: Event = {}
        self.dropped_appends: int = 0
        self._conduct, self._script, self._mint, self._limits = conduct, script, mint, limits
        self._ear = Ear(conduct.appends_per_second, now)
        self._running: Response | None = None
        self._queued = 0
        self._transcriptions: deque[tuple[float, Event]] = deque()
        self._heartbeat_due = math.inf
        self._greeted = False

    def open(self, now: float) -> list[Event]:
        return [self._session_event("session.created"), self._heartbeat(now)]

    def receive(self, message: str | bytes, now: float) -> list[Event]:
        """Answer one message; what is wrong with it is answered with an `error` event."""
        self.last_received = {}
        try:
            self.last_received = event = parse(message)
            return self._handler(event)(event, now)
        except Invalid as refusal:
            return [self._error(refusal, self.last_received)]

    @property
    def due(self) -> float:
        """When `tick` has something to do."""
        line = self._ear.last_append + (self._conduct.line_silence_seconds or math.inf)
        return min(
            self._heartbeat_due,
            self._running.due if self._running else math.inf,
            self._transcriptions[0][0] if self._transcriptions else math.inf,
            line if self._ear.speaking and not self._deaf else math.inf,
        )

    def tick(self, now: float) -> list[Event]:
        """Send what has become due, a bounded number of steps: call again while `due` has passed."""
        if self._heartbeat_due <= now:
            return [self._heartbeat(now)]
        if self._transcriptions and self._transcriptions[0][0] <= now:
            return [self._transcriptions.popleft()[1]]
        line = self._conduct.line_silence_seconds
        if line is not None and self._ear.speaking and not self._deaf and self._ear.last_append + line <= now:
            return self._speech_stopped(self._ear.stop(), now)
        return self._advance(now)

    # --- the table of client events --------------------------------------------------------------------

    def _handler(self, event: Event) -> Callable[[Event, float], list[Event]]:
        kind = event["type"]
        handlers: dict[object, Callable[[Event, float], list[Event]]] = {
            "session.update": self._update,
            "transcription_session.update": self._update_transcription,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.append_video_frame": self._append_video_frame,
            "input_audio_buffer.pre_commit": self._pre_commit,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.retrieve": self._retrieve_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }
        handler = handlers.get(kind)
        if handler is None:
            raise Invalid(f"Unknown event type {kind!r}.")
        return handler

    def _update(self, event: Event, now: float) -> list[Event]:
        config = realtime_config.updated(object_field(event, "session"))
        if self.config.video and not config.video:
            self.history.drop()  # video to audio drops the history, audio to video keeps it
        if config.video and not self.config.video:
            self._ear.video_frames = 0
        self._configure(config)
        answers = [self._session_event("session.updated"), self._heartbeat(now)]
        if config.greeting and not self._greeted:
            self._greeted = True
            self._respond(Answer(text=config.greeting), now)
        return answers

    def _update_transcription(self, event: Event, now: float) -> list[Event]:
        self._configure(realtime_config.transcription(object_field(event, "session")))
        dotted = "transcription.session" in self._quirks
        kind = "transcription.session.updated" if dotted else "transcription_session.updated"
        session = {"id": f"sess{self.id}", **self.config.echo}
        return [self._mint.event(kind, session=session), self._heartbeat(now)]

    def _configure(self, config: realtime_config.Config) -> None:
        self.config = config
        self._ear.listen(config)

    def _append(self, event: Event, now: float) -> list[Event]:
        audio = text_field(event, "audio")
        if not self._ear.admits(now):
            self.dropped_appends += 1
            return []
        answers: list[Event] = []
        for edge in self._ear.append(audio, self.config, now):
            if edge.kind == "started":
                answers += self._speech_started(edge.at_ms)
            elif not self._deaf:
                answers += self._speech_stopped(edge.at_ms, now)
        return answers

    def _append_video_frame(self, event: Event, now: float) -> list[Event]:
        if not self.config.video:
            raise Invalid("Video frames need beta_fields.chat_mode video_passive.")
        self._ear.append_video_frame(text_field(event, "video_frame"))
        return []

    def _pre_commit(self, event: Event, now: float) -> list[Event]:
        return []  # an early start of work that the vendor's front end asks for; nothing answers it

    def _commit(self, event: Event, now: float) -> list[Event]:
        if self.config.vad:
            raise Invalid("With server_vad the server commits the audio by itself.")
        utterance = self._ear.take()
        if utterance is None:
            raise Invalid("The input audio buffer is empty: append audio or video before the commit.")
        return self._committed(utterance, now)

    def _clear(self, event: Event, now: float) -> list[Event]:
        self._ear.clear()
        cleared = self._mint.event("input_audio_buffer.cleared")
        if "event_id_everywhere" not in self._quirks:
            cleared = {"eventId": cleared.pop("event_id"), **cleared}
        return [cleared]

    def _create_item(self, event: Event, now: float) -> list[Event]:
        return self.history.create(object_field(event, "item"))

    def _delete_item(self, event: Event, now: float) -> list[Event]:
        item_id = self.history.delete(text_field(event, "item_id"))
        return [self._mint.event("conversation.item.deleted", item_id=item_id)]

    def _retrieve_item(self, event: Event, now: float) -> list[Event]:
        item = self.history.find(text_field(event, "item_id"))
        return [self._mint.event("conversation.item.retrieved", item=item)]

    def _create_response(self, event: Event, now: float) -> list[Event]:
        if self.config.transcription_only:
            raise Invalid("A transcription session does not answer.")
        if not self.history.items:
            raise Invalid("The conversation is empty: commit audio or create an item before response.create.")
        self._need_frame()
        if self._running is None:
            self._respond(None, now)
        elif self._queued >= MAX_QUEUED_RESPONSES:
            raise Invalid("Too many responses are waiting.")
        else:
            self._queued += 1
        return []

    def _cancel_response(self, event: Event, now: float) -> list[Event]:
        if self._running is None:
            raise Invalid("No response is running.", code="stop_task_error")
        response, late = self._running, list[Event]()
        answers = [self._mint.event("response.cancelled", response=response.state("cancelled"))]
        if "done_only" in self._quirks:
            answers = []
        if "late_delta" in self._quirks:
            late = response.advance()
        ends = self._stop_response()
        return answers + late + (ends[:-1] if "cancelled_only" in self._quirks else ends)

    # --- turns -----------------------------------------------------------------------------------------

    def _speech_started(self, at_ms: int) -> list[Event]:
        vad, item_id = self.config.vad, self._ear.new_speech(self._mint)
        fields: Event = {"audio_start_ms": at_ms, "item_id": item_id}
        answers = [self._mint.event("input_audio_buffer.speech_started", **fields)]
        if vad and vad.interrupt_response and self._running:
            answers += self._stop_response()
        return answers

    def _speech_stopped(self, at_ms: int, now: float) -> list[Event]:
        """The committed item has another id than the speech: so the platform's samples have it."""
        fields: Event = {"audio_end_ms": at_ms, "item_id": self._ear.speech_id}
        answers = [self._mint.event("input_audio_buffer.speech_stopped", **fields)]
        answers += self._committed(self._ear.take_speech(at_ms), now)
        if self.config.vad and self.config.vad.create_response and not self.config.transcription_only:
            answers += self._answer_by_itself(now)
        return answers

    def _answer_by_itself(self, now: float) -> list[Event]:
        try:
            self._need_frame()
        except Invalid as refusal:
            return [self._error(refusal, {})]
        if self._running:
            self._queued = min(self._queued + 1, MAX_QUEUED_RESPONSES)
        else:
            self._respond(None, now)
        return []

    def _committed(self, utterance: Utterance, now: float) -> list[Event]:
        transcript = self._transcribe(utterance)
        item, created = self.history.hear(utterance, transcript)
        self._queue_transcription(str(item["id"]), transcript, now)
        return [self._mint.event("input_audio_buffer.committed", item_id=item["id"]), *created]

    def _transcribe(self, utterance: Utterance) -> str | None:
        if self._script.transcripts:
            return self._script.transcripts.popleft()
        return transcript_of(self.config.tools, self._mint) if utterance.audible else None

    def _queue_transcription(self, item_id: str, transcript: str | None, now: float) -> None:
        """Told along with the answer if one is asked for soon, else by itself."""
        prefix = "conversation.item.input_audio_transcription"
        place: Event = {"item_id": item_id, "content_index": 0}
        if transcript is None:
            error = {"code": "asr_no_result", "message": "asr found no speech", "type": "ASR_ERROR"}
            event = self._mint.event(f"{prefix}.failed", **place, error=error)
        else:
            event = self._mint.event(f"{prefix}.completed", **place, transcript=transcript)
        wait = 0.0 if self.config.transcription_only else TRANSCRIPTION_S
        self._transcriptions.append((now + wait, event))

    def _need_frame(self) -> None:
        if self.config.video and not self._ear.video_frames:
            raise Invalid("Send a video frame before the response.", code="video_model_query_error")

    # --- responses -------------------------------------------------------------------------------------

    def _respond(self, answer: Answer | None, now: float) -> None:
        turn = self.history.turn(self.config.tools, self._ear.video_frames)
        if answer is None:
            answer = self._script.answers.popleft() if self._script.answers else plausible(turn)
        moment = self._circumstances(turn)
        self._running = Response(answer, moment, self._mint, now=now, speed=self._conduct.speed)

    def _circumstances(self, turn: Turn) -> Circumstances:
        told = tuple(event for _, event in self._transcriptions)
        self._transcriptions.clear()
        return Circumstances(
            config=self.config,
            quirks=self._quirks,
            continuation=bool(turn.results),
            transcription=told,
            limits=(self._rate_limits(),),
            input_text_tokens=tokens(self.history.text() + str(self.config.echo.get("instructions", ""))),
            input_audio_tokens=round(self.history.audio_seconds() * AUDIO_TOKENS_PER_S),
        )

    def _rate_limits(self) -> Event:
        spelled = "rate_limites.updated" if "rate_limites" in self._quirks else "rate_limits.updated"
        limit, remaining = self._limits
        entry = {"name": "requests", "limit": limit, "remaining": remaining, "reset_seconds": 1.0}
        return self._mint.event(spelled, rate_limits=[entry])

    def _advance(self, now: float) -> list[Event]:
        sent: list[Event] = []
        for _ in range(STEPS_A_TICK):
            if self._running is None or self._running.due > now:
                break
            sent += self._running.advance()
            if self._running.finished:
                self._settle(now)
        return sent

    def _settle(self, now: float) -> None:
        assert self._running is not None
        self.history.remember(self._running.items())
        self._running = None
        if self._queued:
            self._queued -= 1
            self._respond(None, now)

    def _stop_response(self) -> list[Event]:
        """Stop the running answer and everything that waits behind it."""
        assert self._running is not None
        ends = self._running.cancel()
        self.history.remember(self._running.items())
        self._running, self._queued = None, 0
        return ends

    # --- small things ----------------------------------------------------------------------------------

    @property
    def _quirks(self) -> frozenset[str]:
        return self._conduct.quirks

    @property
    def _deaf(self) -> bool:
        return bool(self.config.tools) and "deaf_with_tools" in self._quirks

    def _session_event(self, kind: str) -> Event:
        session = {"object": "realtime.session", "id": self.id, **self.config.echo}
        return self._mint.event(kind, session=session)

    def _heartbeat(self, now: float) -> Event:
        self._heartbeat_due = now + (self._conduct.heartbeat_seconds or math.inf)
        event = self._mint.event("heartbeat")
        return {"type": "heartbeat"} if "bare_heartbeat" in self._quirks else event

    def _error(self, refusal: Invalid, event: Event) -> Event:
        answer = self._mint.error(refusal)
        body = answer["error"]
        if "error_event_id" in self._quirks and is_object(body) and event.get("event_id"):
            body["event_id"] = event["event_id"]
        return answer
