"""Who is speaking: voice activity by energy, on real samples. No I/O here."""

from __future__ import annotations

from array import array
from typing import Literal, NamedTuple

from .realtime_sound import FULL_SCALE, Sound, loudness

WINDOW_MS = 20  # short enough for a syllable, long enough for one period of the deepest voice
ONSET_WINDOWS = 3  # 60 ms of sound are speech; a click or a key press is not
RELEASE = 0.5  # speech goes on at half the level that starts it: words end softly
QUIETEST_DBFS, DBFS_RANGE = -60.0, 44.0  # threshold 0.0 hears a whisper, 0.5 a talker, 1.0 only a shout


class Edge(NamedTuple):
    """Speech began or ended, in milliseconds of audio since the session began."""

    kind: Literal["started", "stopped"]
    at_ms: int


def level(threshold: float) -> float:
    """The loudness that a threshold between 0 and 1 asks for; 0.5 is about -38 dBFS."""
    return float(FULL_SCALE * 10 ** ((QUIETEST_DBFS + DBFS_RANGE * threshold) / 20))


class EnergyVad:
    """Cuts sound into windows and says where speech starts and stops, whatever the sizes of the appends."""

    def __init__(
        self, threshold: float, prefix_padding_ms: int, silence_ms: int, position_ms: int = 0
    ) -> None:
        self.speaking: bool = False
        self.position_ms: int = position_ms
        self._level = level(threshold)
        self._prefix_padding_ms = prefix_padding_ms
        self._silence_ms = silence_ms
        self._run_ms = 0  # of loud windows while silent, of quiet windows while speaking
        self._rest = Sound(array("h"), 0)

    def hear(self, sound: Sound) -> list[Edge]:
        samples = self._rest.samples + sound.samples if self._rest.rate == sound.rate else sound.samples
        size = sound.rate * WINDOW_MS // 1000
        whole = len(samples) - len(samples) % size
        self._rest = Sound(samples[whole:], sound.rate)
        found = (self._window(loudness(samples[start : start + size])) for start in range(0, whole, size))
        return [edge for edge in found if edge]

    def stop(self) -> Edge:
        """End the speech by the clock: the line went dead in the middle of it."""
        self.speaking, self._run_ms = False, 0
        return Edge("stopped", self.position_ms)

    def _window(self, loud: float) -> Edge | None:
        self.position_ms += WINDOW_MS
        turning = loud < self._level * RELEASE if self.speaking else loud >= self._level
        self._run_ms = self._run_ms + WINDOW_MS if turning else 0
        if self.speaking:
            return self.stop() if self._run_ms >= self._silence_ms else None
        return self._start() if self._run_ms >= ONSET_WINDOWS * WINDOW_MS else None

    def _start(self) -> Edge:
        begin = self.position_ms - self._run_ms - self._prefix_padding_ms
        self.speaking, self._run_ms = True, 0
        return Edge("started", max(0, begin))
