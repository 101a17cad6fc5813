"""Unread events of a realtime session: bounded, so that a slow reader costs neither memory nor the connection."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from zhipu_async.errors import StreamClosed
from zhipu_async.protocol.audio import OUTPUT_RATE, SAMPLE_BYTES, duration_ms
from zhipu_async.types.realtime import EventsDropped, RealtimeEvent, ResponseAudioDelta

KEPT_EVENTS = 256  # some ten seconds of an answer; whoever is further behind wants the newest
KEPT_AUDIO_BYTES = 60 * OUTPUT_RATE * SAMPLE_BYTES  # a minute of speech, however it is cut
TURN_EVENTS = 32  # put in a row before the reader gets a turn: they fit in several times over
TURN_AUDIO_BYTES = KEPT_AUDIO_BYTES // 8  # the same in speech
PATIENCE = 8  # turns of the loop that a reader with a full queue may take for one event: a few awaits
FOLLOWED_ANSWERS = 16  # whose handed-over speech is counted, for the report of an interruption


class Bell:
    """Wakes everyone who waits for a change."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: set[asyncio.Future[None]] = set()

    async def wait(self) -> None:
        """Wait for the next `ring`. Cancelling ends the wait and nothing else."""
        woken = asyncio.get_running_loop().create_future()
        self.waiting.add(woken)
        try:
            await woken
        finally:
            self.waiting.discard(woken)

    def ring(self) -> None:
        """Wake them."""
        for woken in self.waiting:
            if not woken.done():
                woken.set_result(None)


class Events:
    """A queue that never makes its writer wait: when it is full, the oldest unread events go."""

    def __init__(self) -> None:
        self._unread: deque[RealtimeEvent] = deque()
        self._audio_bytes = 0
        self._dropped = 0
        self._dropped_bytes = 0
        self._put_events = 0  # since the reader's last turn
        self._put_bytes = 0
        self._handed: OrderedDict[str, int] = OrderedDict()
        self._bell = Bell()
        self._reading = False
        self._over = False
        self._error: Exception | None = None

    def __len__(self) -> int:
        return len(self._unread)

    def put(self, event: RealtimeEvent) -> None:
        """Add an event."""
        if self._over:
            return
        self._unread.append(event)
        self._put_events += 1
        if isinstance(event, ResponseAudioDelta):
            self._audio_bytes += len(event.audio)
            self._put_bytes += len(event.audio)
        while len(self._unread) > KEPT_EVENTS or self._audio_bytes > KEPT_AUDIO_BYTES:
            self._drop_oldest()
        if self._bell.waiting:
            self._bell.ring()

    @property
    def turn_due(self) -> bool:
        """Whether so much was put in a row that the reader must get a turn before more is."""
        return self._put_events >= TURN_EVENTS or self._put_bytes >= TURN_AUDIO_BYTES

    async def turn(self) -> None:
        """Let the reader read; wait for room only while it reads, so that a slow one holds up nothing."""
        self._put_events = self._put_bytes = 0
        idle = 0
        while idle < PATIENCE:
            unread = len(self._unread)
            await asyncio.sleep(0)
            if self._has_room:
                return
            idle = 0 if len(self._unread) < unread else idle + 1

    @property
    def _has_room(self) -> bool:
        """Whether what may come until the next turn fits in."""
        events, audio = KEPT_EVENTS - TURN_EVENTS, KEPT_AUDIO_BYTES - TURN_AUDIO_BYTES
        return len(self._unread) <= events and self._audio_bytes <= audio

    def end(self, error: Exception | None) -> None:
        """Let the reader stop after what is unread, with an error if the end was not asked for."""
        if not self._over:
            self._over, self._error = True, error
            self._bell.ring()

    async def get(self) -> RealtimeEvent:
        """Return the oldest unread event. Cancelling loses none."""
        if self._reading:
            raise StreamClosed(
                "Another loop is reading this session's events.", hint="Read them in one place."
            )
        self._reading = True
        try:
            while not self._unread and not self._dropped and not self._over:
                await self._bell.wait()
        finally:
            self._reading = False
        if self._unread and not self._dropped:
            event = self._unread.popleft()
            return self._counted(event) if isinstance(event, ResponseAudioDelta) else event
        return self._take()

    def flush(self, response_id: str) -> tuple[float, float]:
        """Drop the unread speech of an answer; return how much had been read and how much is dropped, in ms."""
        kept: deque[RealtimeEvent] = deque()
        dropped = 0
        for event in self._unread:
            if isinstance(event, ResponseAudioDelta) and event.response_id == response_id:
                dropped += len(event.audio)
            else:
                kept.append(event)
        self._unread = kept
        self._audio_bytes -= dropped
        handed = self._handed.get(response_id, 0)
        return duration_ms(handed, OUTPUT_RATE), duration_ms(dropped, OUTPUT_RATE)

    def _take(self) -> RealtimeEvent:
        """Return the report of what was dropped, or the end."""
        if self._dropped:
            report = EventsDropped(count=self._dropped, audio_bytes=self._dropped_bytes)
            self._dropped = self._dropped_bytes = 0
            return report
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopAsyncIteration

    def _counted(self, event: ResponseAudioDelta) -> ResponseAudioDelta:
        """Note that speech is handed over."""
        size = len(event.audio)
        self._audio_bytes -= size
        self._handed[event.response_id] = self._handed.get(event.response_id, 0) + size
        while len(self._handed) > FOLLOWED_ANSWERS:
            self._handed.popitem(last=False)
        return event

    def _drop_oldest(self) -> None:
        event = self._unread.popleft()
        self._dropped += 1
        if isinstance(event, ResponseAudioDelta):
            self._audio_bytes -= len(event.audio)
            self._dropped_bytes += len(event.audio)
