"""The retry loop over real sockets: what is repeated, what never is, and what is left behind."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re

import pytest

from tests.hostile import Answer, error, hang_up, hostile, reply, reset, stall
from zhipu_async import AsyncZhipuAI, Replay, Timeout
from zhipu_async.errors import (
    AccountError,
    APIConnectionError,
    APIError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    ConcurrencyLimit,
    InternalServerError,
    InvalidArgument,
    InvalidType,
    MaybeSubmitted,
    OverloadedError,
    ZhipuError,
)

KEY = "id-of-a-key.secret-of-a-key"
FINE = reply({"id": "1", "choices": [{"message": {"role": "assistant", "content": "hi"}}]})
QUICK = Timeout(connect=2, first=0.1, idle=0.1, total=5)


def client(base_url: str, *, max_retries: int = 3, timeout: Timeout = Timeout(total=20)) -> AsyncZhipuAI:  # noqa: B008
    zhipu = AsyncZhipuAI(KEY, base_url=base_url, max_retries=max_retries, timeout=timeout)
    zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  # no pauses
    return zhipu


async def ask(zhipu: AsyncZhipuAI) -> str:
    return (await zhipu.chat.completions.create(model="glm-4.7", messages="hello, a prompt")).text


async def create(zhipu: AsyncZhipuAI) -> object:
    return await zhipu.request("POST", "/things", body={"model": "m"}, replay=Replay.ONCE)


@pytest.mark.parametrize(
    "bad", [error("1200", 500), error("1230", 500), error("1234", 500), reply(b"", status=502)]
)
async def test_a_failing_platform_is_asked_again(bad: Answer) -> None:
    async with hostile(bad, bad, FINE) as server, client(server.base_url) as zhipu:
        assert await ask(zhipu) == "hi"
    ids = [seen.json["request_id"] for seen in server.requests]
    assert len(set(ids)) == 3, "each attempt has an id of its own"
    without = [re.sub(rb'"request_id":"\w+"', b"", seen.body) for seen in server.requests]
    assert len(set(without)) == 1, "and nothing else differs"


@pytest.mark.parametrize("bad", [hang_up, reset, stall])
async def test_a_lost_answer_is_asked_for_once_more_and_not_again(bad: Answer) -> None:
    async with hostile(bad) as server, client(server.base_url, timeout=QUICK) as zhipu:
        with pytest.raises(APIConnectionError) as caught:
            await ask(zhipu)
    assert len(server.requests) == 2
    assert caught.value.attempts == 2
    assert "billed" in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    [
        hang_up,
        reset,
        stall,
        *(error(code, 500) for code in ("500", "1200", "1230", "1234")),
        *(reply(b"<html>", status=status) for status in (500, 502, 503, 504)),
    ],
)
async def test_what_creates_something_is_sent_once_whatever_happens_to_the_answer(bad: Answer) -> None:
    async with hostile(bad) as server, client(server.base_url, timeout=QUICK) as zhipu:
        with pytest.raises(MaybeSubmitted) as caught:
            await create(zhipu)
    assert len(server.requests) == 1
    assert caught.value.__cause__ is not None
    assert caught.value.request_id


async def test_a_refused_submission_is_sent_again_because_nothing_was_created() -> None:
    async with hostile(error("1302", 429), error("1302", 429), reply({"id": "t"})) as server:
        async with client(server.base_url) as zhipu:
            assert await create(zhipu) == {"id": "t"}
    assert len(server.requests) == 3


async def test_a_refused_connection_is_retried() -> None:
    async with hostile(FINE) as server:
        pass
    async with client(server.base_url, max_retries=2) as zhipu:
        with pytest.raises(APIConnectionError) as caught:
            await create(zhipu)
    assert not caught.value.sent
    assert caught.value.attempts == 3


@pytest.mark.parametrize(
    ("code", "status", "kind"), [("1113", 429, AccountError), ("1305", 429, OverloadedError)]
)
async def test_what_waiting_does_not_help_fails_at_once(
    code: str, status: int, kind: type[APIStatusError]
) -> None:
    async with hostile(error(code, status)) as server, client(server.base_url) as zhipu:
        with pytest.raises(kind) as caught:
            await ask(zhipu)
    assert len(server.requests) == 1
    assert (caught.value.code, caught.value.status) == (code, status)


async def test_a_duplicate_id_after_a_resend_may_have_been_accepted() -> None:
    async with hostile(hang_up, error("1231", 400)) as server, client(server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.chat.completions.create(model="m", messages="x", request_id="mine-000001")
    assert [seen.json["request_id"] for seen in server.requests] == ["mine-000001"] * 2


async def test_retry_after_beyond_the_total_fails_now() -> None:
    async with hostile(error("1302", 429, headers="Retry-After: 60\r\n")) as server:
        async with client(server.base_url) as zhipu:
            with pytest.raises(ConcurrencyLimit, match="total"):
                await ask(zhipu)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("page", "kind", "expected"),
    [
        (b"<html>maintenance</html>", "text/html", APIResponseError),
        (b"", "application/json", APIResponseError),
        (b'{"error":{"code":"1214","message":"bad"}}', "application/json", APIStatusError),
        (b'{"code":500,"msg":"404 NOT_FOUND","success":false}', "application/json", APIStatusError),
    ],
)
async def test_a_200_that_is_no_answer_is_an_error(page: bytes, kind: str, expected: type[APIError]) -> None:
    async with hostile(reply(page, kind=kind)) as server, client(server.base_url) as zhipu:
        with pytest.raises(expected) as caught:
            await ask(zhipu)
    assert caught.value.endpoint == "chat.completions.create"


@pytest.mark.parametrize("clock", ["first", "idle", "total"])
async def test_a_timeout_names_its_clock(clock: str) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12")
        await stall(reader, writer)

    clocks = {"connect": 5.0, "first": 5.0, "idle": 5.0, "total": 5.0, clock: 0.05}
    bad = half if clock == "idle" else stall
    async with (
        hostile(bad) as server,
        client(server.base_url, max_retries=0, timeout=Timeout(**clocks)) as zhipu,
    ):
        with pytest.raises(APITimeoutError, match=f"'{clock}' clock") as caught:
            await ask(zhipu)
    assert caught.value.clock == clock
    assert isinstance(caught.value, TimeoutError)


async def test_a_clock_that_ran_out_tells_what_used_up_its_time() -> None:
    refusals = error("1230", 500), error("1230", 500), stall
    async with hostile(*refusals) as server, client(server.base_url, timeout=QUICK, max_retries=2) as zhipu:
        with pytest.raises(APITimeoutError) as caught:
            await ask(zhipu)
    assert isinstance(caught.value.__cause__, InternalServerError)
    assert isinstance(caught.value.__cause__.__cause__, InternalServerError)


async def test_a_redirect_is_refused_and_the_key_stays_here() -> None:
    async with hostile(FINE) as elsewhere:
        there = reply(b"", status=307, headers=f"Location: {elsewhere.base_url}/x?secret=1\r\n")
        async with hostile(there) as server, client(server.base_url) as zhipu:
            with pytest.raises(APIResponseError, match="redirect") as caught:
                await ask(zhipu)
    assert elsewhere.requests == []
    assert "secret=1" not in str(caught.value)


async def test_errors_hold_neither_key_nor_prompt() -> None:
    echo = reply({"error": {"code": "1000", "message": f"key {KEY} of {KEY.split('.')[1]}"}}, status=401)
    async with hostile(echo) as server, client(server.base_url) as zhipu:
        with pytest.raises(APIStatusError) as caught:
            await ask(zhipu)
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {zhipu!r} {pickle.dumps(caught.value)!r}"
    assert "secret-of-a-key" not in shown
    assert "a prompt" not in shown


async def test_errors_survive_pickling_and_copying() -> None:
    async with hostile(error("1302", 429)) as server, client(server.base_url, max_retries=0) as zhipu:
        with pytest.raises(ZhipuError) as caught:
            await ask(zhipu)
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(twin) is ConcurrencyLimit
        assert str(twin) == str(caught.value)
        assert vars(twin) == vars(caught.value)


async def test_a_cancelled_call_closes_its_connection_and_returns_its_permit() -> None:
    async with hostile(stall) as server, client(server.base_url) as zhipu:
        task = asyncio.create_task(ask(zhipu))
        while not server.requests:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.open_connections:
            await asyncio.sleep(0)
        assert [state.in_flight for state in zhipu.limits.states()] == [0]


async def test_the_callers_objects_are_left_as_they_are() -> None:
    messages = [{"role": "user", "content": "x", "name": None}]
    extra = {"future": None, "other": 1}
    before = copy.deepcopy((messages, extra))
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await zhipu.request("POST", "/x", body={"messages": messages}, extra_body=extra)
    assert (messages, extra) == before
    assert server.requests[0].json["other"] == 1


async def test_options_of_a_view_and_of_a_call_are_joined() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        view = zhipu.with_options(extra_headers={"X-A": "1"}, extra_query={"a": "1"}, extra_body={"a": 1})
        await view.chat.completions.create(
            model="m", messages="x", extra_headers={"X-B": "2"}, extra_query={"b": "2"}, extra_body={"b": 2}
        )
        await ask(zhipu)
    first, second = server.requests
    assert (first.headers["x-a"], first.headers["x-b"]) == ("1", "2")
    assert first.target.endswith("?a=1&b=2")
    assert (first.json["a"], first.json["b"]) == (1, 2)
    assert "x-a" not in second.headers


async def test_meta_tells_how_a_reply_came() -> None:
    answer = reply({"id": "1", "novel": 7}, headers="X-LOG-ID: log-7\r\n")
    async with hostile(error("500", 500), answer) as server, client(server.base_url) as zhipu:
        made = await zhipu.chat.completions.create(model="m", messages="x")
    assert (made.meta.status, made.meta.log_id, made.meta.attempts) == (200, "log-7", 2)
    assert made.meta.request_id == server.requests[1].json["request_id"]
    assert made.raw["novel"] == 7


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"max_retries": -1}, InvalidArgument),
        ({"max_retries": "3"}, InvalidType),
        ({"timeout": -1}, InvalidArgument),
        ({"retries": 3}, InvalidType),
        ({"timeout": float("inf")}, InvalidArgument),
        ({"extra_headers": {"X": "a\nb"}}, InvalidArgument),
        ({"extra_query": {"a": 1}}, InvalidType),
        ({"extra_body": {"a": b"x"}}, InvalidType),
        ({"body": {"a": {"b": b"x"}}}, InvalidType),
        ({"body": ["a"]}, InvalidType),
        ({"into": "a name"}, InvalidType),
    ],
)
async def test_a_wrong_option_is_refused_before_anything_is_sent(
    options: dict[str, object], kind: type[ZhipuError]
) -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(kind):
            await zhipu.request("GET", "/x", **options)  # type: ignore[call-overload]  # pyright: ignore
    assert server.requests == []


@pytest.mark.parametrize(("method", "path"), [("G ET", "/x"), ("", "/x"), ("GET", "/a\nb"), ("GET", "/a#b")])
async def test_a_request_that_no_line_can_hold_is_refused(method: str, path: str) -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        with pytest.raises(InvalidArgument):
            await zhipu.request(method, path)
    assert server.requests == []


async def test_a_request_id_in_the_extra_body_is_the_one_that_counts() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        made = await zhipu.chat.completions.create(model="m", messages="x", extra_body={"request_id": "mine"})
    assert made.meta.request_id == server.requests[0].json["request_id"] == "mine"


async def test_a_compressed_answer_is_read_and_a_bomb_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    from zhipu_async.flows import answers

    monkeypatch.setattr(answers, "REPLY_BYTES", 1_000_000)
    small = gzip.compress(b'{"id":"1"}' + b" " * 900_000)
    bomb = gzip.compress(b" " * 30_000_000)
    zipped = "Content-Encoding: gzip\r\n"
    async with hostile(reply(small, headers=zipped), reply(bomb, headers=zipped)) as server:
        async with client(server.base_url) as zhipu:
            assert await zhipu.request("GET", "/x") == {"id": "1"}
            with pytest.raises(APIResponseError, match="larger"):
                await zhipu.request("GET", "/x")


async def test_a_body_of_40_megabytes_is_sent_without_holding_up_the_loop() -> None:
    async with hostile(FINE) as server, client(server.base_url) as zhipu:
        await zhipu.chat.completions.create(model="m", messages="很" * 14_000_000)
    assert len(server.requests[0].body) > 40_000_000
