"""What goes out, in aiohttp's form: headers, and bodies that tell when they leave."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from functools import cached_property

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict, istr

from zhipu_async.transport.direct import lines_of

PLAIN_BODY_BYTES = 1024 * 1024  # larger bodies are written piece by piece, so that the loop is not held up

Body = bytes | AsyncIterable[bytes] | None


class Headers(CIMultiDict[str]):
    """Headers in aiohttp's own form, which it only copies: made once, they serve all requests with one key.

    Values do not show: tools that print the variables of a traceback would print the key.
    """

    @cached_property
    def lines(self) -> bytes:
        """Return them as they are sent, b"" when one of them changes how a request is sent."""
        return lines_of(self)

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


def own_form(headers: Mapping[str, str]) -> Headers:
    """Return headers under aiohttp's own names: of any other it makes two copies, which live as long as a stream."""
    return Headers((_SHARED_NAMES.get(name) or istr(name), value) for name, value in headers.items())


_SHARED_NAMES: dict[str, istr] = {
    str(name): name for name in (hdrs.ACCEPT_ENCODING, hdrs.AUTHORIZATION, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
}


class Telling(aiohttp.Payload):
    """A body that says when its first bytes go out: before that, nothing can have reached the platform."""

    def __init__(self, body: bytes, leaving: Callable[[], None]) -> None:
        super().__init__(body)
        self._body = body
        self._leaving = leaving

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self._body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return self._body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Tell, and write it all."""
        self._leaving()
        await writer.write(self._body)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Tell, and write it all: its length is the content's."""
        self._leaving()
        await writer.write(self._body)


class TellingLarge(aiohttp.BytesIOPayload):
    """The same for a large body, which is written piece by piece."""

    def __init__(self, body: bytes, leaving: Callable[[], None]) -> None:
        super().__init__(io.BytesIO(body))
        self._leaving = leaving

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Tell, and write."""
        self._leaving()
        await super().write_with_length(writer, content_length)


async def _telling(body: AsyncIterable[bytes], leaving: Callable[[], None]) -> AsyncGenerator[bytes]:
    leaving()
    async for piece in body:
        yield piece


def payload(body: Body, leaving: Callable[[], None]) -> aiohttp.Payload | AsyncIterable[bytes] | None:
    """Return a body as aiohttp takes it; `leaving` is called when its first bytes go out."""
    if body is None:
        leaving()  # a header alone goes out with no word about it
        return None
    if isinstance(body, bytes):
        return (TellingLarge if len(body) > PLAIN_BODY_BYTES else Telling)(body, leaving)
    return _telling(body, leaving)
