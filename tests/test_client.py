"""The session object: keys, addresses, loops, threads, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
from base64 import urlsafe_b64decode
from collections.abc import Coroutine

import aiohttp
import pytest

from tests.hostile import Hostile, error, hostile, reply
from zhipu_async import AsyncZhipuAI, Replay, Timeout
from zhipu_async.errors import AuthenticationError, InvalidArgument, InvalidType, MissingKey, UsageError
from zhipu_async.simulator import SimulatorThread

FINE = reply({"id": "1", "choices": [{"message": {"role": "assistant", "content": "hi"}}]})
VARIABLES = (
    "ZHIPUAI_API_KEY",
    "ZAI_API_KEY",
    "ZHIPU_API_KEY",
    "ZHIPUAI_BASE_URL",
    "ZAI_BASE_URL",
    "ZHIPU_LOG",
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def ask(zhipu: AsyncZhipuAI) -> str:
    return (await zhipu.chat.completions.create(model="glm-4.7", messages="hello")).text


def connections(zhipu: AsyncZhipuAI) -> int:
    http = zhipu._connection.opened  # pyright: ignore[reportPrivateUsage]
    return 0 if http is None else len(http._sessions)  # pyright: ignore[reportPrivateUsage]


# ── keys and addresses ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", VARIABLES[:3])
async def test_the_key_comes_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "from.env")
    async with hostile(FINE) as server, AsyncZhipuAI(base_url=server.base_url) as zhipu:
        await ask(zhipu)
    assert server.requests[0].headers["authorization"] == "Bearer from.env"


async def test_the_base_url_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(FINE) as server:
        monkeypatch.setenv("ZHIPUAI_BASE_URL", server.base_url)
        async with AsyncZhipuAI("a.b") as zhipu:
            assert await ask(zhipu) == "hi"


def test_no_key_is_said_at_once() -> None:
    with pytest.raises(MissingKey):
        AsyncZhipuAI()


@pytest.mark.parametrize("key", ["", " ", "a\nb", "ключ", 7])
def test_an_impossible_key_is_said_at_once(key: str) -> None:
    with pytest.raises(UsageError):
        AsyncZhipuAI(key)


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "http://example.org/api/paas/v4"},
        {"timeout": 0},
        {"max_retries": -1},
        {"limits": {"glm-4.7": 0}},
        {"limits": "V9"},
        {"headers": {"X": "a\nb"}},
        {"auth": "jwt"},
        {"auth": "basic"},
    ],
)
def test_a_wrong_argument_is_said_at_once(arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        AsyncZhipuAI("nodot", **arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("arguments", [{"headers": {"X": 1}}, {"trust_env": "no"}, {"http_session": "x"}])
def test_an_argument_of_the_wrong_type_is_said_at_once(arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidType):
        AsyncZhipuAI("a.b", **arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_key_may_be_asked_for() -> None:
    keys = iter(["first.key", "second.key"])

    async def give() -> str:
        return next(keys)

    async with hostile(FINE) as server, AsyncZhipuAI(give, base_url=server.base_url) as zhipu:
        await ask(zhipu)
        await ask(zhipu)
    sent = [seen.headers["authorization"] for seen in server.requests]
    assert sent == ["Bearer first.key", "Bearer second.key"]


async def test_a_callable_that_is_not_async_is_named() -> None:
    async with AsyncZhipuAI(lambda: "a.b", base_url="http://127.0.0.1:1/x") as zhipu:  # type: ignore[arg-type,return-value]  # pyright: ignore[reportArgumentType]
        with pytest.raises(InvalidType, match="not async"):
            await ask(zhipu)


async def test_a_token_is_signed_kept_and_renewed_once_when_refused() -> None:
    async with hostile(FINE, FINE, error("1003", 401), FINE) as server:
        async with AsyncZhipuAI("the-id.the-secret", base_url=server.base_url, auth="jwt") as zhipu:
            for _ in range(3):
                await ask(zhipu)
    tokens = [seen.headers["authorization"].removeprefix("Bearer ") for seen in server.requests]
    claims = json.loads(urlsafe_b64decode(tokens[0].split(".")[1] + "=="))
    assert claims["api_key"] == "the-id"
    assert tokens[0] == tokens[1] == tokens[2]
    assert all("the-secret" not in token for token in tokens)
    assert len(server.requests) == 4


async def test_an_expired_raw_key_is_final() -> None:
    async with hostile(error("1003", 401)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(AuthenticationError):
            await ask(zhipu)
    assert len(server.requests) == 1


# ── loops and threads ──────────────────────────────────────────────────────────────────────────────


def test_one_client_serves_several_runs_without_being_closed() -> None:
    with SimulatorThread() as sim:
        zhipu = AsyncZhipuAI(sim.api_key, base_url=sim.base_url)
        for _ in range(3):
            assert asyncio.run(ask(zhipu))
            assert connections(zhipu) == 0, "asyncio.run closed what nobody closed"


def test_a_loop_that_ended_badly_is_swept() -> None:
    with SimulatorThread() as sim:
        zhipu = AsyncZhipuAI(sim.api_key, base_url=sim.base_url)
        for _ in range(3):
            _run_badly(ask(zhipu))
        assert connections(zhipu) == 1
        asyncio.run(zhipu.close())
        assert connections(zhipu) == 0
        gc.collect()  # an unclosed socket would warn, and warnings are errors


def test_threads_share_a_client() -> None:
    answers: list[str] = []
    with SimulatorThread() as sim:
        zhipu = AsyncZhipuAI(sim.api_key, base_url=sim.base_url)

        async def many() -> None:
            answers.extend(await asyncio.gather(*(ask(zhipu) for _ in range(10))))

        threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 40


async def test_closing_is_idempotent_and_the_object_stays_usable() -> None:
    async with hostile(FINE) as server:
        zhipu = AsyncZhipuAI("a.b", base_url=server.base_url)
        await zhipu.close()
        for _ in range(2):
            assert await ask(zhipu) == "hi"
            await zhipu.close()
            await zhipu.close()
    assert connections(zhipu) == 0


async def test_a_cancelled_close_still_closes() -> None:
    async with hostile(FINE) as server:
        zhipu = AsyncZhipuAI("a.b", base_url=server.base_url)
        await ask(zhipu)
        closing = asyncio.create_task(zhipu.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await _gone(server)


async def test_a_client_that_is_dropped_closes_its_sockets() -> None:
    async with hostile(FINE) as server:
        zhipu = AsyncZhipuAI("a.b", base_url=server.base_url)
        await ask(zhipu)
        del zhipu
        gc.collect()
        await _gone(server)


async def test_an_injected_session_is_used_and_left_open() -> None:
    async with hostile(FINE) as server, aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
        async with AsyncZhipuAI("a.b", base_url=server.base_url, http_session=session) as zhipu:
            assert await ask(zhipu) == "hi"
        assert not session.closed
    assert server.requests[0].headers["x-mine"] == "1"


async def test_a_finished_call_gives_its_connection_to_the_next() -> None:
    async with hostile(FINE) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        await ask(zhipu)
        await ask(zhipu)
        assert server.open_connections == 1


async def test_a_proxy_from_the_environment_is_used_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(FINE) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/api/paas/v4"))
        async with AsyncZhipuAI("a.b", base_url="http://localhost:9/api/paas/v4", trust_env=True) as zhipu:
            assert await ask(zhipu) == "hi"
    assert proxy.requests[0].target == "http://localhost:9/api/paas/v4/chat/completions"


# ── the rest of the surface ────────────────────────────────────────────────────────────────────────


async def test_what_has_no_method_can_be_called() -> None:
    async with (
        hostile(reply({"answer": 42})) as server,
        AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu,
    ):
        made = await zhipu.request(
            "post", "/new/{thing}", body={"x": None, "y": 1}, query={"q": "a b"}, replay=Replay.SAFE
        )
    assert made == {"answer": 42}
    seen = server.requests[0]
    assert (seen.method, seen.target) == ("POST", "/api/paas/v4/new/%7Bthing%7D?q=a+b")


async def test_a_path_without_its_slash_is_named() -> None:
    async with AsyncZhipuAI("a.b") as zhipu:
        with pytest.raises(InvalidArgument, match="slash"):
            await zhipu.request("GET", "models")


@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        (
            "request",
            {"method": "GET", "path": "/x", "into": AsyncZhipuAI},
            "cannot be read into AsyncZhipuAI",
        ),
        ("request", {"method": "GET", "path": "/x", "query": "a=1"}, "query takes a mapping"),
        ("request", {"method": "GET", "path": "/x", "query": {"a": b"1"}}, "a is bytes"),
        ("create", {"model": "m", "messages": "x", "stream": "yes"}, "stream takes True or False, not str"),
        ("parse", {"model": "m", "messages": "x", "into": "City"}, "into takes a type, not its name"),
        ("parse", {"model": "m", "messages": "x", "into": None}, "into takes a type, not None"),
        (
            "parse",
            {"model": "m", "messages": "x", "into": int, "repairs": "2"},
            "repairs takes a whole number",
        ),
        ("run", {"model": "m", "messages": "x", "tools": [], "max_rounds": "2"}, "max_rounds takes a whole"),
        ("observe", {"observer": 5}, r"an observer needs the method started\(\); int has none"),
        ("attach", {"ref": None}, "a task reference is a TaskRef or the text of one, not NoneType"),
    ],
)
async def test_a_mistake_in_a_call_is_said_before_anything_is_sent(
    method: str, options: dict[str, object], sentence: str
) -> None:
    async with hostile(FINE) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        owner = next(
            owner for owner in (zhipu, zhipu.chat.completions, zhipu.tasks) if method in dir(type(owner))
        )
        with pytest.raises(InvalidType, match=sentence):
            await getattr(owner, method)(**options)
    assert not server.requests


async def test_a_query_of_numbers_and_flags_is_written_as_the_platform_reads_it() -> None:
    async with hostile(reply({})) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        await zhipu.request("GET", "/x", query={"page": 2, "all": True, "none": None})  # type: ignore[dict-item]  # pyright: ignore
    assert server.requests[0].target == "/api/paas/v4/x?page=2&all=true"


def test_nothing_is_printed_where_nobody_set_logging_up() -> None:
    program = "import logging, zhipu_async.client; logging.getLogger('zhipu_async.x').error('loud')"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    assert ended.stderr == b""


async def test_usage_adds_up_per_model_and_views_share_it() -> None:
    with SimulatorThread() as sim:
        async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
            first = await zhipu.chat.completions.create(model="glm-4.7", messages="a")
            view = zhipu.with_options(timeout=Timeout(total=5))
            second = await view.chat.completions.create(model="glm-4.7", messages="b")
            total = first.usage.total_tokens + second.usage.total_tokens
            assert zhipu.usage["glm-4.7"].total_tokens == view.usage["glm-4.7"].total_tokens == total
            assert zhipu.usage["glm-4.7"].calls == 2


def _run_badly(work: Coroutine[object, object, str]) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(work)
    loop.close()  # without the clean-up that asyncio.run does


async def _gone(server: Hostile) -> None:
    async with asyncio.timeout(5):
        while server.open_connections:
            await asyncio.sleep(0)
