"""openai's client on aiohttp."""

from __future__ import annotations

import openai

from benchmarks.contenders.contender import KEY
from benchmarks.contenders.openai_httpx import OpenAI


class OnAiohttp(OpenAI):
    """AsyncOpenAI with the backend that its own documents recommend for many streams."""

    def make_client(self) -> openai.AsyncOpenAI:
        http = openai.DefaultAioHttpClient()
        return openai.AsyncOpenAI(api_key=KEY, base_url=self.base_url, max_retries=0, http_client=http)


make = OnAiohttp
