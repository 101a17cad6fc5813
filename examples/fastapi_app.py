"""How do I stream answers to a browser? `uvicorn fastapi_app:app`, then open http://127.0.0.1:8000.

When the browser goes away, or its user presses stop, the stream from the platform is closed at once:
what nobody reads is not paid for.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.types import ASGIApp

from zhipu_async import AsyncZhipuAI

PAGE = Path(__file__).with_name("fastapi_page.html")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncZhipuAI() as app.state.zhipu:  # one client for all requests: it keeps the limits
        yield


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    text: str


@app.get("/")
def page() -> FileResponse:
    return FileResponse(PAGE)


@app.post("/chat", response_model=None)
async def chat(question: Question, request: Request) -> ASGIApp:
    zhipu: AsyncZhipuAI = request.app.state.zhipu
    # An ASGI response: events as openai's clients read them, or an HTTP error when the platform refuses.
    return zhipu.chat.completions.stream(model="glm-4.7", messages=question.text).asgi()
