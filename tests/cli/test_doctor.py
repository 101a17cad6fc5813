"""`zhipu-async doctor`: what stands between a program and an answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping

import pytest

from tests.cli.conftest import Run
from zhipu_async import AsyncZhipuAI
from zhipu_async.cli.doctor import KEY_VARIABLES, find_key
from zhipu_async.cli.doors import Door, Knock, doors_of, other_doors
from zhipu_async.cli.findings import SKEW_SECONDS, clock_finding, door_finding, proxy_finding, verdict
from zhipu_async.errors import APIConnectionError, AuthenticationError, OverloadedError
from zhipu_async.simulator import Simulator, SimulatorThread

HERE = Door("bigmodel", "general", "https://open.bigmodel.cn/api/paas/v4")
THERE = Door("z.ai", "coding", "https://api.z.ai/api/coding/paas/v4")


def test_a_key_that_works_is_said_to_and_never_shown(run: Run, sim: Simulator) -> None:
    ended = run("doctor")
    assert ended.code == 0
    assert "in ZHIPUAI_API_KEY" in ended.out
    assert "Ready: AsyncZhipuAI(" in ended.out
    assert sim.api_key not in ended.out + ended.err
    assert sim.api_key.partition(".")[0] not in ended.out + ended.err


def test_json_is_a_list_of_findings(run: Run) -> None:
    told = json.loads(run("doctor", "--local", "--json").out)
    assert told["ok"] is True
    assert {finding["check"] for finding in told["findings"]} == {"version", "key", "clock", "address"}


def test_without_a_key_it_says_where_one_is_looked_for(run: Run) -> None:
    ended = run("doctor")
    assert ended.code == 2
    assert "ZHIPUAI_API_KEY" in ended.out
    assert "--local" in ended.out


def test_no_spend_asks_for_no_tokens(run: Run, sim: Simulator) -> None:
    assert run("doctor", "--no-spend").code == 0
    assert {request.method for request in sim.requests} == {"GET"}


def test_an_unknown_key_is_told_from_a_poor_account(
    run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIPUAI_API_KEY", "wrong.key")
    ended = run("doctor")
    assert ended.code == 1
    assert "not known here" in ended.out
    assert "make a new one" in ended.out
    assert "1113" not in ended.out


def test_1113_without_money_is_explained(run: Run, sim: Simulator) -> None:
    sim.script(code="1113", times=None)
    ended = run("doctor")
    assert ended.code == 1
    assert "has no money" in ended.out


def test_1113_for_the_key_of_a_coding_plan_is_explained(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatorThread(Simulator(coding_keys=["plan.key"])) as sim:
        monkeypatch.setenv("ZAI_API_KEY", "plan.key")
        monkeypatch.setenv("ZAI_BASE_URL", sim.base_url)
        ended = run("doctor")
        assert ended.code == 0
        assert "key of a Coding Plan" in ended.out
        assert sim.coding_base_url in ended.out.splitlines()[-1]


def test_1113_from_the_coding_address_alone_is_no_trouble(run: Run, sim: Simulator) -> None:
    sim.script(code="1113", match={"path": "/coding/paas/v4/chat/completions"})
    ended = run("doctor")
    assert ended.code == 0
    assert "has no Coding Plan" in ended.out


def test_nobody_there_is_said_so(run: Run, sim: Simulator) -> None:
    with sim.refusing_connections():
        ended = run("doctor")
    assert ended.code == 1
    assert "nobody answers at" in ended.out
    assert "look at the network" in ended.out


def test_a_proxy_is_named_without_its_address(
    run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:password@proxy.example:3128")
    ended = run("doctor")
    assert "one is set (https), not used, and not needed" in ended.out
    assert "password" not in ended.out


def test_a_proxy_that_is_the_only_way_is_tried(
    run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody listens at the address itself; the simulator, as the proxy, is asked for it by its full name.
    monkeypatch.setenv("ZHIPUAI_BASE_URL", "http://nobody.localhost:1/api/paas/v4")
    monkeypatch.setenv("http_proxy", sim.base_url.partition("/api")[0])
    monkeypatch.setenv("no_proxy", "")
    ended = run("doctor")
    assert "through the proxy" in ended.out, ended.out
    assert "trust_env=True" in ended.out


@pytest.mark.parametrize("site", ["bigmodel", "z.ai"])
async def test_keys_are_looked_for_where_the_client_does(
    zhipu_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    sim = zhipu_simulator
    assert site in ("bigmodel", "z.ai")
    for count in range(1, 4):
        for names in itertools.combinations(KEY_VARIABLES["bigmodel"], count):
            keys = {name: f"{name.replace('_', '')}.secret" for name in names}
            for name in KEY_VARIABLES["bigmodel"]:
                monkeypatch.delenv(name, raising=False)
            for name, key in keys.items():
                monkeypatch.setenv(name, key)
            async with AsyncZhipuAI(
                site="z.ai" if site == "z.ai" else "bigmodel", base_url=sim.base_url
            ) as zhipu:
                with pytest.raises(AuthenticationError):
                    await zhipu.models.list()
            assert sim.requests[-1].headers["Authorization"] == f"Bearer {find_key(site, keys)[0]}"


def test_two_different_keys_are_pointed_out() -> None:
    key, finding = find_key(
        "bigmodel", {"ZAI_API_KEY": "b.b", "ZHIPUAI_API_KEY": "a.a", "ZHIPU_API_KEY": "a.a"}
    )
    assert key == "a.a"
    assert finding.ok is None
    assert "ZAI_API_KEY holds another one" in finding.says


def test_a_clock_that_is_off_matters_for_signed_tokens() -> None:
    wrong = clock_finding([Knock(HERE, None, 0.1, ahead_seconds=SKEW_SECONDS * 10)])
    late = clock_finding([Knock(HERE, None, 0.1, ahead_seconds=-SKEW_SECONDS * 10)])
    assert wrong is not None
    assert late is not None
    assert (wrong.ok, wrong.says) == (False, "600 s ahead of the platform's")
    assert late.says == "600 s behind the platform's"
    assert clock_finding([Knock(HERE, None, 0.1)]) is None


def test_the_other_site_is_tried_when_nobody_knows_the_key_here() -> None:
    here = doors_of(None, None)
    assert [str(door) for door in here] == ["bigmodel general", "bigmodel coding"]
    assert [str(door) for door in other_doors(here)] == ["z.ai general", "z.ai coding"]


@pytest.mark.parametrize(
    ("knock", "says"),
    [
        (Knock(HERE, None, 0.1), "Ready: AsyncZhipuAI()"),
        (Knock(THERE, None, 0.1), 'Ready: AsyncZhipuAI(site="z.ai", plan="coding")'),
        (Knock(HERE, None, 0.1, through_proxy=True), "Ready: AsyncZhipuAI(trust_env=True)"),
        (Knock(HERE, OverloadedError("busy", status=429), 0.1), "The key is right; the account"),
    ],
)
def test_the_verdict_can_be_typed(knock: Knock, says: str) -> None:
    assert verdict([knock]).startswith(says)


def test_a_busy_platform_is_no_wrong_key() -> None:
    finding = door_finding(Knock(HERE, OverloadedError("busy", status=429), 0.1))
    assert finding.ok is None
    assert "known, but not served now" in finding.says


def test_a_way_through_a_proxy_is_no_silent_matter() -> None:
    proxies: Mapping[str, str] = {"https": "http://proxy.example"}
    finding = proxy_finding(proxies, [Knock(HERE, None, 0.1, through_proxy=True)])
    assert finding is not None
    assert "no way past it" in finding.says
    assert proxy_finding({}, []) is None
    assert not Knock(HERE, APIConnectionError("no"), 0.1).reached
