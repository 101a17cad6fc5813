"""Sound and pictures on their way into a realtime session: cut, paced, counted, and kept for a reconnect."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.flows.realtime_driver import Driver
from zhipu_async.protocol.audio import (
    CLIP_MS,
    HIGHEST_RATE,
    PCM_RATE,
    WAV_HEAD_BYTES,
    Frame,
    Framer,
    Pacer,
    SoundReader,
    check_name,
    check_rate,
    duration_ms,
    encode_frame,
    encode_picture,
    input_rate,
)
from zhipu_async.protocol.parts import unreadable
from zhipu_async.protocol.realtime_calls import Situation, Verdict
from zhipu_async.types.realtime_client import (
    InputAudioBufferAppend,
    InputAudioBufferAppendVideoFrame,
    InputAudioBufferClear,
    InputAudioBufferCommit,
)
from zhipu_async.types.realtime_session import SessionConfig

if TYPE_CHECKING:
    from typing_extensions import Buffer

Sound: TypeAlias = "Buffer | str | os.PathLike[str] | AsyncIterable[Buffer] | Iterable[Buffer]"

T = TypeVar("T")

STALE_MS = 5_000  # what was spoken while away under server VAD: a conversation wants now
PIECE_BYTES = 4 * 1024 * 1024  # of a file: more than a turn of 30 s at any rate, so that turns are read whole
_PROBE = InputAudioBufferAppend(audio="")  # to ask whether sound may be sent, before encoding it
_WHOLE_NUMBERS = frozenset(("B", "b", "c", "h", "<h"))


class Ring:
    """The newest sound of the turn being spoken; what does not fit any more is counted as lost."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._ms = 0.0
        self.lost_ms: float = 0.0

    def __bool__(self) -> bool:
        return bool(self._frames)

    @property
    def ms(self) -> float:
        """Return how much it holds."""
        return self._ms

    def add(self, frame: Frame, most_ms: float) -> None:
        """Keep a frame, and let the oldest go."""
        self._frames.append(frame)
        self._ms += frame.milliseconds
        while self._ms > most_ms:
            self.lost_ms += self.take().milliseconds

    def take(self) -> Frame:
        """Take out the oldest."""
        frame = self._frames.popleft()
        self._ms -= frame.milliseconds
        return frame

    def put_back(self, frames: list[Frame]) -> None:
        """Keep frames that were taken out after all, as the oldest."""
        self._frames.extendleft(reversed(frames))
        self._ms += sum(frame.milliseconds for frame in frames)

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
        self._ms = 0.0
        self.lost_ms = 0.0


