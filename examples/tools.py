"""How does the model call my functions?"""

import asyncio
from typing import Literal

from zhipu_async import AsyncZhipuAI, tool

Currency = Literal["CNY", "EUR", "USD"]
RATES: dict[Currency, float] = {"CNY": 1.0, "EUR": 7.8, "USD": 7.1}


@tool
async def exchange(amount: float, source: Currency, target: Currency = "CNY") -> float:
    """Convert an amount of money at today's rate.

    Args:
        amount: how much
        source: what to convert from
        target: what to convert to
    """
    if amount < 0:
        raise ValueError("the amount must not be negative")  # the model is told, and may try again
    return round(amount * RATES[source] / RATES[target], 2)


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        run = await zhipu.chat.completions.run(
            model="glm-4.7", messages="How many yuan do I exchange for 20 EUR?", tools=[exchange]
        )
        for made in run.calls:
            print(f"called {made.call.name}({made.call.arguments}) -> {made.output}")
        print(run.text)


if __name__ == "__main__":
    asyncio.run(main())
