"""How do I ask about a picture? `python vision.py photo.jpg "What is this?"`"""

import asyncio
import sys
from pathlib import Path

from zhipu_async import AsyncZhipuAI, parts

PICTURE = Path(__file__).with_name("circle.png")


async def main(picture: str, question: str) -> None:
    async with AsyncZhipuAI() as zhipu:
        reply = await zhipu.chat.completions.create(
            model="glm-4.6v",
            messages=[{"role": "user", "content": [parts.image(picture), parts.text(question)]}],
        )
        print(reply.text)


if __name__ == "__main__":
    asyncio.run(main(*(sys.argv[1:] or [str(PICTURE), "What is in the picture?"])))
