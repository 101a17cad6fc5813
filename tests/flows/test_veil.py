"""Frames of ours forget their variables when an error has left them; those that still run do not."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Iterator
from typing import Protocol

import pytest

from tests.tracker import shown
from zhipu_async import AsyncZhipuAI
from zhipu_async.flows import veil as module
from zhipu_async.flows.veil import Veiled, veil, veiled

SECRET = "a-marker"


class Broken(Exception):
    pass


@pytest.fixture(autouse=True)
def _this_module_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(module, "OURS", {*module.OURS, "tests"})


def fail(secret: str) -> None:
    raise Broken(len(secret))


async def fail_later(secret: str) -> None:
    await asyncio.sleep(0)
    raise Broken(len(secret))


async def begin_and_fail(secret: str) -> AsyncGenerator[int]:
    yield len(secret)
    raise Broken


def variables(error: BaseException) -> list[dict[str, object]]:
    """What the frames below the test's own still hold."""
    found: list[dict[str, object]] = []
    trace = error.__traceback__
    while trace is not None and (trace := trace.tb_next) is not None:
        found.append(dict(trace.tb_frame.f_locals))
    return found


def test_a_function_that_failed_is_emptied() -> None:
    with pytest.raises(Broken) as caught:
        fail(SECRET)
    assert variables(caught.value) == [{"secret": SECRET}]
    veil(caught.value)
    assert variables(caught.value) == [{}]


async def test_so_are_coroutines_and_generators() -> None:
    with pytest.raises(Broken) as coroutine:
        await fail_later(SECRET)
    with pytest.raises(Broken) as generator:
        _ = [each async for each in begin_and_fail(SECRET)]
    for caught in (coroutine, generator):
        veil(caught.value)
        assert not any(variables(caught.value))


def test_causes_contexts_and_groups_are_emptied_too() -> None:
    def cause() -> None:
        secret = SECRET
        try:
            fail(secret)
        except Broken as exc:
            raise KeyError from exc

    def context() -> None:
        try:
            fail(SECRET)
        except Broken:
            raise KeyError from None

    for function in (cause, context):
        with pytest.raises(KeyError) as caught:
            function()
        kept = caught.value.__context__
        assert kept is not None
        group = ExceptionGroup("both", [caught.value])
        veil(group)
        assert not any(variables(caught.value))
        assert kept.__traceback__ is not None
        assert not any(variables(kept))


async def test_a_coroutine_that_keeps_an_error_goes_on() -> None:
    waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def keep(precious: str) -> str:
        try:
            fail("")
        except Broken as error:
            told.set_exception(error)
        await waiting
        return precious

    keeping = asyncio.ensure_future(keep(SECRET))
    with pytest.raises(Broken) as caught:
        await told
    veil(caught.value)
    waiting.set_result(None)
    assert await keeping == SECRET


def test_frames_of_the_callers_own_are_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OURS", {"zhipu_async"})
    with pytest.raises(Broken) as caught:
        fail(SECRET)
    veil(caught.value)
    assert variables(caught.value) == [{"secret": SECRET}]


def test_generators_of_other_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces(secret: str) -> Iterator[int]:
        yield len(secret)
        raise Broken

    with pytest.raises(Broken) as caught:
        _ = [*pieces(SECRET)]
    veil(caught.value)
    assert variables(caught.value) == [{"secret": SECRET}]
    monkeypatch.setattr(module, "OWN", "tests")
    veil(caught.value)
    assert variables(caught.value) == [{}]


class Thing(Protocol):
    def __init__(self, secret: str) -> None: ...

    def fail(self, secret: str) -> None: ...

    async def later(self, secret: str) -> str: ...

    def _inner(self) -> None: ...


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> type[Thing]:
    """A class as the library has them."""
    monkeypatch.setattr(module, "OWN", "tests")

    class Own(Veiled):
        def __init__(self, secret: str) -> None:
            self.secret = secret
            if not secret:
                raise Broken

        def fail(self, secret: str) -> None:
            raise Broken(len(secret))

        async def later(self, secret: str) -> str:
            """Say it."""
            await asyncio.sleep(0)
            if secret != self.secret:
                fail(secret)
            return secret

        def _inner(self) -> None: ...

    return Own


async def test_public_methods_of_a_veiled_class_show_no_arguments(kind: type[Thing]) -> None:
    thing = kind("other")
    with pytest.raises(Broken) as sync:
        thing.fail(SECRET)
    with pytest.raises(Broken) as coroutine:
        await thing.later(SECRET)
    for caught in (sync, coroutine):
        assert SECRET not in str(variables(caught.value))


async def test_a_veiled_method_is_otherwise_as_it_was(kind: type[Thing]) -> None:
    assert await kind(SECRET).later(SECRET) == SECRET
    assert inspect.iscoroutinefunction(kind.later)
    assert (kind.later.__name__, kind.later.__doc__) == ("later", "Say it.")
    assert kind._inner.__code__.co_name == "_inner"  # pyright: ignore[reportPrivateUsage]


def test_a_subclass_of_the_callers_keeps_its_methods() -> None:
    class Theirs(AsyncZhipuAI):
        def method(self) -> None: ...

    assert not hasattr(Theirs.method, "__wrapped__")
    assert hasattr(AsyncZhipuAI.request, "__wrapped__")


async def test_a_function_can_be_veiled_by_itself() -> None:
    @veiled
    async def alone(secret: str) -> None:
        await fail_later(secret)

    with pytest.raises(Broken) as caught:
        await alone(SECRET)
    assert SECRET not in shown(caught.value)
