"""How do I get a checked value instead of text?"""

import asyncio
from dataclasses import dataclass
from typing import Literal

from zhipu_async import AsyncZhipuAI

MAIL = """\
Hello, my order 4711 arrived today, but one of the two lamps is broken. Can you send me another one?
I need it by Friday. Kind regards, Li Wei
"""


@dataclass
class Complaint:
    customer: str
    order: int
    items: list[str]
    urgency: Literal["low", "normal", "high"]


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        parsed = await zhipu.chat.completions.parse(
            model="glm-4.7", messages=f"Extract the complaint from this mail:\n\n{MAIL}", into=Complaint
        )
        complaint = parsed.value  # a Complaint, for the type checker too
        print(
            f"{complaint.customer}, order {complaint.order}: {', '.join(complaint.items)} ({complaint.urgency})"
        )


if __name__ == "__main__":
    asyncio.run(main())
