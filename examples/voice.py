"""How do I turn text into speech, and speech into text?"""

import asyncio

from zhipu_async import AsyncZhipuAI


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        speech = await zhipu.audio.speech.create(
            model="glm-tts", input="你好，很高兴认识你。", voice="tongtong", response_format="wav"
        )
        path = await speech.save("hello.wav")
        print(f"{path}: {path.stat().st_size} bytes of speech")

        heard = await zhipu.audio.transcriptions.create(model="glm-asr-2512", file=path)
        print(f"understood: {heard.text}")


if __name__ == "__main__":
    asyncio.run(main())
