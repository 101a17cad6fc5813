"""The table of business codes and HTTP statuses."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhipu_async import errors
from zhipu_async.protocol import codes
from zhipu_async.protocol.codes import FINAGENT, PLATFORM, STATUSES, Remedy, look_up

GROUPS: dict[type[errors.APIStatusError], str] = {
    errors.AuthenticationError: "1000 1001 1002 1003 1004 1005",
    errors.AccountError: "1100 1110 1111 1112 1113 1120 1121 1309 1311 1313 1314 1315",
    errors.BadRequestError: "1210 1211 1212 1213 1214 1215 1231 1261 1702",
    errors.PermissionDeniedError: "1220",
    errors.NotFoundError: "1221 1222 100013",
    errors.ContentBlocked: "1300 1301",
    errors.ConcurrencyLimit: "1302 1303 1701",
    errors.OverloadedError: "1305 1312",
    errors.QuotaExhausted: "1304 1308 1310 1316 1317 1318 1319 1320 1321",
    errors.InternalServerError: "500 1200 1230 1234 1703",
}


@pytest.mark.parametrize("error", GROUPS, ids=lambda error: error.__name__)
def test_each_code_has_the_error_class_of_its_group(error: type[errors.APIStatusError]) -> None:
    assert {code for code, rule in PLATFORM.items() if rule.error is error} == set(GROUPS[error].split())


def test_only_the_codes_of_our_own_load_act_on_the_limiter() -> None:
    assert frozenset({"1302", "1303"}) == codes.CONCURRENCY_CODES
    assert frozenset({"1305", "1312"}) == codes.OVERLOAD_CODES


@pytest.mark.parametrize("code", ["1113", "1301", "1304", "1308", "1309", "1313", "1321", "1214"])
def test_money_quota_and_content_are_never_tried_again(code: str) -> None:
    assert PLATFORM[code].remedy in {Remedy.RESET, Remedy.CHANGE}


def test_the_business_code_decides_before_the_status() -> None:
    assert look_up(429, "1113").error is errors.AccountError
    assert look_up(200, "1302").error is errors.ConcurrencyLimit
    assert look_up(503, "1214").remedy is Remedy.CHANGE


@pytest.mark.parametrize("code", ["", "424242", "abc", "٤٠٤"])
def test_without_a_known_code_the_status_decides(code: str) -> None:
    assert look_up(403, code).error is errors.PermissionDeniedError
    assert look_up(429, code) is STATUSES[429]


def test_a_code_that_repeats_a_status_counts_as_that_status() -> None:
    assert look_up(200, "401").error is errors.AuthenticationError
    assert look_up(200, "404").error is errors.NotFoundError


def test_the_gateways_word_for_a_wrong_path_is_not_taken_for_a_failure_of_the_platform() -> None:
    assert look_up(200, "500", "404 NOT_FOUND").error is errors.NotFoundError
    assert look_up(200, "500", "it broke").error is errors.InternalServerError


def test_statuses_that_no_page_names_fall_into_two_groups() -> None:
    assert look_up(599).error is errors.InternalServerError
    assert look_up(418).error is errors.APIStatusError
    assert look_up(418).remedy is Remedy.CHANGE


def test_finagent_reads_the_same_numbers_differently() -> None:
    assert look_up(200, "1003", table=FINAGENT).error is errors.BadRequestError
    assert look_up(200, "1003").error is errors.AuthenticationError


def test_finagents_own_failures_are_worth_another_try() -> None:
    worth = {code for code, rule in FINAGENT.items() if rule.remedy is Remedy.REPEAT}
    assert worth == {"1006", "1007", "1008", "1009", "1010"}


def test_every_rule_has_a_place_of_its_own_in_the_documentation() -> None:
    rules = [*PLATFORM.values(), *STATUSES.values(), *FINAGENT.values(), look_up(599), look_up(418)]
    assert len({rule.anchor for rule in rules}) == len(rules)
    assert PLATFORM["1302"].anchor == "code-1302"
    assert FINAGENT["1003"].anchor == "finagent-code-1003"
    assert STATUSES[429].anchor == "http-429"


def test_a_hint_stays_on_an_error_that_travels() -> None:
    rule = PLATFORM["1113"]
    error = rule.error("arrears", code=rule.code, status=429, hint=rule.hint)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "plan='coding'" in str(error)


@given(st.integers(0, 999), st.text(), st.text())
def test_every_answer_has_a_rule(status: int, code: str, message: str) -> None:
    assert issubclass(look_up(status, code, message).error, errors.APIStatusError)
