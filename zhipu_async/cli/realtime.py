"""`zhipu-async realtime`: a spoken question in, a spoken answer out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from zhipu_async.cli.chosen import OK, REALTIME_MODEL, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.screen import DIM, Screen

if TYPE_CHECKING:
    from zhipu_async import RealtimeSession


def realtime(chosen: Chosen, screen: Screen) -> int:
    """Ask with one sound file and write the answer to another."""
    with connected(chosen, screen) as connection:
        asyncio.run(_call(connection, chosen, screen))
    return OK


async def _call(connection: Connection, chosen: Chosen, screen: Screen) -> None:
    async with (
        connection.client() as zhipu,
        zhipu.realtime.connect(
            model=chosen.model or REALTIME_MODEL, voice=chosen.voice, instructions=chosen.instructions
        ) as call,
    ):
        await call.send_audio(chosen.sound)
        await call.commit()
        await call.respond()
        answer = call.response()
        heard = await _listen(call, screen)
        await answer
        await asyncio.to_thread(chosen.answer.write_bytes, answer.wav())
    seconds = answer.audio_ms / 1000
    if screen.json_wanted:
        screen.json({
            "question": heard, "answer": answer.transcript or answer.text, "seconds": round(seconds, 2),
            "file": str(chosen.answer),
        })  # fmt: skip
    else:
        screen.notice(f"{seconds:.1f} s of speech are in {chosen.answer}", DIM)


async def _listen(call: RealtimeSession, screen: Screen) -> str:
    """Show the answer while it is spoken; return what the platform understood of the question."""
    from zhipu_async.types.realtime import (
        ConversationItemInputAudioTranscriptionCompleted as Heard,
    )
    from zhipu_async.types.realtime import (
        ResponseAudioTranscriptDelta,
        ResponseDone,
    )

    heard = ""
    async for event in call:
        if isinstance(event, Heard):
            heard = event.transcript
            screen.notice(f"You said: {heard}", DIM)
        elif isinstance(event, ResponseAudioTranscriptDelta) and not screen.json_wanted:
            screen.say(event.delta, end="")
        elif isinstance(event, ResponseDone):
            break
    if not screen.json_wanted:
        screen.say("")
    return heard
