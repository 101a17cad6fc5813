"""What the server has heard and seen and not yet committed. Keeps lengths, never the sound. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .realtime_events import Invalid, Mint
from .realtime_sound import decode, decode_base64, loudness
from .realtime_vad import Edge, EnergyVad, level

if TYPE_CHECKING:
    from .realtime_config import Config, ServerVad

MAX_CLIP_MS = 30_000  # client VAD: the longest upload of a turn
JPEG_START = b"\xff\xd8"
AUDIBLE = level(0.25)  # below it, about -49 dBFS, speech recognition finds nothing


class Utterance(NamedTuple):
    """One committed turn."""

    milliseconds: float
    audible: bool
    video_frames: int


class Ear:
    """Counts what was appended; under server VAD it also listens."""

    def __init__(self, appends_per_second: float, now: float) -> None:
        self.video_frames: int = 0
        self.last_append: float = now
        self.speech_id: str = ""
        self._rate = self._allowance = appends_per_second
        self._refilled = now
        self._turn_start_ms = 0.0
        self._loudest = 0.0
        self._new_frames = 0
        self._settings: ServerVad | None = None
        self._vad: EnergyVad | None = None
        self._position_ms = 0.0

    @property
    def speaking(self) -> bool:
        return self._vad is not None and self._vad.speaking

    def listen(self, config: Config) -> None:
        """Start over with the new turn detection, from the same place in the session's audio."""
        vad = config.vad
        if vad == self._settings:
            return
        self._settings, self._vad = vad, None
        if vad:
            position = int(self._position_ms)
            self._vad = EnergyVad(vad.threshold, vad.prefix_padding_ms, vad.silence_duration_ms, position)

    def admits(self, now: float) -> bool:
        """Take one append from the allowance: a second's worth may come at once, the mean rate holds."""
        self._allowance = min(self._rate, self._allowance + (now - self._refilled) * self._rate)
        self._refilled = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def append(self, audio: str, config: Config, now: float) -> list[Edge]:
        sound = decode(audio, config.input_format)
        if self._vad is None and self._position_ms - self._turn_start_ms + sound.milliseconds > MAX_CLIP_MS:
            raise Invalid("With client_vad a turn's audio must not exceed 30 seconds.")
        self.last_append = now
        self._position_ms += sound.milliseconds
        self._loudest = max(self._loudest, loudness(sound.samples))
        return self._vad.hear(sound) if self._vad else []

    def append_video_frame(self, frame: str) -> None:
        if not decode_base64(frame, "video_frame").startswith(JPEG_START):
            raise Invalid("The 'video_frame' field is not a JPEG.")
        self.video_frames += 1
        self._new_frames += 1

    def new_speech(self, mint: Mint) -> str:
        self.speech_id = mint.id("item")
        return self.speech_id

    def stop(self) -> int:
        """The line went dead: the speech ends here."""
        assert self._vad is not None
        return self._vad.stop().at_ms

    def take(self) -> Utterance | None:
        """Hand over the turn that the client commits; None when nothing was appended."""
        milliseconds = self._position_ms - self._turn_start_ms
        if not milliseconds and not self._new_frames:
            return None
        utterance = Utterance(milliseconds, self._loudest >= AUDIBLE, self._new_frames)
        self._start_turn(self._position_ms)
        return utterance

    def take_speech(self, end_ms: int) -> Utterance:
        """Hand over the turn that ended here; one append may hold the end of a turn and all of the next."""
        utterance = Utterance(end_ms - self._turn_start_ms, audible=True, video_frames=self._new_frames)
        self._start_turn(end_ms)
        return utterance

    def clear(self) -> None:
        self._start_turn(self._position_ms)
        if self._vad:
            self._vad.speaking = False

    def _start_turn(self, at_ms: float) -> None:
        self._turn_start_ms, self._loudest, self._new_frames = at_ms, 0.0, 0
