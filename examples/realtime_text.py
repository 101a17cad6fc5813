"""How do I chat over the realtime socket? Type a line, read the answer while it is spoken.

python examples/realtime_text.py "讲个笑话" "再讲一个"
"""

import asyncio
import sys

from zhipu_async import AsyncZhipuAI
from zhipu_async.types.realtime import ResponseAudioTranscriptDelta, ResponseDone, ResponseTextDelta


async def main(lines: list[str]) -> None:
    async with AsyncZhipuAI() as zhipu, zhipu.realtime.connect(modalities=["text"]) as call:
        for line in lines:
            print(f"> {line}")
            await call.send_text(line)
            async for event in call:
                match event:
                    case ResponseTextDelta(delta=words) | ResponseAudioTranscriptDelta(delta=words):
                        print(words, end="", flush=True)
                    case ResponseDone(response=response):
                        print(f"\n[{response.status}]")
                        break
                    case _:
                        pass


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["讲个笑话", "再讲一个"]))
