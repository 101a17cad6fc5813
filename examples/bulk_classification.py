"""How do I label thousands of texts, and go on after a crash without paying twice?

Stop it with Ctrl-C and start it again: what was answered is not asked again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator

from zhipu_async import AsyncZhipuAI, ChatRequest

REVIEWS = [f"Review {number}: the lamp is {'bright' if number % 3 else 'broken'}." for number in range(200)]


def requests() -> Iterator[tuple[str, ChatRequest]]:
    for number, review in enumerate(REVIEWS):
        prompt = f"Answer with one word, good or bad. Is this review good or bad?\n\n{review}"
        yield str(number), {"model": "glm-4.7", "messages": prompt, "thinking": {"type": "disabled"}}


async def main() -> None:
    labels: Counter[str] = Counter()
    async with AsyncZhipuAI(ledger="reviews.sqlite3") as zhipu:
        # Not faster than the account allows: the client learns its limits, and waits for its turn.
        async for outcome in zhipu.chat.completions.map(requests(), job="reviews", repeat="failed"):
            if outcome.ok:
                labels["good" if "good" in outcome.result.text.lower() else "bad"] += 1
            else:
                print(f"review {outcome.key}: {outcome.error}")
            if outcome.replayed:
                labels["known from an earlier run"] += 1
    print(dict(labels))


if __name__ == "__main__":
    asyncio.run(main())
