"""`zhipu.realtime`: talk with the model over one WebSocket, in speech, pictures and text."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from importlib import import_module
from typing import Literal

from zhipu_async.errors import RealtimeRefused
from zhipu_async.flows.call import Calls
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.flows.realtime_driver import Driver
from zhipu_async.flows.realtime_link import Socket
from zhipu_async.flows.veil import veiled
from zhipu_async.protocol.auth import hide
from zhipu_async.protocol.realtime import Machine
from zhipu_async.protocol.realtime_config import (
    MODEL,
    NOTHING_CHOSEN,
    RealtimeTool,
    Settings,
    changed,
    function_tool,
    runs_by_itself,
)
from zhipu_async.protocol.realtime_ends import Reconnect
from zhipu_async.protocol.realtime_timing import Patience
from zhipu_async.protocol.realtime_wire import decoder
from zhipu_async.resources.base import Resource
from zhipu_async.types.realtime_session import TurnDetection


class Realtime(Resource):
    """Calls with the model."""

    def __init__(self, calls: Calls, *, trust_env: bool = False) -> None:
        super().__init__(calls)
        self._trust_env = trust_env

    def connect(
        self,
        *,
        model: str = MODEL,
        voice: str | None = None,
        instructions: str | None = None,
        modalities: Sequence[str] | None = None,
        input_audio_format: str = "wav",
        turn_detection: Literal["client_vad", "server_vad"] | TurnDetection | None = None,
        noise_reduction: str | None = None,
        temperature: float | None = None,
        max_response_output_tokens: int | str | None = None,
        tools: Sequence[RealtimeTool] | None = None,
        chat_mode: str = "audio",
        auto_search: bool = True,
        greeting: bool | str | None = None,
        tts_source: str | None = None,
        reconnect: Reconnect | None = None,
        patience: Patience | None = None,
        keep_audio: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> RealtimeSession:
        """Return a session to enter: `async with zhipu.realtime.connect(...) as call`.

        turn_detection: "client_vad" (you commit and ask; the default), "server_vad", or a TurnDetection.
        input_audio_format: "wav" takes any rate of speech; "pcm" is 16 kHz, "pcmN" is N kHz.
        tools: functions with @tool run by themselves, plain dicts are yours to answer.
        reconnect: how to dial again after a loss; without it a loss ends the session.
        patience: how long each step of the platform may take.
        keep_audio: whether `call.response()` gathers speech, at most five minutes of the latest answer.
        tls: a context for certificates of your own.
        """
        settings = Settings(
            model=model,
            voice=voice,
            instructions=instructions,
            modalities=modalities,
            input_audio_format=input_audio_format,
            turn_detection=turn_detection,
            noise_reduction=noise_reduction,
            temperature=temperature,
            max_response_output_tokens=max_response_output_tokens,
            tools=tools,
            chat_mode=chat_mode,
            auto_search=auto_search,
            greeting=greeting,
            tts_source=tts_source,
        )
        wanted = changed(NOTHING_CHOSEN, settings)
        patience = patience or Patience()
        machine = Machine(wanted, patience=patience, keep_audio=keep_audio)

        async def dial() -> Socket:
            return await self._dial(tls, patience.handshake)

        driver = Driver(
            machine,
            dial,
            self._calls.clock,
            self._calls.random,
            reconnect=reconnect,
            tools=tools or (),
            manual_tools=[function_tool(tool).name for tool in tools or () if not runs_by_itself(tool)],
        )
        return RealtimeSession(driver, keeps_sound=reconnect is not None and reconnect.replay_audio)

    @veiled
    async def _dial(self, tls: ssl.SSLContext | None, seconds: float) -> Socket:
        """Open a socket with a fresh key; the library for it is imported off the loop, at the first call."""
        credentials = self._calls.credentials
        await asyncio.to_thread(_prepare)
        from zhipu_async.transport.websocket import dial

        key = await credentials.key()
        headers = {**self._calls.headers, "Authorization": credentials.authorization(key)}
        url = self._calls.address.realtime_url
        try:
            return await dial(url, headers, trust_env=self._trust_env, tls=tls, open_timeout=seconds)
        except RealtimeRefused as error:
            error.message, error.body = (
                hide(error.message, key),
                hide(error.body, key),
            )  # it may repeat what was sent
            error.args = (error.message,)
            raise


def _prepare() -> None:
    """Do what takes long, and once for all sessions."""
    import_module("zhipu_async.transport.websocket")
    decoder()
