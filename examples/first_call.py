"""How do I ask a model something?"""

import asyncio

from zhipu_async import AsyncZhipuAI


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        reply = await zhipu.chat.completions.create(model="glm-4.7", messages="用一句话介绍北京")
        print(reply.text)
        print(f"{reply.usage.total_tokens} tokens")


if __name__ == "__main__":
    asyncio.run(main())
