"""One answer on its way: which event is due when, and how it ends when it is cut short. No I/O here."""

from __future__ import annotations

import base64
import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from . import realtime_voice
from .realtime_answer import Answer, pieces, shortened, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .realtime_config import Config
    from .realtime_events import Event, Mint

TEXT_PIECE_S = 0.06  # one to three characters: about 35 characters a second, a quick model
TRANSCRIPT_LAG_S = 0.03  # the transcript comes from a second model, behind the text
AUDIO_LAG_S = 0.15  # the voice starts when there are words to say
AUDIO_CHUNK_S = 0.08  # 200 ms of sound each 80 ms: audio arrives faster than it is heard
AUDIO_TOKENS_PER_S = 12.5
FUNCTION_CALL_S = 0.2


class Step(NamedTuple):
    """Something to send: seconds after the start at speed 1, what it is, what it carries."""

    at: float
    kind: str
    load: str = ""
    sound: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a response needs to know about the moment it was asked for."""

    config: Config
    quirks: frozenset[str] = frozenset()
    continuation: bool = False
    """The second leg of a function call starts without response.created, as in the platform's diagram."""
    transcription: tuple[Event, ...] = ()
    """The transcription of the question, told along the way: it comes from a model of its own."""
    limits: tuple[Event, ...] = ()
    input_text_tokens: int = 0
    input_audio_tokens: int = 0


