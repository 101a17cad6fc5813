"""`zhipu-async realtime`: a spoken question in, a spoken answer out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from zhipu_async.cli.chosen import OK, REALTIME_MODEL, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.screen import DIM, Screen
from zhipu_async.errors import InvalidArgument

if TYPE_CHECKING:
    from zhipu_async import RealtimeSession

CONVERT = "Make one: ffmpeg -i FILE -ar 16000 -ac 1 question.wav"


def realtime(chosen: Chosen, screen: Screen) -> int:
    """Ask with one sound file and write the answer to another."""
    _check_files(chosen)
    with connected(chosen, screen) as connection:
        asyncio.run(_call(connection, chosen, screen))
    return OK


def _check_files(chosen: Chosen) -> None:
    """Raise before anything is paid for: bytes without a header would be sent as if they were samples."""
    with chosen.sound.open("rb") as sound:
        is_wav = sound.read(4) == b"RIFF"
    if not is_wav and chosen.sound.suffix.lower() != ".pcm":
        raise InvalidArgument(f"{chosen.sound} is no WAV file.", hint=CONVERT)
    if not chosen.answer.absolute().parent.is_dir():
        raise InvalidArgument(f"there is no folder for {chosen.answer}")


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
