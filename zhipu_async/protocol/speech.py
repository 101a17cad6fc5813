"""Streams of sound and of transcripts: bytes in, samples or events out. No I/O here."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from zhipu_async.errors import StreamDamaged, StreamError
from zhipu_async.protocol.endpoint import StreamEnd
from zhipu_async.protocol.event_reader import EventReader
from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.audio import SpeechChunk, TranscriptEvent, TranscriptEventType, Transcription
from zhipu_async.types.chat import ChatCompletion, Usage
from zhipu_async.types.sound import SAMPLE_BYTES, SPEECH_RATE


class SpeechReader:
    """Reads a stream of speech. Gives whole samples: an odd byte goes over to the next piece."""

    def __init__(self, encoding: str = "base64") -> None:
        self.over: bool = False
        """Reading on is pointless."""
        self.usage: Usage | None = None
        """Nobody counts tokens here."""
        self.rate: int = SPEECH_RATE
        """Samples a second."""
        self._events = EventReader(SpeechChunk)
        self._in_hex = encoding == "hex"
        self._odd = b""
        self._fault: StreamDamaged | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Return the sound that these bytes complete."""
        return self._sound(self._events.feed(data))

    def end(self) -> list[bytes]:
        """Return the sound that the end of the body completes."""
        return self._sound(self._events.end())

    def verdict(self) -> StreamError | None:
        """Return what is wrong with the stream once it is over."""
        return self._fault or self._events.verdict()

    def partial(self, request_id: str) -> ChatCompletion | None:
        """Return None: pieces are handed out, not kept."""
        return None

    def _sound(self, chunks: Iterable[SpeechChunk]) -> list[bytes]:
        pieces: list[bytes] = []
        try:
            for chunk in chunks:
                self._take(chunk, pieces)
        except ValueError:
            self._fault = StreamDamaged("an event of the stream holds speech in another encoding")
        self.over = self._events.over or self._fault is not None
        return pieces

    def _take(self, chunk: SpeechChunk, pieces: list[bytes]) -> None:
        for choice in chunk.choices:
            self.rate = choice.delta.return_sample_rate
            samples = self._odd + self._decoded(choice.delta.content)
            whole = len(samples) - len(samples) % SAMPLE_BYTES
            self._odd = samples[whole:]
            if whole:
                pieces.append(samples[:whole])

    def _decoded(self, content: str) -> bytes:
        return bytes.fromhex(content) if self._in_hex else base64.b64decode(content, validate=True)


class GatheredTranscript:
    """Adds up the events of a transcript."""

    def __init__(self) -> None:
        self._head = TranscriptEvent()
        self._deltas: list[str] = []
        self._whole = ""

    def take(self, event: TranscriptEvent) -> None:
        """Add an event."""
        self._head = event
        self._deltas.append(event.delta)
        self._whole = event.text

    def text_of(self, event: TranscriptEvent) -> str:
        """Return the new text of an event."""
        return event.delta

    def text(self) -> str:
        """Return what was understood so far."""
        return self._whole or "".join(self._deltas)

    def reply(self) -> Transcription:
        """Return the transcript so far."""
        head = self._head
        return Transcription(id=head.id, created=head.created, model=head.model, text=self.text())


def transcript_reader() -> GatheringReader[TranscriptEvent, Transcription]:
    """Return a reader for one transcript."""
    return GatheringReader(
        TranscriptEvent, GatheredTranscript(), StreamEnd.EVENT, last=(TranscriptEventType.DONE,)
    )
