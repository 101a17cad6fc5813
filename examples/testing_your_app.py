"""How do I test my own code without the platform? `pytest -o asyncio_mode=auto testing_your_app.py`

Tests that are async need a plugin, here pytest-asyncio.
The fixtures `zhipu` and `zhipu_simulator` come with the package: a client, and the local platform that it is aimed at.
"""

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import OverloadedError
from zhipu_async.simulator import Cut, Simulator


async def summarise(zhipu: AsyncZhipuAI, text: str) -> str:
    """Stand for your own code."""
    try:
        reply = await zhipu.chat.completions.create(model="glm-4.7", messages=f"Sum this up: {text}")
    except OverloadedError:
        return "(no summary today)"
    return reply.text


async def test_the_summary_is_the_models(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script("short and sweet")
    assert await summarise(zhipu, "a long story") == "short and sweet"
    assert "a long story" in zhipu_simulator.requests[0].text


async def test_a_busy_platform_does_not_stop_us(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(code="1305")
    assert await summarise(zhipu, "a long story") == "(no summary today)"


async def test_a_rate_limit_is_waited_out(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(code="1302")
    zhipu_simulator.script("here it is")
    assert await summarise(zhipu, "a long story") == "here it is"


async def test_a_broken_line_is_survived(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script("lost", fault=Cut(after_bytes=10))
    zhipu_simulator.script("here it is")
    assert await summarise(zhipu, "a long story") == "here it is"
