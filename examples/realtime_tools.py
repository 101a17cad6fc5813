"""How does a voice call use my functions? They run beside the call; the model is told what they return.

python examples/realtime_tools.py
"""

import asyncio

from zhipu_async import AsyncZhipuAI, tool

PHONE_BOOK = {"妈妈": "138 0000 0001", "小王": "138 0000 0002"}


@tool
async def phone_number(name: str) -> str:
    """Look up somebody's phone number.

    Args:
        name: whom to call, as in the phone book
    """
    return PHONE_BOOK[name]  # a name that is not there becomes an error that the model is told


async def main() -> None:
    # Server VAD together with tools is known to hang on the platform's side: here the caller ends the turns.
    async with AsyncZhipuAI() as zhipu, zhipu.realtime.connect(tools=[phone_number]) as call:
        await call.send_text("妈妈的电话号码是多少？")
        answer = await call.response()  # the whole answer, rounds of function calls included
        for made in answer.calls:
            print(f"{made.name}({made.arguments})")
        print(answer.transcript or answer.text)


if __name__ == "__main__":
    asyncio.run(main())
