"""The realtime socket's own errors: certificates, addresses, and what ends a connection."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
import threading

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from zhipu_async.errors import RealtimeClosed, RealtimeRefused
from zhipu_async.transport.websocket import dial


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("localhost")
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


async def test_an_encrypted_line_with_a_certificate_of_ones_own() -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    trusting.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    async with serve(echo, "localhost", 0, ssl=server_context(authority)) as server:
        port = server.sockets[0].getsockname()[1]
        line = await dial(f"wss://localhost:{port}/", {"Authorization": "Bearer k"}, tls=trusting)
        await line.send(b'{"type":"hello"}')
        assert await line.receive() == b'{"type":"hello"}'
        await line.ping()
        await line.close()
        with pytest.raises(RealtimeClosed) as caught:
            await line.receive()
        assert (caught.value.close_code, caught.value.whose) == (1000, "ours")


async def test_a_certificate_of_a_stranger_is_refused_for_good() -> None:
    context = server_context(trustme.CA())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A thread with plain sockets: asyncio 3.11 leaves the server's end of a failed TLS handshake open.
        stranger = threading.Thread(target=shake_hands, args=(listener, context))
        stranger.start()
        with pytest.raises(RealtimeRefused, match="certificate"):
            await dial(f"wss://localhost:{listener.getsockname()[1]}/", {})
        await asyncio.to_thread(stranger.join)


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(ssl.SSLError):
        context.wrap_socket(connection, server_side=True).close()


async def test_an_address_that_is_none_is_refused_for_good() -> None:
    with pytest.raises(RealtimeRefused, match="WebSocket"):
        await dial("http://localhost/", {})


async def test_a_line_that_is_down_takes_nothing_and_answers_no_ping() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        line = await dial(f"ws://127.0.0.1:{port}/", {})
        line.drop()
        with pytest.raises(RealtimeClosed):
            await line.receive()
        for attempt in (line.send(b"{}"), line.ping()):
            with pytest.raises(RealtimeClosed) as caught:
                await attempt
            assert caught.value.whose == "network"


async def test_dialling_has_a_limit_and_can_be_given_up() -> None:
    begun, ended = asyncio.Queue[None](), asyncio.Queue[None]()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.put_nowait(None)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.put_nowait(None)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with pytest.raises(RealtimeClosed, match="timed out"):
        await dial(url, {}, open_timeout=0.05)
    await begun.get()
    dialling = asyncio.ensure_future(dial(url, {}))
    await begun.get()
    dialling.cancel()
    await asyncio.wait([dialling])
    assert dialling.cancelled()
    for _ in range(2):  # both sockets are closed on our side, or this would wait for ever
        await ended.get()
    server.close()
    await server.wait_closed()


async def test_a_flood_that_is_not_taken_waits_outside_and_comes_whole() -> None:
    async def flood(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for number in itertools.count():
                await connection.send(f"{number:0100}")

    async with serve(flood, "127.0.0.1", 0) as server:
        line = await dial(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {})
        while line._connection.transport.is_reading():  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0)
        assert [int(await line.receive()) for _ in range(6_000)] == list(range(6_000))
        line.drop()
