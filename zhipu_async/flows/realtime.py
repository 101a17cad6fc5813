"""A realtime session as its caller sees it: say something, iterate over what happens, gather answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Unpack

from zhipu_async.errors import IllegalCall, InvalidArgument, InvalidType
from zhipu_async.flows.only_async import OnlyAsyncFor, OnlyAsyncWith
from zhipu_async.flows.realtime_answer import Answer
from zhipu_async.flows.realtime_driver import Driver
from zhipu_async.flows.realtime_sound import Sound, SoundInput
from zhipu_async.flows.veil import Veiled
from zhipu_async.protocol.realtime_calls import Refusal, Verdict, check_size
from zhipu_async.protocol.realtime_config import Settings, changed
from zhipu_async.protocol.realtime_states import Answering, Configuration, Connection, Input
from zhipu_async.protocol.realtime_wire import client_event
from zhipu_async.protocol.sendable import as_object, encode
from zhipu_async.types.realtime import (
    ConversationItemRetrieved,
    Item,
    RealtimeEvent,
    ResponseFunctionCallArgumentsDone,
)
from zhipu_async.types.realtime_client import (
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    InputItem,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    TranscriptionConfig,
    TranscriptionSessionUpdate,
    function_result,
    text_item,
)
from zhipu_async.types.realtime_session import Session

if TYPE_CHECKING:
    from typing import Self


class SessionState(NamedTuple):
    """Where a session stands."""

    connection: Connection
    input: Input
    answering: Answering
    configuration: Configuration


class RealtimeSession(Veiled, OnlyAsyncWith, OnlyAsyncFor):
    """One call with the model. Enter it, say something, iterate over its events.

    Every method that sends waits only while the network does, and raises `IllegalCall` before anything is
    sent when it does not fit the session's state. Cancelling one of them takes nothing back that was sent.
    """

    def __init__(self, driver: Driver, *, keeps_sound: bool = False) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._sound = SoundInput(driver, keeps=keeps_sound)
        self._order = asyncio.Lock()
        driver.restores = self._sound

    def __repr__(self) -> str:
        return f"<RealtimeSession {self._machine.state.describe()}>"

    # ── life ───────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await self._driver.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up; closing twice does nothing more, a cancelled close still completes."""
        await self._sound.close()
        await self._driver.close()

    @property
    def state(self) -> SessionState:
        """Return where the session stands."""
        state = self._machine.state
        return SessionState(state.connection, state.input, state.answering, state.configuration)

    @property
    def session(self) -> Session:
        """Return the session as the platform last described it."""
        return self._machine.echo

    # ── what happens ───────────────────────────────────────────────────────────────────────────────

    def __aiter__(self) -> Self:
        if self._machine.state.connection is Connection.NEW:  # it would wait for ever
            what, hint = Refusal.NOT_READY.value
            raise IllegalCall(f"There are no events: {what}.", reason="not_ready", state="NEW", hint=hint)
        return self

    def __anext__(self) -> Coroutine[None, None, RealtimeEvent]:
        """Return the next event. Ends after a clean close, raises `RealtimeClosed` after any other."""
        return self._driver.events.get()

    def response(self) -> Answer:
        """Return the answer under way, the last one if nobody took it, or else the next, to gather it."""
        return self._driver.answers.take()

    # ── what the user says ─────────────────────────────────────────────────────────────────────────

    async def send_text(self, text: str, *, respond: bool = True, reuse_frame: bool = False) -> None:
        """Say something in writing and ask for an answer; neither is sent unless both are legal."""
        item = ConversationItemCreate(item=text_item(text))
        if not respond:
            await self._send(item)
            return
        waived = _waived(reuse_frame)
        async with self._order:
            while self._machine.judge_text(item, waived) is Verdict.WAIT:
                await self._driver.change()
            self._driver.post(item)
            self._driver.post(ResponseCreate())

    async def send_audio(self, source: Sound, *, rate: int | None = None) -> None:
        """Send sound: WAV or PCM as bytes, a path, or an iterator that yields either in any pieces.

        It goes out in frames of 100 ms, no faster than the platform takes them. Sound without a header is
        taken for `rate` samples a second, by default what the input format says, or 16,000.
        """
        await self._sound.send(source, rate)

    async def send_video_frame(self, jpeg: bytes) -> None:
        """Show a picture (video calls only); two a second are what the platform expects."""
        await self._sound.send_picture(jpeg)

    async def commit(self) -> None:
        """End the turn (client VAD)."""
        await self._sound.commit()

    async def clear(self) -> None:
        """Throw away the sound and the pictures of the turn being spoken."""
        await self._sound.clear()

    # ── what the model says ────────────────────────────────────────────────────────────────────────

    async def respond(self, *, reuse_frame: bool = False) -> None:
        """Ask for an answer. Under server VAD the platform answers speech by itself."""
        event = ResponseCreate()
        async with self._order:
            await self._driver.allowed(event, waived=_waived(reuse_frame))
            self._driver.post(event)

    async def cancel(self, *, missing_ok: bool = False) -> bool:
        """Stop the answer under way, and drop what of its speech has not been read.

        Returns whether there was one; without one it raises, unless `missing_ok`.
        """
        event = ResponseCancel()
        try:
            verdict = self._machine.judge(event)
        except IllegalCall as exc:
            if missing_ok and exc.reason == Refusal.NO_ACTIVE_RESPONSE.name.lower():
                return False
            raise
        if verdict is Verdict.SEND:
            self._driver.post(event)
        return True

    # ── the conversation ───────────────────────────────────────────────────────────────────────────

    async def create_item(self, item: InputItem | str, *, role: str = "user") -> None:
        """Add to the history: a text of the user (or `system`, `assistant`), or any item."""
        made: object = text_item(item, role) if isinstance(item, str) else item
        if not isinstance(made, InputItem):
            raise InvalidType(f"an item is a text or an InputItem, not {type(made).__name__}")
        await self._send(ConversationItemCreate(item=made))

    async def send_tool_result(
        self, call: ResponseFunctionCallArgumentsDone | str | None, output: str
    ) -> None:
        """Answer a function call that is not run for you: by its event, its call_id, or None for the oldest.

        The next answer is asked for with `respond()` once every call has its result.
        """
        call_id = call.call_id if isinstance(call, ResponseFunctionCallArgumentsDone) else call or ""
        await self._send(ConversationItemCreate(item=function_result(output, call_id)))

    async def delete_item(self, item_id: str) -> None:
        """Take an item out of the history; returns when the platform has done so."""
        event = ConversationItemDelete(item_id=item_id)
        await self._driver.allowed(event)
        await self._driver.answered(event)

    async def retrieve_item(self, item_id: str) -> Item:
        """Return an item of the history."""
        event = ConversationItemRetrieve(item_id=item_id)
        await self._driver.allowed(event)
        answer = await self._driver.answered(event)
        assert isinstance(answer, ConversationItemRetrieved)  # nothing else acknowledges it
        return answer.item

    # ── the session itself ─────────────────────────────────────────────────────────────────────────

    async def update(
        self, *, when_idle: bool = False, keep_history: bool = False, **settings: Unpack[Settings]
    ) -> Session:
        """Change settings; returns the session as the platform took it.

        Changing chat_mode or the turn mode needs a pause: `when_idle` waits for it. Going from video to
        audio makes the platform forget; `keep_history` tells it again what can be told.
        """
        async with self._order:
            event = SessionUpdate(session=changed(self._machine.state.wanted, settings))
            if await self._update_allowed(event, when_idle) is Verdict.KEEP:
                self._machine.keep(event.session)
                return self._machine.echo
            told = self._machine.state.history.to_tell()[0] if keep_history else []
            await self._sound.settle(event.session)
            await self._driver.answered(event)
            if keep_history:
                self._driver.act(self._machine.tell_again(told, self._driver.clock.now()))
            return self._machine.echo

    async def update_transcription(self, config: TranscriptionConfig) -> None:
        """Configure a session that only transcribes."""
        event = TranscriptionSessionUpdate(session=config)
        await self._driver.allowed(event)
        await self._driver.answered(event)

    async def send(self, event: Mapping[str, object]) -> None:
        """Send an event as it is, past every check: for what the platform learned after this release."""
        if not as_object(event) or not isinstance(event.get("type"), str):
            raise InvalidArgument("An event is a mapping that has a type.")
        self._machine.judge_raw()
        known = client_event(event)
        if known is not None:
            self._driver.post(known)
        else:
            message = encode(dict(event))
            check_size(len(message))
            self._driver.write(message)
        await self._driver.room()

    async def _update_allowed(self, event: SessionUpdate, when_idle: bool) -> Verdict:
        while True:
            try:
                return await self._driver.allowed(event)
            except IllegalCall as exc:
                if not when_idle or exc.reason != Refusal.SESSION_BUSY.name.lower():
                    raise
                await self._driver.change()

    async def _send(self, event: ConversationItemCreate) -> None:
        async with self._order:
            await self._driver.allowed(event)
            self._driver.post(event)
        await self._driver.room()


def _waived(reuse_frame: bool) -> tuple[Refusal, ...]:
    return (Refusal.MISSING_VIDEO_FRAME,) if reuse_frame else ()
