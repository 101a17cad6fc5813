"""How do I show an answer while it arrives, and what the model thinks apart from it?"""

import asyncio

from zhipu_async import AsyncZhipuAI


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        async with zhipu.chat.completions.stream(model="glm-4.7", messages="Why is the sky blue?") as stream:
            print("Thinking: ", end="")
            async for thought in stream.reasoning():  # stops by itself where the answer begins
                print(thought, end="", flush=True)
            print("\n\nAnswer: ", end="")
            async for piece in stream.text():
                print(piece, end="", flush=True)
        print(
            f"\n\n{stream.result.usage.total_tokens} tokens, ended with {stream.result.choices[0].finish_reason!r}"
        )


if __name__ == "__main__":
    asyncio.run(main())
