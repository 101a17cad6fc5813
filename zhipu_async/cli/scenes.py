"""What the demo shows: each function is run, and its lines are what is printed above its output."""

from __future__ import annotations

import heapq
import operator
from typing import TYPE_CHECKING

from zhipu_async import tool
from zhipu_async.types.realtime import ResponseAudioTranscriptDelta, ResponseDone

if TYPE_CHECKING:
    from zhipu_async import AsyncZhipuAI
    from zhipu_async.cli.stage import Stage

FACTS = [
    "The Yangtze is the longest river of Asia.",
    "A heap gives its smallest item first.",
    "Pandas spend half of the day eating bamboo.",
    "An event loop runs one task at a time.",
    "Jasmine tea is made from green tea and flowers.",
]


# The lines are shown in terminals of 80 columns, indented by four.
# fmt: off


async def streaming(zhipu: AsyncZhipuAI, show: Stage) -> None:
    async with zhipu.chat.completions.stream(
        model="glm-4.7", messages="Why is the sky blue?"
    ) as stream:
        async for thought in stream.reasoning():
            show.thought(thought)
        async for piece in stream.text():
            show.text(piece)
    usage = stream.result.usage
    show.fact(f"{usage.total_tokens} tokens, {usage.reasoning_tokens} to think")


async def tools(zhipu: AsyncZhipuAI, show: Stage) -> None:
    @tool
    def forecast(city: str) -> str:
        """Forecast the weather of tomorrow."""
        return f"{city}: sunny, 24 degrees"

    run = await zhipu.chat.completions.run(
        model="glm-4.7",
        messages="What should I wear in Beijing tomorrow?",
        tools=[forecast],
    )
    for made in run.calls:
        show.fact(f"{made.call.name}({made.call.arguments}) -> {made.output}")
    show.text(run.text)


async def tasks(zhipu: AsyncZhipuAI, show: Stage) -> None:
    submissions = [
        zhipu.videos.submit(model="cogvideox-3", prompt=f"cat number {n}")
        for n in range(200)
    ]
    async for outcome in zhipu.tasks.as_completed(submissions):
        show.step(outcome.ok)


async def search(zhipu: AsyncZhipuAI, show: Stage) -> None:
    question = "Which river of Asia is the longest?"
    reply = await zhipu.embeddings.create(
        model="embedding-3", input=[question, *FACTS], dimensions=256
    )
    asked, *known = [each.embedding for each in reply.data]
    scores = [sum(map(operator.mul, asked, vector)) for vector in known]
    found = heapq.nlargest(3, zip(scores, FACTS, strict=True))
    for score, fact in found:
        show.fact(f"{score:.2f}  {fact}")


async def speaking(zhipu: AsyncZhipuAI, show: Stage) -> None:
    question = await zhipu.audio.speech.create(
        model="glm-tts", input="讲个笑话", response_format="wav"
    )
    async with zhipu.realtime.connect(model="glm-realtime-air") as call:
        await call.send_audio(question.content)
        await call.commit()
        await call.respond()
        async for event in call:
            if isinstance(event, ResponseAudioTranscriptDelta):
                show.text(event.delta)
            elif isinstance(event, ResponseDone):
                break
        answer = await call.response()
    show.fact(f"{answer.audio_ms / 1000:.1f} s of speech in answer.wav()")
