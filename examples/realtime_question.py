"""How do I ask with a sound file and get the answer as one?

python examples/realtime_question.py question.wav answer.wav
"""

import asyncio
import sys
from pathlib import Path

from zhipu_async import AsyncZhipuAI

QUESTION = Path(__file__).parent / "sounds" / "question.wav"


async def main(question: Path, answer_path: Path) -> None:
    async with AsyncZhipuAI() as zhipu, zhipu.realtime.connect(voice="tongtong") as call:
        await call.send_audio(question)  # any rate: the file says which
        await call.commit()
        await call.respond()
        answer = call.response()
        async for _samples in answer.audio():  # faster than it is heard; a loudspeaker would play them here
            print(f"\r{answer.audio_ms / 1000:.1f} s of speech", end="", flush=True)
        await asyncio.to_thread(answer_path.write_bytes, answer.wav())
        print(f" in {answer_path}: {answer.transcript}")


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*arguments if len(arguments) == 2 else (QUESTION, Path("answer.wav"))))
