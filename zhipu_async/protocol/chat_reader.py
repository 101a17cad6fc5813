"""The bytes of a chat stream in, its chunks out: one pass in C while all is well, with care where it is not.

No I/O here.
"""

from __future__ import annotations

import json
import re

from zhipu_async.errors import StreamDamaged, StreamError, StreamFailed, StreamInterrupted
from zhipu_async.protocol.chat import Accumulator
from zhipu_async.protocol.decoding import convert, decoder, is_array, is_object
from zhipu_async.protocol.replies import Fault, fault_in, read_fault
from zhipu_async.protocol.sse import DONE, Dialect, Event, EventParser
from zhipu_async.protocol.surrogates import Halves
from zhipu_async.types.chat import ChatCompletion, ChatCompletionChunk, Usage

LONG_TAIL_BYTES = 16 * 1024  # of an unfinished event; beyond it the parser takes over, and copies less
SPLICES = 8  # so many broken frames on one line are looked through; more is noise
SPLICE = re.compile(rb"(?:data:[ \t]*|\n)(?=\{)")  # where one frame was written into another

_decode_lines = decoder(ChatCompletionChunk).decode_lines


class ChatReader:
    """Reads a stream of chunks and adds them up.

    `fault` is what is wrong with the stream; the chunks before it are returned first. `done` is [DONE].
    """

    __slots__ = (
        "_begun",
        "_halves",
        "_parser",
        "_resync",
        "_smooth",
        "_tail",
        "answer",
        "done",
        "fault",
        "lost_frames",
        "over",
    )

    def __init__(self, *, resync: bool = True) -> None:
        self._parser: EventParser | None = None  # most streams need none
        self._halves: Halves | None = None
        self._begun = False  # past the place where a byte order mark may stand
        self._resync = resync  # whether the caller can live with a lost frame
        self._smooth = False  # between two events, with nothing odd in sight
        self._tail = b""  # the beginning of an event
        self.answer: Accumulator = Accumulator()
        self.done: bool = False
        self.fault: StreamError | None = None
        self.lost_frames: int = 0
        self.over: bool = False
        """Reading on is pointless."""

    @property
    def usage(self) -> Usage | None:
        """Return the usage, once a chunk has told it."""
        return self.answer.usage

    def partial(self, request_id: str) -> ChatCompletion:
        """Return the answer as far as it has come."""
        return self.answer.completion(request_id)

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Return the chunks that these bytes complete; [] for keep-alives and half events."""
        if not (self._smooth or self._can_be_smooth(data)):
            return [] if self.over else self._carefully(data)
        if self._tail:
            data = self._tail + data
            self._tail = b""
        lines = data.removeprefix(b"data:")
        if lines is data or data[-3:] != b"}\n\n":  # the very same object: there was nothing to remove
            return self._unevenly(data)
        # A raw newline cannot stand inside JSON, so cutting off every `data:` at the start of a line leaves
        # one JSON value after the other. Whatever is not that fails to decode, and is read with care.
        try:
            chunks = _decode_lines(lines.replace(b"\ndata:", b"\n"))
        except (ValueError, RecursionError):
            return self._carefully(data)
        if self.answer.add(chunks):
            self._check_finish()
        return chunks

    def end(self) -> list[ChatCompletionChunk]:
        """Return what the end of the body completes."""
        if self.over:
            return []
        chunks = self._carefully(self._tail)
        last: list[ChatCompletionChunk] = []
        for event in self._strictly().end():
            self._take_last(event, last)
        self._settle(last)
        return chunks + last

    def _can_be_smooth(self, data: bytes) -> bool:
        if self._parser is not None:
            return self._is_smooth_again(self._parser)
        if self._begun or data[:5] != b"data:":
            return False
        self._begun = self._smooth = True  # there is no byte order mark
        return True

    def _is_smooth_again(self, parser: EventParser) -> bool:
        """Take an unfinished line back from the parser, as soon as it keeps nothing else."""
        if self.over or self.lost_frames or self._halves:
            return False
        line = parser.give_back(LONG_TAIL_BYTES)
        self._tail = line or b""
        self._smooth = line is not None
        return self._smooth

    def _strictly(self) -> EventParser:
        if self._parser is None:
            self._parser = EventParser(Dialect.BIGMODEL)
            self._parser.begun = self._begun
            self._begun = True
        return self._parser

    def _unevenly(self, data: bytes) -> list[ChatCompletionChunk]:
        """Take bytes that end inside an event, end the stream, or have CR LF."""
        cut = data.rfind(b"\n\n") + 2
        if cut < 2:
            cut = data.rfind(b"\n\r\n") + 3
        if cut < 3 or data[:5] != b"data:":
            return self._held(data)
        tail = data[cut:]
        last = None if data[cut - 3 : cut] == b"}\n\n" else before_done(data[:cut])
        lines = data[5:cut] if last is None else last[5:]
        try:
            chunks = _decode_lines(lines.replace(b"\ndata:", b"\n"))
        except (ValueError, RecursionError):
            return self._carefully(data)
        self.done = last is not None
        self._tail = tail
        self._settle(chunks)
        return chunks if self.over or may_wait(tail) else chunks + self._carefully(tail)

    def _held(self, data: bytes) -> list[ChatCompletionChunk]:
        # No blank line yet, or other lines than `data:` around it, which are for the parser.
        if may_wait(data):
            self._tail = data
            return []
        return self._carefully(data)

    def _check_finish(self) -> None:
        reason = self.answer.failure
        if reason:
            self.fault = self.fault or StreamFailed(f"the answer ended with {reason}", code=reason)
            self.over = True
            self._smooth = False

    def _carefully(self, data: bytes) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        self._tail = b""
        self._smooth = False
        parser = self._strictly()
        for event in parser.feed(data):
            self._take(event, chunks)
            if self.done or self.fault:
                break
        if parser.too_long:
            self.fault = StreamDamaged("an event of the stream is longer than any event may be")
        self._settle(chunks)
        return chunks

    def _settle(self, chunks: list[ChatCompletionChunk]) -> None:
        """Add the chunks up, and see whether to go on."""
        self.over = self.done or self.fault is not None
        if self.over:
            self._smooth = False
        if self.answer.add(chunks):
            self._check_finish()

    def _take(self, event: Event, chunks: list[ChatCompletionChunk]) -> None:
        data = event.data.strip()
        if data == DONE:
            self.done = True
        elif event.name == "error":
            self.fault = failed(read_fault(data))
        elif data:
            self._take_frame(data, chunks)

    def _take_frame(self, data: bytes, chunks: list[ChatCompletionChunk]) -> None:
        try:
            found = _decode_lines(data)
        except (ValueError, RecursionError):
            self._mend(data, chunks)
            return
        if self.lost_frames and any(chunk.id != self._known_id(chunks) for chunk in found):
            self.fault = StreamDamaged("after a broken frame the stream went on with another stream's")
            return
        if self._halves:
            self._halves.forget()
        chunks += found

    def _take_last(self, event: Event, chunks: list[ChatCompletionChunk]) -> None:
        """Take an event that only the end of the body closed: a half one was cut off, not damaged."""
        before = len(chunks)
        self._take(event, chunks)
        if isinstance(self.fault, StreamDamaged) and len(chunks) == before:
            self.fault = None

    def _mend(self, data: bytes, chunks: list[ChatCompletionChunk]) -> None:
        self._halves = self._halves or Halves()
        found = read_frame(data, self._halves)
        if isinstance(found, ChatCompletionChunk):
            chunks.append(found)
        elif found is not None:
            self.fault = failed(found)
        else:
            self._resynchronise(data, chunks)

    def _resynchronise(self, data: bytes, chunks: list[ChatCompletionChunk]) -> None:
        """Go on behind a broken frame, where it is certain that what follows belongs to this stream."""
        found = frame_inside(data)
        known = self._known_id(chunks)
        if found is None:
            self.fault = StreamDamaged("a frame of the stream is not JSON")
        elif not known or found.id != known:
            self.fault = StreamDamaged("a broken frame is followed by another stream's")
        elif not self._resync or self.answer.has_tool_calls or any(map(calls_tools, (*chunks, found))):
            self.fault = StreamDamaged("a broken frame in an answer that cannot do without it")
        else:
            self.lost_frames += 1
            chunks.append(found)

    def verdict(self) -> StreamError | None:
        """Return what is wrong with the stream once it is over; None when the answer is whole."""
        if self.fault is not None or self.answer.finished:
            return self.fault
        said = "[DONE]" if self.done else "the end of the body"
        return StreamInterrupted(f"the stream came to {said} without a finish reason")

    def _known_id(self, chunks: list[ChatCompletionChunk]) -> str:
        return self.answer.id or (chunks[0].id if chunks else "")


def may_wait(data: bytes) -> bool:
    """Tell whether a beginning of an event can be kept as it is.

    It is part of one `data:` line, or that line without its blank line, which alone makes no event yet.
    """
    if len(data) > LONG_TAIL_BYTES or b"\r" in data or not b"data:".startswith(data[:5]):
        return False
    newline = data.find(b"\n")
    return newline < 0 or (newline == len(data) - 1 and data.endswith(b"}\n"))


def before_done(body: bytes) -> bytes | None:
    """The data lines before a final `data: [DONE]`; None when the last line is another."""
    body = body.rstrip()
    if not body.endswith(DONE):
        return None
    line = body.rfind(b"\ndata:")
    if body[line + 6 if line >= 0 else 5 :].strip() != DONE:
        return None
    return body[: max(line, 0)]


def read_frame(data: bytes, halves: Halves) -> ChatCompletionChunk | Fault | None:
    """A frame that the fast decoder refused: a chunk in another form, an error, or nothing readable."""
    try:
        value: object = json.loads(data.decode("utf-8", "replace"))
        if not is_object(value):
            return None
        return fault_in(value) or convert(as_chunk(value, halves), ChatCompletionChunk)
    except (ValueError, RecursionError):
        return None


def as_chunk(value: dict[str, object], halves: Halves) -> dict[str, object]:
    """The frame in the one form that chunks have: lists, messages, objects and nulls are translated."""
    choices = value.get("choices")
    choices = choices if is_array(choices) else []  # a frame of an unknown kind adds nothing
    return {**value, "choices": [as_choice(choice, halves) for choice in choices if is_object(choice)]}


def as_choice(choice: dict[str, object], halves: Halves) -> dict[str, object]:
    """The choice with its delta; a server that ignores `stream` sends the whole message instead."""
    message = choice.pop("message", None)
    delta = choice.get("delta")
    delta = delta if is_object(delta) else message if is_object(message) else {}
    calls = delta.get("tool_calls")
    content = delta.get("content")
    if is_array(content):
        delta["content"] = "".join(str(part.get("text") or "") for part in content if is_object(part))
    for call in calls if is_array(calls) else ():
        as_call(call)
    halves.heal(choice.get("index"), delta)
    return {**choice, "delta": delta}


def as_call(call: object) -> None:
    """Arguments that came as an object become the JSON text that they should have been."""
    function = call.get("function") if is_object(call) else None
    if is_object(function) and is_object(function.get("arguments")):
        function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)


def frame_inside(data: bytes) -> ChatCompletionChunk | None:
    """The whole frame that was written into a broken one."""
    for _, place in zip(range(SPLICES), SPLICE.finditer(data, 1), strict=False):
        found = read_frame(data[place.end() :], Halves())
        if isinstance(found, ChatCompletionChunk):
            return found
    return None


def calls_tools(chunk: ChatCompletionChunk) -> bool:
    """Tell whether the chunk holds a piece of a tool call."""
    return any(choice.delta.tool_calls for choice in chunk.choices)


def failed(fault: Fault) -> StreamFailed:
    """The error that the platform reported inside the stream."""
    return StreamFailed(fault.message or "the platform reported an error inside the stream", code=fault.code)
