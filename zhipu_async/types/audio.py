"""Speech and transcripts on the wire."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.saving import save_whole
from zhipu_async.types.sound import SPEECH_RATE, check_name, playable


class Speech(Reply):
    """A spoken text: `.content` as it came, bare samples (24 kHz, one channel, 16 bits) or a WAV file."""

    content: bytes = b""

    def wav(self) -> bytes:
        """Return the sound as a WAV file."""
        return playable(self.content, SPEECH_RATE)

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the sound to a file and return its path; a name ending in `.wav` gets a file that players open.

        Cancelling leaves no half of it.
        """
        check_name(path, self.content)
        is_wav = Path(path).suffix.lower() == ".wav"
        return await save_whole(path, self.wav() if is_wav else self.content)

    def __repr__(self) -> str:
        return f"Speech({len(self.content)} bytes)"


class SpeechDelta(Part):
    """A piece of speech, as text."""

    content: str = ""
    return_sample_rate: int = SPEECH_RATE
    return_format: str = ""


class SpeechChoice(Part):
    """What an event of a speech stream holds; `index` counts the events."""

    index: int = 0
    delta: SpeechDelta = msgspec.field(default_factory=SpeechDelta)
    finish_reason: str = ""


class SpeechChunk(Part):
    """One event of a speech stream."""

    choices: list[SpeechChoice] = []


class Segment(Part):
    """A stretch of a transcript, in seconds."""

    id: int = 0
    start: float = 0.0
    end: float = 0.0
    text: str = ""


class Transcription(Reply):
    """What was said; only older models give segments."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    model: str = ""
    text: str = ""
    segments: list[Segment] = []


class TranscriptEvent(Reply):
    """One event of a transcript: new text in `delta`, or the end, where some models repeat all of it in `text`."""

    id: str = ""
    created: int = 0
    model: str = ""
    type: str = ""
    delta: str = ""
    text: str = ""


class TranscriptEventType:
    """What `TranscriptEvent.type` says."""

    DELTA = "transcript.text.delta"
    DONE = "transcript.text.done"
