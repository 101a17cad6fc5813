"""How do I show the model something? Send JPEG frames along with the sound, and ask.

python examples/realtime_video.py frame1.jpg frame2.jpg
"""

import asyncio
import base64
import sys
from pathlib import Path

from zhipu_async import AsyncZhipuAI

QUESTION = Path(__file__).parent / "sounds" / "question.wav"
FRAMES_A_SECOND = 2  # what the platform expects; it takes frames for evenly spaced

# One grey pixel, for trying this without a camera.
PIXEL = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
    "////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q=="
)


async def main(frames: list[bytes]) -> None:
    async with AsyncZhipuAI() as zhipu, zhipu.realtime.connect(chat_mode="video_passive") as call:
        async with asyncio.TaskGroup() as group:
            group.create_task(call.send_audio(QUESTION))
            for frame in frames:
                await call.send_video_frame(frame)
                await asyncio.sleep(1 / FRAMES_A_SECOND)
        await call.commit()
        await call.respond()
        print((await call.response()).transcript)


if __name__ == "__main__":
    asyncio.run(main([Path(name).read_bytes() for name in sys.argv[1:]] or [PIXEL]))