class Response:
    """Steps through an answer. `due` says when to call `advance` next; `cancel` ends it at once."""

    def __init__(
        self, answer: Answer, moment: Circumstances, mint: Mint, *, now: float, speed: float
    ) -> None:
        self.id: str = mint.id("resp")
        self.item_id: str = mint.id("item")
        self.status: str = "in_progress"
        self.text_said: str = ""
        self.words_said: str = ""
        self._audio_bytes = 0
        self._open: list[str] = []  # what must be closed when the answer ends early, in closing order
        self._answer, self._moment, self._mint = answer, moment, mint
        self._calls = list(answer.tool_calls)
        self._call_index = 0
        self._text = shortened(answer.text, moment.config.max_tokens)
        self._started, self._speed = now, speed
        self._steps = self._all_steps()
        self._next: Step | None = next(self._steps)

    @property
    def due(self) -> float:
        return math.inf if self._next is None else self._started + self._next.at / self._speed

    @property
    def finished(self) -> bool:
        return self._next is None

    def advance(self) -> list[Event]:
        """Send what is next."""
        step = self._next
        assert step is not None, "a finished response is not advanced"
        self._next = next(self._steps, None)
        return self._emit(step)

    def cancel(self) -> list[Event]:
        """End now: everything that was opened is closed, `response.done` comes always."""
        self._next, self.status = None, "cancelled"
        closing = [Step(0, kind) for kind in self._open]
        return [event for step in closing for event in self._emit(step)] + [self._done()]

    def state(self, status: str) -> dict[str, object]:
        return {"object": "realtime.response", "id": self.id, "status": status}

    def items(self) -> list[dict[str, object]]:
        """What the conversation remembers of this answer: all that was generated, heard or not."""
        if self._calls:
            return [self._call_item(index, "completed") for index in range(self._call_index)]
        return [self._message(self._item_status(), self._content())] if self.text_said else []

    # --- which steps, in which order ------------------------------------------------------------------

    def _all_steps(self) -> Iterator[Step]:
        steps = self._call_steps() if self._calls else self._speech_steps()
        # Function calls are told one after the other: which one is meant depends on what went before.
        if "shuffle" in self._moment.quirks and not self._calls:
            steps = iter(_shuffled(list(steps), self._mint))
        yield from steps

    def _opening(self) -> Iterator[Step]:
        if not self._moment.continuation or "second_leg_created" in self._moment.quirks:
            yield Step(0, "created")
            yield Step(0, "limits")
        if self._answer.search:
            yield Step(0, "search")

    def _call_steps(self) -> Iterator[Step]:
        yield from self._opening()
        yield Step(0, "transcription")
        at = self._answer.think_seconds
        for _ in self._calls:
            at += FUNCTION_CALL_S
            for kind in (
                "item_created",
                "item_added",
                "part_added",
                "arguments_done",
                "part_done",
                "item_done",
            ):
                yield Step(at, kind)
        yield Step(at, "done")

    def _speech_steps(self) -> Iterator[Step]:
        """Client VAD tells the transcription before the answer's item, server VAD after it."""
        yield from self._opening()
        early = self._moment.config.vad is None
        if early:
            yield Step(0, "transcription")
        at = self._answer.think_seconds
        order = ["item_added", "item_created", "part_added"]
        if "item_created_first" in self._moment.quirks:
            order = ["item_created", "item_added", "part_added"]
        for kind in order if early else [*order, "transcription"]:
            yield Step(at, kind)
        last = at
        for step in heapq.merge(*self._tracks(at), key=lambda step: step.at):
            last = step.at
            yield step
        for kind in ("part_done", "item_done", "done"):
            yield Step(last, kind)

    def _tracks(self, at: float) -> Iterator[Iterator[Step]]:
        yield _words("text", pieces(self._text), at)
        if self._moment.config.speaks:
            transcript = self._text if self._answer.transcript is None else self._answer.transcript
            yield _words("transcript", pieces(transcript), at + TRANSCRIPT_LAG_S)
            yield self._sound_track(at + AUDIO_LAG_S)

    def _sound_track(self, at: float) -> Iterator[Step]:
        given = self._answer.audio
        chunks = (
            realtime_voice.speak(self._text, self._moment.config.voice)
            if given is None
            else realtime_voice.cut(given)
        )
        if "odd_audio" in self._moment.quirks:
            chunks = _odd(chunks)
        for chunk in chunks:
            yield Step(at, "audio_delta", sound=chunk)
            at += AUDIO_CHUNK_S
        yield Step(max(at, self._words_end()), "audio_done")

    def _words_end(self) -> float:
        return self._answer.think_seconds + TRANSCRIPT_LAG_S + TEXT_PIECE_S * len(pieces(self._text))

    # --- what a step looks like on the wire -----------------------------------------------------------

    def _emit(self, step: Step) -> list[Event]:
        match step.kind:
            case "created":
                return [self._mint.event("response.created", response=self.state("in_progress"))]
            case "limits":
                return list(self._moment.limits)
            case "transcription":
                return list(self._moment.transcription)
            case "search":
                return [self._search()]
            case "item_created":
                return [self._mint.event("conversation.item.created", item=self._created_item())]
            case "item_added" | "item_done":
                return [self._item_event(step.kind)]
            case "arguments_done":
                return [self._arguments()]
            case "done":
                return [self._done()]
            case _:
                return [self._part_event(step)]

    def _part_event(self, step: Step) -> Event:
        at = {**self._place(), "item_id": self._shown_item_id(), "content_index": 0}
        match step.kind:
            case "part_added":
                self._open[:0] = self._closers()
                return self._mint.event("response.content_part.added", **at, part=self._part())
            case "part_done":
                self._close("part_done")
                return self._mint.event("response.content_part.done", **at, part=self._part())
            case "text_delta":
                self.text_said += step.load
                return self._mint.event("response.text.delta", **at, delta=self._text_delta(step.load))
            case "text_done":
                self._close("text_done")
                return self._mint.event("response.text.done", **at, text=self.text_said)
            case "transcript_delta":
                self.words_said += step.load
                return self._mint.event("response.audio_transcript.delta", **at, delta=step.load)
            case "transcript_done":
                self._close("transcript_done")
                return self._mint.event("response.audio_transcript.done", **at, transcript=self.words_said)
            case "audio_delta":
                self._audio_bytes += len(step.sound)
                return self._mint.event(
                    "response.audio.delta", **at, delta=base64.b64encode(step.sound).decode()
                )
            case _:
                self._close("audio_done")
                return self._mint.event("response.audio.done", **at)

    def _closers(self) -> list[str]:
        if self._calls:
            return ["part_done"]
        spoken = ["transcript_done", "audio_done"] if self._moment.config.speaks else []
        return ["text_done", *spoken, "part_done"]

    def _close(self, kind: str) -> None:
        if kind in self._open:
            self._open.remove(kind)

    def _place(self) -> dict[str, object]:
        return {"response_id": self.id, "output_index": self._call_index if self._calls else 0}

    def _part(self) -> dict[str, object]:
        spoken = self._moment.config.speaks and not self._calls
        return {"type": "audio" if spoken else "text"}

    def _text_delta(self, piece: str) -> object:
        return {"text": piece} if "delta_object" in self._moment.quirks else piece

    def _item_event(self, kind: str) -> Event:
        if kind == "item_added":
            self._open.append("item_done")
            return self._mint.event("response.output_item.added", **self._place(), item=self._new_item())
        self._close("item_done")
        event = self._mint.event("response.output_item.done", **self._place(), item=self._ended_item())
        self._call_index += bool(self._calls)
        return event

    def _new_item(self) -> dict[str, object]:
        return (
            self._call_item(self._call_index, "in_progress")
            if self._calls
            else self._message("in_progress", [{}])
        )

    def _created_item(self) -> dict[str, object]:
        item = self._new_item()
        if "plain_items" in self._moment.quirks:
            item |= {"status": "incomplete"} if self._calls else {"status": "incomplete", "content": []}
        return item

    def _ended_item(self) -> dict[str, object]:
        if self._calls:
            return self._call_item(
                self._call_index, "incomplete" if self.status == "cancelled" else "completed"
            )
        return self._message(self._item_status(), [{}])

    def _item_status(self) -> str:
        return (
            "completed"
            if self.status != "cancelled" and self._final_status() == "completed"
            else "incomplete"
        )

    def _message(self, status: str, content: list[dict[str, object]]) -> dict[str, object]:
        item: dict[str, object] = {"content": content, "id": self.item_id, "object": "realtime.item"}
        return {**item, "role": "assistant", "status": status, "type": "message"}

    def _content(self) -> list[dict[str, object]]:
        return [{"type": "text", "text": self.text_said}]

    def _shown_item_id(self) -> str:
        return f"{self.item_id}{self._call_index or ''}"

    def _call_item(self, index: int, status: str) -> dict[str, object]:
        name, arguments = self._calls[index]
        item: dict[str, object] = {"id": f"{self.item_id}{index or ''}", "object": "realtime.item"}
        return {
            **item,
            "type": "function_call",
            "status": status,
            "name": name,
            "arguments": arguments,
            **self._call_id(),
        }

    def _call_id(self) -> dict[str, object]:
        """The platform's page knows no call_id; some of its clients do."""
        return {"call_id": f"call_{self.id}_{self._call_index}"} if "call_id" in self._moment.quirks else {}

    def _arguments(self) -> Event:
        name, arguments = self._calls[self._call_index]
        fields = {**self._place(), **self._call_id(), "name": name, "arguments": arguments}
        return self._mint.event("response.function_call_arguments.done", **fields)

    def _search(self) -> Event:
        browser = {"description": self._answer.search, "search_meta": "", "meta": "", "text_citation": ""}
        session = {"beta_fields": {"simple_browser": browser}}
        return self._mint.event(
            "response.function_call.simple_browser", name="simple_browser", session=session
        )

    def _final_status(self) -> str:
        return "incomplete" if self._text != self._answer.text else self._answer.status

    def _done(self) -> Event:
        if self.status != "cancelled":
            self.status = self._final_status()
        response = self.state(self.status)
        if "no_usage" not in self._moment.quirks:
            response["usage"] = self._usage()
        return self._mint.event("response.done", response=response)

    def _usage(self) -> dict[str, object]:
        text_in, audio_in = self._moment.input_text_tokens, self._moment.input_audio_tokens
        text_out = tokens(self.text_said) + sum(tokens(arguments) for _, arguments in self._calls)
        audio_out = round(self._audio_bytes / (realtime_voice.RATE * 2) * AUDIO_TOKENS_PER_S)
        return {
            "total_tokens": text_in + audio_in + text_out + audio_out,
            "input_tokens": text_in + audio_in,
            "output_tokens": text_out + audio_out,
            "input_token_details": {"cached_tokens": 0, "text_tokens": text_in, "audio_tokens": audio_in},
            "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
        }


def _words(track: str, words: list[str], at: float) -> Iterator[Step]:
    for word in words:
        yield Step(at, f"{track}_delta", word)
        at += TEXT_PIECE_S
    yield Step(at, f"{track}_done")


def _odd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Move one byte of every chunk to the next: the cuts fall inside samples."""
    carried = b""
    for chunk in chunks:
        yield carried + chunk[:-1]
        carried = chunk[-1:]
    if carried:
        yield carried


def _shuffled(steps: list[Step], mint: Mint) -> list[Step]:
    """Mix the types and keep each type's own order: between types the platform promises none."""
    *body, done = steps
    kinds = sorted((mint.shuffled_key(), step.kind) for step in body)
    waiting = {kind: iter([step for step in body if step.kind == kind]) for _, kind in kinds}
    return [*(next(waiting[kind])._replace(at=done.at) for _, kind in kinds), done]
