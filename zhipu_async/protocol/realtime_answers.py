"""What is known of one answer while it arrives: texts, speech, function calls, its end. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

import msgspec

from zhipu_async.errors import ZhipuError
from zhipu_async.protocol.audio import OUTPUT_RATE, SAMPLE_BYTES, Aligner, duration_ms
from zhipu_async.protocol.realtime_wire import mark_audio
from zhipu_async.types.realtime import (
    RealtimeResponse,
    RealtimeUsage,
    ResponseAudioDelta,
    ResponseAudioTranscriptDelta,
    ResponseAudioTranscriptDone,
    ResponseContentPartDone,
    ResponseEvent,
    ResponseFunctionCallArgumentsDone,
    ResponseTextDelta,
    ResponseTextDone,
)

KEPT_AUDIO_BYTES = 300 * OUTPUT_RATE * SAMPLE_BYTES  # five minutes; 1,024 tokens of speech are shorter
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"
LOST: Final = "lost"  # our word for an answer whose connection broke
TIMED_OUT: Final = "timed_out"  # our word for one whose end never came

Place = tuple[str, int, int]


class FunctionCall(msgspec.Struct):
    """A function the model wants called."""

    name: str
    arguments: str
    call_id: str
    response_id: str
    answered: bool = False


class Pieces:
    """A text that comes in deltas, by place; its whole form, when it comes, replaces them."""

    def __init__(self) -> None:
        self._places: dict[Place, list[str]] = {}
        self._whole: set[Place] = set()

    def add(self, event: ResponseEvent, delta: str) -> None:
        """Take a delta of the event's place."""
        place = (event.item_id, event.output_index, event.content_index)
        self._places.setdefault(place, []).append(delta)

    def finish(self, event: ResponseEvent, text: str) -> None:
        """Take the whole text of the event's place; an empty one proves nothing against the deltas."""
        place = (event.item_id, event.output_index, event.content_index)
        if text and place not in self._whole:
            self._places[place] = [text]
            self._whole.add(place)

    def __str__(self) -> str:
        return "".join(piece for pieces in self._places.values() for piece in pieces)


class AnswerRecord(msgspec.Struct, eq=False):
    """One answer: under way until `settled`, then with a status or with the failure that ended it."""

    id: str = ""
    status: str = ""
    usage: RealtimeUsage = msgspec.field(default_factory=RealtimeUsage)
    failure: ZhipuError | None = None
    settled: bool = False
    settled_at: float = 0.0
    interrupted: str = ""  # "cancel" or "speech_started"
    heard: str = ""  # what had been said when it was interrupted
    calls: list[FunctionCall] = []
    chunks: list[bytes] = []
    audio_bytes: int = 0
    unkept_audio_bytes: int = 0
    faults: list[str] = []
    keep_audio: bool = True
    _text: Pieces = msgspec.field(default_factory=Pieces)
    _transcript: Pieces = msgspec.field(default_factory=Pieces)
    _aligner: Aligner = msgspec.field(default_factory=Aligner)

    @property
    def text(self) -> str:
        """Return the answer's text so far."""
        return str(self._text)

    @property
    def transcript(self) -> str:
        """Return what is being said, so far."""
        return str(self._transcript)

    @property
    def completed(self) -> bool:
        """Whether it ended as the model meant it to."""
        return self.settled and self.status == COMPLETED and self.failure is None

    @property
    def calls_due(self) -> bool:
        """Whether the model waits for results."""
        return self.completed and bool(self.calls)

    @property
    def audio_ms(self) -> float:
        """Return how long the speech is, so far."""
        return duration_ms(self.audio_bytes, OUTPUT_RATE)

    def stub(self) -> AnswerRecord:
        """Return what is needed to recognise late events: nothing that was said."""
        return AnswerRecord(
            id=self.id, status=self.status, settled=True, settled_at=self.settled_at, keep_audio=False
        )

    def take(self, event: ResponseEvent) -> None:
        """Note what one event adds."""
        reader = self._readers.get(type(event))
        if reader is not None:
            reader(self, event)

    def interrupt(self, reason: str) -> bool:
        """End its live speech; return False when it had ended before."""
        if self.interrupted or self.settled:
            return False
        self.interrupted = reason
        self.heard = self.transcript or self.text
        return True

    def settle(self, status: str, failure: ZhipuError | None = None) -> None:
        """Note the end; the first one counts."""
        if not self.settled:
            self.settled, self.status, self.failure = True, status, failure

    def finish(self, response: RealtimeResponse) -> None:
        """Take what response.done says."""
        self.usage = response.usage
        # An answer that already failed keeps its failure: the call that waits for it has to see it.
        self.settle(response.status or COMPLETED, self.failure)

    def _audio(self, event: ResponseAudioDelta) -> None:
        try:
            samples = self._aligner.samples(event.item_id, event.delta)
        except ValueError as exc:
            self.faults.append(str(exc))
            return
        mark_audio(event, samples)
        if self.interrupted:
            return
        self.audio_bytes += len(samples)
        if not self.keep_audio or self.audio_bytes > KEPT_AUDIO_BYTES:
            self.unkept_audio_bytes += len(samples)
        elif samples:
            self.chunks.append(samples)

    def _text_delta(self, event: ResponseTextDelta) -> None:
        self._text.add(event, event.delta)

    def _text_done(self, event: ResponseTextDone) -> None:
        self._text.finish(event, event.text)

    def _transcript_delta(self, event: ResponseAudioTranscriptDelta) -> None:
        self._transcript.add(event, event.delta)

    def _transcript_done(self, event: ResponseAudioTranscriptDone) -> None:
        self._transcript.finish(event, event.transcript)

    def _part_done(self, event: ResponseContentPartDone) -> None:
        self._text.finish(event, event.part.text)
        self._transcript.finish(event, event.part.transcript)

    def _call(self, event: ResponseFunctionCallArgumentsDone) -> None:
        repeated = event.call_id and any(call.call_id == event.call_id for call in self.calls)
        if not repeated:
            self.calls.append(FunctionCall(event.name, event.arguments, event.call_id, self.id))

    _readers: ClassVar[Mapping[type[ResponseEvent], Callable[..., None]]] = {
        ResponseAudioDelta: _audio,
        ResponseAudioTranscriptDelta: _transcript_delta,
        ResponseAudioTranscriptDone: _transcript_done,
        ResponseTextDelta: _text_delta,
        ResponseTextDone: _text_done,
        ResponseContentPartDone: _part_done,
        ResponseFunctionCallArgumentsDone: _call,
    }
