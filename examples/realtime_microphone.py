"""How do I talk with the model live? Microphone in, loudspeaker out, and you may interrupt.

pip install 'zhipu-async[audio]'
python examples/realtime_microphone.py
"""

import asyncio
import queue
import sys
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import Any

from zhipu_async import AsyncZhipuAI, Reconnect
from zhipu_async.types.realtime import (
    AudioFlushed,
    ConversationItemInputAudioTranscriptionCompleted,
    ResponseAudioDelta,
    ResponseAudioTranscriptDelta,
    ResponseDone,
)

HEARD_RATE, SPOKEN_RATE = 16_000, 24_000
BLOCK_MS = 40  # of the devices; the library makes the frames that the platform wants


class Speaker:
    """Plays what it is given; can be silenced at once."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._rest = b""

    def play(self, samples: bytes) -> None:
        self._waiting.put(samples)

    def hush(self) -> None:
        while not self._waiting.empty():
            self._waiting.get()
        self._rest = b""

    def fill(self, block: Any, *_: object) -> None:
        """Called by the sound system, in a thread of its own."""
        while len(self._rest) < len(block) and not self._waiting.empty():
            self._rest += self._waiting.get()
        heard, self._rest = self._rest[: len(block)], self._rest[len(block) :]
        block[:] = heard.ljust(len(block), b"\0")


@contextmanager
def devices(speaker: Speaker) -> Any:
    """Open the microphone and the loudspeaker, or say in one sentence why that is not possible."""
    try:
        import sounddevice
    except (ImportError, OSError) as exc:  # OSError: the package is there, the system's PortAudio is not
        sys.exit(f"No sound here ({exc}). Install it with: pip install 'zhipu-async[audio]'")
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bytes](maxsize=50)

    def listen(block: Any, *_: object) -> None:
        loop.call_soon_threadsafe(put, bytes(block))

    def put(block: bytes) -> None:
        if not heard.full():  # the line is away for long: what is older than two seconds is not live any more
            heard.put_nowait(block)

    def stream(kind: Any, rate: int, callback: Any) -> Any:
        size = rate * BLOCK_MS // 1000
        return kind(samplerate=rate, blocksize=size, channels=1, dtype="int16", callback=callback)

    try:
        with (
            stream(sounddevice.RawInputStream, HEARD_RATE, listen),
            stream(sounddevice.RawOutputStream, SPOKEN_RATE, speaker.fill),
        ):
            yield heard
    except sounddevice.PortAudioError as exc:
        sys.exit(f"No microphone or loudspeaker here ({exc}). Try examples/realtime_question.py with a file.")


async def blocks(heard: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await heard.get()


async def main() -> None:
    speaker = Speaker()
    with devices(speaker) as heard:
        async with (
            AsyncZhipuAI() as zhipu,
            zhipu.realtime.connect(
                turn_detection="server_vad", input_audio_format="pcm16", reconnect=Reconnect()
            ) as call,
            asyncio.TaskGroup() as group,  # who stops listening stops speaking
        ):
            print("Speak. Ctrl-C hangs up.")
            speaking = group.create_task(call.send_audio(blocks(heard)))
            async for event in call:
                match event:
                    case ResponseAudioDelta():
                        speaker.play(event.audio)
                    case AudioFlushed():  # you began to speak: be silent at once
                        speaker.hush()
                    case ConversationItemInputAudioTranscriptionCompleted(transcript=words):
                        print(f"\n> {words}")
                    case ResponseAudioTranscriptDelta(delta=words):
                        print(words, end="", flush=True)
                    case ResponseDone():
                        print()
                    case _:
                        pass
            speaking.cancel()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("\nGoodbye.")