class SoundInput:
    """The way from a microphone, a file or a camera to the platform."""

    def __init__(self, driver: Driver, *, keeps: bool) -> None:
        self._driver = driver
        self._keeps = keeps  # only a session that reconnects remembers what was said
        self._framer = Framer()
        self._pacer = Pacer()
        self._ring = Ring()
        self._picture: InputAudioBufferAppendVideoFrame | None = None
        self._order = asyncio.Lock()
        self._replaying: asyncio.Task[None] | None = None

    # ── what the caller does ───────────────────────────────────────────────────────────────────────

    async def send(self, source: Sound, rate: int | None) -> None:
        """Send sound of any kind. Cancelling stops between two frames."""
        reader = SoundReader(self._bare_rate(rate))
        if isinstance(source, str | os.PathLike):
            await self._send_file(reader, Path(source))
        elif isinstance(source, AsyncIterable):
            await self._send_stream(reader, source)
        elif isinstance(source, Iterable) and not _holds_bytes(source):
            for piece in source:
                await self._send_pieces(reader.feed(_bytes(piece)))
            await self._send_rest(reader)
        else:
            await self._send_clip(reader, _bytes(source))

    async def send_picture(self, jpeg: bytes) -> None:
        """Send one picture; while away, the newest is kept."""
        event = InputAudioBufferAppendVideoFrame(video_frame=encode_picture(jpeg))
        if await self._driver.allowed(event) is Verdict.KEEP:
            self._picture = event
            return
        await self._pace()
        if await self._driver.allowed(event) is Verdict.SEND:
            self._driver.post(event)
        await self._driver.room()

    async def commit(self) -> None:
        """End the turn, with what still waits for a frame to fill."""
        async with self._order:
            tail = self._framer.held_ms > 0 or bool(self._ring and self._replaying)
            self._driver.machine.judge_commit(with_more=tail)
            await self._drain_ring()
            await self._send_frames(self._framer.flush())
            event = InputAudioBufferCommit()
            await self._driver.allowed(event)
            self._driver.post(event)
            self._ring.clear()

    async def clear(self) -> None:
        """Throw away what was appended, here and at the platform."""
        event = InputAudioBufferClear()
        verdict = await self._driver.allowed(event)
        self._framer = Framer()
        self._ring.clear()
        if verdict is Verdict.SEND:
            self._driver.post(event)

    async def settle(self, wanted: SessionConfig) -> None:
        """Send or take back what was said in a format or a turn mode that ends now."""
        now = self._driver.machine.state.wanted
        if wanted.turn_detection.by_server != now.turn_detection.by_server:
            self._framer = Framer()
            if self._driver.machine.state.clip_ms:
                self._driver.post(InputAudioBufferClear())
        elif wanted.input_audio_format != now.input_audio_format:
            async with self._order:
                await self._send_frames(self._framer.flush())

    # ── after a reconnect ──────────────────────────────────────────────────────────────────────────

    def restore(self) -> int:
        """Begin to send the kept sound and picture again; return the milliseconds that are lost."""
        lost, self._ring.lost_ms = self._ring.lost_ms, 0.0
        if self._ring or self._picture is not None:
            self._replaying = asyncio.ensure_future(self._replay())
        return round(lost)

    async def close(self) -> None:
        """Stop sending again."""
        if self._replaying is not None:
            self._replaying.cancel()
            await asyncio.gather(self._replaying, return_exceptions=True)

    async def _replay(self) -> None:
        try:
            async with self._order:
                await self._drain_ring()
                picture, self._picture = self._picture, None
                if picture is not None and self._driver.machine.judge(picture) is Verdict.SEND:
                    self._driver.post(picture)
        finally:
            self._replaying = None

    async def _drain_ring(self) -> None:
        """Send what is kept; new sound joins its end meanwhile."""
        if self._replaying is None:
            return
        sent: list[Frame] = []
        while self._ring:
            sent.append(self._ring.take())
            if not await self._sent(sent[-1]):
                break  # away again: all of it is for the next connection
        if self._remembers or self._ring or self._driver.machine.state.situation is Situation.AWAY:
            self._ring.put_back(sent)

    # ── frames ─────────────────────────────────────────────────────────────────────────────────────

    async def _send_clip(self, reader: SoundReader, clip: bytes) -> None:
        """Send a whole sound: one that is too long is refused before any of it is sent."""
        pieces = reader.feed(clip)
        is_file = reader.in_file
        pieces += reader.end()
        self._check(pieces)
        whole = sum(piece.milliseconds for piece in pieces) + self._framer.held_ms
        self._driver.machine.judge(_PROBE, milliseconds=whole)
        async with self._order:
            await self._send_frames([frame for piece in pieces for frame in self._framer.add(piece)])
            if is_file:
                await self._send_frames(self._framer.flush())

    async def _send_pieces(self, pieces: list[Frame]) -> None:
        self._check(pieces)
        async with self._order:
            await self._send_frames([frame for piece in pieces for frame in self._framer.add(piece)])

    async def _send_rest(self, reader: SoundReader) -> None:
        """Send what the end of a stream leaves."""
        await self._send_pieces(reader.end())
        async with self._order:
            await self._send_frames(self._framer.flush())

    async def _send_frames(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self._replaying is not None or not await self._sent(frame):
                self._keep_away(frame)
            elif self._remembers:
                self._ring.add(frame, CLIP_MS)
            await self._driver.room()

    async def _sent(self, frame: Frame) -> bool:
        """Send a frame when its place in line comes; False while the connection is away."""
        await self._pace()
        verdict = await self._driver.allowed(_PROBE, milliseconds=frame.milliseconds)
        if verdict is Verdict.KEEP:
            return False
        event = InputAudioBufferAppend(audio=encode_frame(frame, as_wav=self._rate is None))
        self._driver.post(event, milliseconds=frame.milliseconds)
        return True

    def _keep_away(self, frame: Frame) -> None:
        """Keep what is spoken while the connection is away: all of a turn, or the last moments."""
        by_server = self._driver.machine.state.wanted.turn_detection.by_server
        self._ring.add(frame, STALE_MS if by_server else CLIP_MS)

    async def _pace(self) -> None:
        delay = self._pacer.take(self._driver.clock.now())
        if delay > 0:
            await self._driver.clock.sleep(delay)

    @property
    def _remembers(self) -> bool:
        """Whether sound is kept for a new connection: under server VAD it would be heard as fresh speech."""
        return self._keeps and self._driver.machine.state.situation is Situation.CLIENT_VAD

    async def _send_file(self, reader: SoundReader, path: Path) -> None:
        """Read a file off the loop: whole, or in pieces when it is an hour of sound."""
        check_name(path.name)
        size = (await _from_disk(path, path.stat)).st_size
        at_least_ms = duration_ms(max(0, size - WAV_HEAD_BYTES), HIGHEST_RATE)
        self._driver.machine.judge(_PROBE, milliseconds=at_least_ms)
        if size <= PIECE_BYTES:
            await self._send_clip(reader, await _from_disk(path, path.read_bytes))
            return
        async with aclosing(_pieces(path)) as pieces:
            await self._send_stream(reader, pieces)

    async def _send_stream(self, reader: SoundReader, source: AsyncIterable[Buffer]) -> None:
        async for piece in source:
            await self._send_pieces(reader.feed(_bytes(piece)))
        await self._send_rest(reader)

    # ── formats ────────────────────────────────────────────────────────────────────────────────────

    @property
    def _rate(self) -> int | None:
        return input_rate(self._driver.machine.state.wanted.input_audio_format)

    def _bare_rate(self, rate: int | None) -> int:
        """Return the rate of sound that has no header."""
        if rate is not None:
            check_rate(rate, self._rate)
            return rate
        return self._rate or PCM_RATE

    def _check(self, pieces: list[Frame]) -> None:
        for piece in pieces:
            check_rate(piece.rate, self._rate)


async def _from_disk(path: Path, read: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(read)
    except OSError as exc:
        raise unreadable(path, exc) from exc


async def _pieces(path: Path) -> AsyncGenerator[bytes, None]:
    file = await _from_disk(path, lambda: path.open("rb"))
    try:
        while piece := await _from_disk(path, partial(file.read, PIECE_BYTES)):
            yield piece
    finally:
        file.close()


def _holds_bytes(source: object) -> bool:
    """Tell an array of samples from an iterator of pieces: both can be iterated over."""
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _bytes(piece: object) -> bytes:
    """Return the samples of anything that holds some; numbers that are not whole are not samples."""
    try:
        view = memoryview(piece)  # type: ignore[arg-type]
    except TypeError as exc:
        raise InvalidType(
            f"Sound is bytes, a path or an iterator of bytes, not {type(piece).__name__}."
        ) from exc
    if view.format not in _WHOLE_NUMBERS:
        raise InvalidArgument(
            f"The sound holds numbers of the format {view.format!r}; the platform takes 16 bit whole ones.",
            hint="Convert it first: (samples * 32767).astype('<i2').tobytes()",
        )
    return view.tobytes()
