"""How do I search by meaning?"""

import asyncio
import heapq
from operator import mul

from zhipu_async import AsyncZhipuAI

DOCUMENTS = [
    "The Yangtze is the longest river of Asia.",
    "Jasmine tea is made from green tea and flowers.",
    "Pandas spend half of the day eating bamboo.",
    "An event loop runs one task at a time.",
]


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        index = {
            DOCUMENTS[outcome.index]: outcome.result  # 64 texts to a request, in as many requests as it takes
            async for outcome in zhipu.embeddings.map(DOCUMENTS, model="embedding-3", dimensions=256)
        }
        question = "Which river of Asia is the longest?"
        reply = await zhipu.embeddings.create(model="embedding-3", input=question, dimensions=256)
        asked = reply.data[0].embedding

    # The vectors have unit length, so the product is the cosine.
    found = heapq.nlargest(2, ((sum(map(mul, asked, vector)), text) for text, vector in index.items()))
    for score, text in found:
        print(f"{score:.2f}  {text}")


if __name__ == "__main__":
    asyncio.run(main())
