"""One answer of a realtime session, gathered beside the event loop and stealing nothing from it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Generator

from zhipu_async.errors import ZhipuError
from zhipu_async.flows.realtime_events import Bell
from zhipu_async.protocol import audio
from zhipu_async.protocol.realtime_answers import AnswerRecord, FunctionCall
from zhipu_async.types.realtime import RealtimeUsage

NO_RECORD = AnswerRecord()
OVERLAPPING_ANSWERS = 8  # the platform may begin one before it ended another; more have not been seen


class Answer:
    """What the model says to one request, tool rounds included: `await` it for the whole, or follow `audio()`.

    Awaiting returns the answer itself, also a cancelled one, and raises what made it fail; what had arrived
    stays readable. Cancelling the wait does not cancel the answer: that is `call.cancel()`.
    """

    def __init__(self) -> None:
        self.records: list[AnswerRecord] = []
        self._bell = Bell()
        self._over = False
        self._failure: ZhipuError | None = None
        self._handed_bytes: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<Answer {self.id or 'without an id'} {self.status or 'under way'} {self.audio_ms:.0f} ms>"

    def __await__(self) -> Generator[None, None, Answer]:
        return self._whole().__await__()

    # ── what is known ──────────────────────────────────────────────────────────────────────────────

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return self._over

    @property
    def id(self) -> str:
        """Return the id of the (last) response."""
        return self._last.id

    @property
    def status(self) -> str:
        """Return `completed`, `cancelled` or another word of the platform's; "" while under way.

        Two words are ours: `lost` with the connection, `timed_out` when its end never came.
        """
        return self._last.status if self._over else ""

    @property
    def text(self) -> str:
        """Return the text so far; a spoken answer may have a transcript only."""
        return "".join(record.text for record in self.records)

    @property
    def transcript(self) -> str:
        """Return what is being said, so far."""
        return "".join(record.transcript for record in self.records)

    @property
    def usage(self) -> RealtimeUsage:
        """Return the tokens of the (last) response; the platform often says nothing."""
        return self._last.usage

    @property
    def calls(self) -> list[FunctionCall]:
        """Return the functions the model called on the way."""
        return [call for record in self.records for call in record.calls]

    @property
    def interrupted(self) -> str:
        """Return "cancel", "speech_started" or "error" if it was stopped, else ""."""
        return self._last.interrupted

    @property
    def audio_ms(self) -> float:
        """Return how long the speech is, so far."""
        return sum(record.audio_ms for record in self.records)

    @property
    def pcm(self) -> bytes:
        """Return the speech so far: 24 kHz, mono, 16 bit, little-endian."""
        return b"".join(chunk for record in self.records for chunk in record.chunks)

    def wav(self) -> bytes:
        """Return the speech so far as a WAV file."""
        return audio.wav(self.pcm)

    async def audio(self) -> AsyncGenerator[bytes, None]:
        """Yield the speech as it comes, from its beginning; ends at once when it is interrupted."""
        at = 0
        while at < len(self.records) or not self._over:
            if at == len(self.records):
                await self._bell.wait()
                continue
            async for chunk in self._audio_of(self.records[at]):
                yield chunk
            at += 1
        self._raise()

    # ── what the session tells ─────────────────────────────────────────────────────────────────────

    @property
    def begun(self) -> bool:
        """Whether a response has begun it, or it is over without one."""
        return bool(self.records) or self._over

    def follow(self, record: AnswerRecord) -> None:
        """Gather this response, too."""
        self.records.append(record)
        self._bell.ring()

    def follows(self, record: AnswerRecord) -> bool:
        """Whether this response belongs to the answer."""
        return record in self.records

    def moved(self) -> None:
        """Say that there is more."""
        if self._bell.waiting:
            self._bell.ring()

    def finish(self, failure: ZhipuError | None = None) -> None:
        """Say that nothing more comes."""
        if not self._over:
            self._over, self._failure = True, failure or self._last.failure
            self._bell.ring()

    def unheard_ms(self, record: AnswerRecord) -> tuple[float, float] | None:
        """Return how much of its speech `audio()` handed over and how much it had not yet; None if unused."""
        handed = self._handed_bytes.get(id(record))
        if handed is None:
            return None
        unheard = sum(map(len, record.chunks)) - handed
        return audio.duration_ms(handed, audio.OUTPUT_RATE), audio.duration_ms(unheard, audio.OUTPUT_RATE)

    async def _audio_of(self, record: AnswerRecord) -> AsyncGenerator[bytes, None]:
        at = 0
        self._handed_bytes[id(record)] = 0
        while not record.interrupted:
            if at < len(record.chunks):
                self._handed_bytes[id(record)] += len(record.chunks[at])
                at += 1
                yield record.chunks[at - 1]
            elif record.settled or self._over:
                return
            else:
                await self._bell.wait()

    async def _whole(self) -> Answer:
        while not self._over:
            await self._bell.wait()
        self._raise()
        return self

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    @property
    def _last(self) -> AnswerRecord:
        return self.records[-1] if self.records else NO_RECORD


class Answers:
    """Which answer a caller means: the one under way, the last one if nobody took it, else the next."""

    def __init__(self) -> None:
        self._current = Answer()
        self._taken = False
        self._earlier: deque[Answer] = deque(maxlen=OVERLAPPING_ANSWERS)  # not over yet

    def take(self) -> Answer:
        """Return it; each one is handed out until it is over, and once after that."""
        if self._current.done and self._taken:
            self._begin()
        self._taken = True
        return self._current

    def begin(self, record: AnswerRecord, *, goes_on: bool) -> None:
        """Note a new response: the next round of the same answer, or another answer."""
        if not goes_on and self._current.begun:
            self._begin()
        self._current.follow(record)

    def of(self, record: AnswerRecord) -> Answer | None:
        """Return the answer this response belongs to."""
        current = self._current
        if record in current.records:
            return current
        return next((answer for answer in self._earlier if answer.follows(record)), None)

    def end(self, failure: ZhipuError) -> None:
        """Let nobody wait for an answer that cannot come."""
        for answer in (self._current, *self._earlier):
            answer.finish(failure)

    def _begin(self) -> None:
        self._earlier = deque((each for each in self._earlier if not each.done), OVERLAPPING_ANSWERS)
        if not self._current.done:
            self._earlier.append(self._current)
        self._current = Answer()
        self._taken = False
