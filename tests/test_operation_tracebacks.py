"""Errors of every operation, of tasks and of the ledger: their frames show no key, no token and no prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import Answer, error, hostile, reply, reset
from tests.test_operations import CALLS, TWINS
from tests.tracker import credentials, frames, shown
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIError, LedgerError, TaskFailed, TaskTimeout, ZhipuError

KEY = "marker-of-the-id.marker-of-the-secret-half"
PROMPT = "marker-of-the-prompt"

FAULTS: dict[str, Answer] = {
    "reset": reset,
    "400": error("1214", 400),
    "500": error("1234", 500),
    "html": reply(b"<html>", kind="text/html"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("auth", ["bearer", "jwt"])
async def test_no_call_of_any_operation_shows_the_key(auth: str, fault: str) -> None:
    telling: list[str] = []
    failed = 0
    async with hostile(FAULTS[fault]) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url, max_retries=0, auth=auth) as zhipu:  # type: ignore[arg-type]  # pyright: ignore
            for operation, call in [*CALLS.items(), *TWINS]:
                try:
                    await call(zhipu)
                except ZhipuError as told:
                    failed += 1
                    seen = shown(told) if frames(told) else "marker-of-the empty traceback"
                    if "marker-of-the" in seen or credentials(server.requests[-1]) in seen:
                        telling.append(f"{operation}: {seen}")
    assert not telling
    assert failed > len(CALLS) / 2


@pytest.mark.parametrize("path", ["/", "no/such/folder/tasks.sqlite3"])
async def test_a_ledger_that_cannot_be_used_shows_nothing(path: str) -> None:
    async with AsyncZhipuAI(KEY, base_url="http://127.0.0.1:1/api/paas/v4", ledger=path) as zhipu:
        with pytest.raises(LedgerError) as caught:
            await zhipu.videos.submit(model="m", prompt=PROMPT)
    assert frames(caught.value)
    assert "marker-of-the" not in shown(caught.value)


async def test_a_submission_that_a_ledger_remembers_shows_nothing(tmp_path: Path) -> None:
    async with hostile(reset) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url, ledger=tmp_path / "tasks.sqlite3") as zhipu:
            with pytest.raises(APIError) as caught:
                await zhipu.videos.submit(model="m", prompt=PROMPT)
    assert frames(caught.value)
    assert "marker-of-the" not in shown(caught.value)


@pytest.mark.parametrize(("status", "kind"), [("FAIL", TaskFailed), ("PROCESSING", TaskTimeout)])
async def test_a_task_that_ends_badly_shows_nothing(status: str, kind: type[APIError]) -> None:
    answer = {"id": "1", "task_status": "PROCESSING"}
    polled = {"id": "1", "task_status": status, "error": {"code": "1301", "message": "no"}, "echo": PROMPT}
    async with hostile(reply(answer), reply(polled)) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
            zhipu.tasks.polling.scale = 0.001
            task = await zhipu.videos.submit(model="m", prompt=PROMPT)
            with pytest.raises(kind) as caught:
                await task.wait(timeout=0.3)
    assert frames(caught.value)
    assert "marker-of-the" not in shown(caught.value)
