"""The realtime socket: bytes out, bytes in. The only importer of websockets."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)

from zhipu_async.errors import RealtimeClosed, RealtimeError, RealtimeRefused
from zhipu_async.protocol.decoding import is_object, parse
from zhipu_async.protocol.realtime_ends import ABNORMAL, NORMAL, closed

# A vendor client refuses more than 4 MiB; nobody says what the platform sends at most.
MOST_BYTES = 16 * 1024 * 1024
CLOSE_SECONDS = 2.0  # for the other side's farewell; then the socket is dropped
# Received and not yet taken. The reader never waits for long, so this only keeps a flood out of memory.
MOST_MESSAGES = 64
SHOWN_BODY_BYTES = 4096  # of a refusal; an error object is smaller, a gateway's page says nothing more

# websockets writes the handshake's headers, and so the key, to its log at DEBUG: it gets one that nobody reads.
_unread = logging.Logger("zhipu_async.websocket", level=logging.CRITICAL)
_unread.addHandler(logging.NullHandler())


class _Connect(connect):
    """Dials once, and only where it was told to."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # the key goes nowhere else


class WebSocket:
    """One connection. `send` and `receive` are for one task each."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: bytes) -> None:
        """Write one message. Do not cancel this: close instead."""
        try:
            await self._connection.send(message, text=True)
        except ConnectionClosed as exc:
            raise _closed(exc) from exc

    async def receive(self) -> bytes:
        """Return the next message, text or binary. Cancelling loses none."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as exc:
            raise _closed(exc) from exc

    async def ping(self) -> None:
        """Return when the other side has answered a ping."""
        try:
            await (await self._connection.ping())
        except ConnectionClosed as exc:
            raise _closed(exc) from exc

    async def close(self) -> None:
        """Say goodbye, wait briefly for the answer, drop the socket."""
        await self._connection.close(NORMAL)

    def drop(self) -> None:
        """Drop the socket at once."""
        self._connection.transport.abort()


async def dial(
    url: str,
    headers: Mapping[str, str],
    *,
    trust_env: bool = False,
    tls: ssl.SSLContext | None = None,
    open_timeout: float = 10.0,
) -> WebSocket:
    """Open a connection. Raises `RealtimeRefused` or `RealtimeClosed`; cancelling leaves no socket."""
    refusal: RealtimeError
    try:
        connection = await _Connect(
            url,
            additional_headers=dict(headers),
            user_agent_header=None,
            compression=None,  # base64 of sound shrinks little and costs a lot of time
            proxy=True if trust_env else None,
            open_timeout=open_timeout,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # heartbeats show life; pongs would not be read while nobody receives
            max_size=MOST_BYTES,
            max_queue=MOST_MESSAGES,
            logger=_unread,
            ssl=(tls or True) if url.startswith("wss:") else None,
        )
    except InvalidStatus as exc:
        refusal = _refused(exc)
    except ssl.SSLCertVerificationError as exc:
        raise RealtimeRefused("The platform's certificate cannot be verified.") from exc
    except InvalidURI as exc:
        raise RealtimeRefused("The address is not one of a WebSocket.") from exc
    except InvalidMessage as exc:
        refusal = _unreached(exc)
    except (OSError, TimeoutError, EOFError) as exc:
        raise _unreached(exc) from exc
    except InvalidHandshake as exc:
        refusal = RealtimeRefused(f"The platform does not speak WebSocket here: {_shown(exc)}.")
    else:
        return WebSocket(connection)
    raise refusal  # here, since the exception below shows what was answered, which may repeat the key


def _unreached(exc: BaseException) -> RealtimeClosed:
    return RealtimeClosed(f"No connection to the platform: {_shown(exc)}.", close_code=ABNORMAL)


def _shown(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__


def _refused(exc: InvalidStatus) -> RealtimeRefused:
    response = exc.response
    body = bytes(response.body or b"")[:SHOWN_BODY_BYTES]
    code, message = _platform_error(body)
    hint = {401: "Check the API key.", 403: "Check the API key and what it may use."}.get(
        response.status_code, ""
    )
    return RealtimeRefused(
        message or f"The platform refused the connection with HTTP {response.status_code}.",
        status=response.status_code,
        code=code,
        body=body.decode("utf-8", "replace"),
        log_id=response.headers.get("X-LOG-ID", ""),
        hint=hint,
    )


def _platform_error(body: bytes) -> tuple[str, str]:
    try:
        parsed = parse(body)
    except ValueError:
        return "", ""
    error = parsed.get("error") if is_object(parsed) else None
    if not is_object(error):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")


def _closed(exc: ConnectionClosed) -> RealtimeClosed:
    """Tell the ends apart: theirs, ours (also when their message broke a rule), and nobody's."""
    if exc.rcvd is not None and (exc.rcvd_then_sent or exc.sent is None):
        return closed(exc.rcvd.code, exc.rcvd.reason, "platform")
    if exc.sent is not None:
        return closed(exc.sent.code, exc.sent.reason, "ours")
    return closed(ABNORMAL, "", "network")
