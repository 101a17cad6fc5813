"""The realtime socket of the local platform: one WebSocket, one session, faults where they are asked for."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from .realtime_answer import Answer
from .realtime_events import Event, Mint
from .realtime_faults import Action, Close, Fault, FaultQueue, Pause, Send
from .realtime_session import REDACTED_FIELDS, Conduct, Script, Session

MAX_MESSAGE_BYTES = 256 * 1024  # what the platform was seen to enforce; more is closed with 1009
TIERS = {"V0": 5, "V1": 10, "V2": 15, "V3": 20}  # connections at once, by the account's tier
MAX_UNSENT = 512  # events waiting for a client that does not read; then it is not listened to either
KEPT_SESSIONS = 256  # records of past sessions
KEPT_EVENTS = 1024  # per direction and session
NEVER_S = 86_400.0  # a stall without an end: no test waits for a day

Refusal = tuple[int, dict[str, object]]
"""An HTTP status and the body that goes with it."""


class Orders(msgspec.Struct, forbid_unknown_fields=True):
    """What can be asked for as JSON: `{"answers": [{"text": "hi"}], "faults": [{"kind": "drop"}]}`."""

    answers: tuple[Answer, ...] = ()
    transcripts: tuple[str | None, ...] = ()
    faults: tuple[Fault, ...] = ()
    quirks: frozenset[str] | None = None
    concurrency: int | None = None


@dataclass
class SessionRecord:
    """What happened on one connection: for assertions and for the eye. Sound and pictures are left out."""

    id: str
    received: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=KEPT_EVENTS))
    sent: deque[str] = field(default_factory=lambda: deque[str](maxlen=KEPT_EVENTS))
    """Types only."""
    received_count: int = 0
    dropped_appends: int = 0
    close_code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def open(self) -> bool:
        return not self.ended.is_set()


class Realtime:
    """Mount `handle` at GET /api/paas/v4/realtime; call `close` when the server stops.

    `authorise` looks at the handshake and gives the key it comes with, for the cap on connections of one
    key, or the status and body to refuse it with.
    """

    def __init__(
        self,
        conduct: Conduct | None = None,
        *,
        authorise: Callable[[web.Request], str | Refusal] = lambda request: "",
        concurrency: int = TIERS["V0"],
        lingering_seconds: float = 0.0,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self.conduct: Conduct = conduct or Conduct()
        self.concurrency: int = concurrency
        self.lingering_seconds = lingering_seconds
        """How long a dropped connection still counts against the cap; the platform may need a while to notice."""
        self.faults: FaultQueue = FaultQueue()
        self.script: Script = Script()
        self.sessions: deque[SessionRecord] = deque(maxlen=KEPT_SESSIONS)
        self.peak_connections: int = 0
        self._authorise = authorise
        self._max_message_bytes = max_message_bytes
        self._open: Counter[str] = Counter()
        self._lines: set[_Line] = set()
        self._numbers = itertools.count(1)

    def answer(self, *answers: Answer) -> None:
        """Say what the next responses are."""
        self.script.answers.extend(answers)

    def hear(self, *transcripts: str | None) -> None:
        """Say what speech recognition makes of the next spoken turns; None: it fails."""
        self.script.transcripts.extend(transcripts)

    def fault(self, *faults: Fault) -> None:
        """Line up what is to go wrong."""
        for fault in faults:
            self.faults.add(fault)

    def order(self, body: object) -> None:
        """Take answers, transcripts, faults, quirks and a cap as JSON; ValueError where it is not understood."""
        try:
            orders = msgspec.convert(body, Orders)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        if orders.quirks is not None:
            self.conduct = replace(self.conduct, quirks=orders.quirks)
        if orders.concurrency is not None:
            self.concurrency = orders.concurrency
        self.answer(*orders.answers)
        self.hear(*orders.transcripts)
        self.fault(*orders.faults)

    def forget(self) -> None:
        """Drop what was scripted and recorded; open connections go on."""
        self.script.answers.clear()
        self.script.transcripts.clear()
        self.faults.clear()
        self.sessions.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one session until either side ends it."""
        key = self._admit(request)
        if not isinstance(key, str):
            return web.json_response(key[1], status=key[0])
        self._open[key] += 1
        self.peak_connections = max(self.peak_connections, self._open.total())
        try:
            return await self._serve(request, key)
        finally:
            self._open[key] -= 1

    async def _linger(self, line: _Line) -> None:
        if self.lingering_seconds and line.record.close_code == WSCloseCode.ABNORMAL_CLOSURE:
            await asyncio.sleep(self.lingering_seconds)

    async def close(self) -> None:
        """Say goodbye on every open socket."""
        await asyncio.gather(*(line.go_away() for line in list(self._lines)))

    def _admit(self, request: web.Request) -> str | Refusal:
        fault = self.faults.refusal()
        if fault:
            return fault.status, _error(
                fault.refusal_code(), fault.reason or "The service refuses the connection."
            )
        key = self._authorise(request)
        if not isinstance(key, str):
            return key
        if not web.WebSocketResponse().can_prepare(request):
            return 400, _error("1210", "A WebSocket handshake is expected here.")
        if self._open[key] >= self.concurrency:
            return 429, _error("1302", "Rate limit reached for requests")
        return key

    async def _serve(self, request: web.Request, key: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=self._max_message_bytes, compress=False)
        await socket.prepare(request)
        limits = self.concurrency, max(0, self.concurrency - self._open[key])
        mint = Mint(f"{self.conduct.seed}/{next(self._numbers)}", lambda: time.time_ns() // 1_000_000)
        session = Session(self.conduct, self.script, mint, now=time.monotonic(), limits=limits)
        line = _Line(socket, request, session, self.faults)
        self.sessions.append(line.record)
        self._lines.add(line)
        try:
            await line.run()
            await self._linger(line)
        finally:
            self._lines.discard(line)
        return socket


class _Line:
    """One connection: a reader that feeds the session, a sender that keeps its clock."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, session: Session, faults: FaultQueue
    ) -> None:
        self.record = SessionRecord(session.id)
        self._socket, self._request, self._session, self._faults = socket, request, session, faults
        self._unsent: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._sending = True

    async def run(self) -> None:
        self._unsent.extend(self._session.open(time.monotonic()))
        sender = asyncio.create_task(self._send_all())
        try:
            await self._read_all()
        finally:
            # Before anything is awaited: aiohttp cancels the handler when the client drops the connection.
            self.record.close_code = self._socket.close_code
            self.record.ended.set()
            sender.cancel()
            await asyncio.wait([sender])

    async def go_away(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the simulator stops")

    async def _read_all(self) -> None:
        async for message in self._socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._receive(message.data)
            if len(self._unsent) > MAX_UNSENT:
                await self._make_room()

    async def _make_room(self) -> None:
        """Wait for the client to read; a stalled line forgets, so that it sees the client leave."""
        while len(self._unsent) > MAX_UNSENT and self._sending:
            self._room.clear()
            await self._room.wait()
        while len(self._unsent) > MAX_UNSENT:
            self._unsent.popleft()

    def _receive(self, message: str | bytes) -> None:
        self._unsent.extend(self._session.receive(message, time.monotonic()))
        self._note(self._session.last_received)
        self._wake.set()

    def _note(self, event: Event) -> None:
        self.record.received_count += 1
        self.record.dropped_appends = self._session.dropped_appends
        self.record.received.append({k: v for k, v in event.items() if k not in REDACTED_FIELDS})

    async def _send_all(self) -> None:
        try:
            await self._send_for_ever()
        except ConnectionError:
            pass  # the client is gone; the reader hears of it too
        finally:
            self._hush()

    def _hush(self) -> None:
        self._sending = False
        self._room.set()

    async def _send_for_ever(self) -> None:
        while True:
            while self._unsent:
                await self._send(self._unsent.popleft())
            self._room.set()
            self._unsent.extend(self._session.tick(time.monotonic()))
            if self._unsent:
                await asyncio.sleep(0)  # at any speed the reader gets its turn
            else:
                await self._sleep()

    async def _sleep(self) -> None:
        self._wake.clear()
        due = self._session.due
        timer = None
        if due < math.inf:
            timer = asyncio.get_running_loop().call_later(max(0.0, due - time.monotonic()), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer:
                timer.cancel()

    async def _send(self, event: Event) -> None:
        for action in self._faults.sending(event):
            await self._act(action)
        self.record.sent.append(str(event["type"]))

    async def _act(self, action: Action) -> None:
        match action:
            case Send(text, binary):
                await (self._socket.send_bytes(text) if binary else self._socket.send_str(text.decode()))
            case Pause(seconds):
                await self._stall(seconds)
            case Close(code, reason):
                await self._socket.close(code=code, message=reason.encode())
            case _:
                self._cut()

    async def _stall(self, seconds: float | None) -> None:
        self._hush()
        await asyncio.sleep(NEVER_S if seconds is None else seconds)
        self._sending = True

    def _cut(self) -> None:
        if self._request.transport:
            self._request.transport.abort()


def _error(code: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message}}
