"""Keys and tokens."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType, MissingKey, UsageError
from zhipu_async.protocol.auth import HIDDEN, check_key, hide, key_from, key_id, sign

KEYS = {"ZHIPUAI_API_KEY": "a.1", "ZHIPU_API_KEY": "b.2", "ZAI_API_KEY": "c.3"}


def test_the_site_decides_which_variable_wins() -> None:
    assert key_from(KEYS, "bigmodel") == ("a.1", "ZHIPUAI_API_KEY")
    assert key_from(KEYS, "z.ai") == ("c.3", "ZAI_API_KEY")
    assert key_from({"ZAI_API_KEY": "c.3", "ZHIPUAI_API_KEY": " "}, "bigmodel") == ("c.3", "ZAI_API_KEY")


def test_no_key_anywhere_says_what_to_do() -> None:
    with pytest.raises(MissingKey, match="ZHIPUAI_API_KEY") as caught:
        key_from({}, "bigmodel")
    assert "simulate" in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "\n"])
def test_an_empty_key_is_missing(key: str) -> None:
    with pytest.raises(MissingKey):
        check_key(key)


@pytest.mark.parametrize(
    "key", ["secret-1\nsecret-2", "secret secret", "密钥-secret", "Bearer secret.key", "'secret.key'"]
)
def test_an_impossible_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_key(key)
    assert "secret" not in str(caught.value)


def test_white_space_around_a_key_is_cut_off_and_no_dot_is_needed() -> None:
    assert check_key(" sk-abc\n") == "sk-abc"


def test_a_key_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidType):
        check_key(b"a.b")


def test_a_signed_token_counts_milliseconds_and_verifies() -> None:
    token = sign("the-id.the-secret", 1_700_000_000.5)
    head, claims, signature = token.text.split(".")
    assert json.loads(_plain(head)) == {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}
    read = json.loads(_plain(claims))
    assert read["api_key"] == "the-id"
    assert read["timestamp"] == 1_700_000_000_500
    assert read["exp"] - read["timestamp"] >= 210_000
    expected = hmac.new(b"the-secret", f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert signature == urlsafe_b64encode(expected).rstrip(b"=").decode()


def test_a_token_is_renewed_well_before_the_platform_refuses_it() -> None:
    token = sign("i.s", 1000.0)
    exp = json.loads(_plain(token.text.split(".")[1]))["exp"] / 1000
    assert exp - token.fresh_until >= 150
    assert token.text not in repr(token)


@pytest.mark.parametrize("key", ["sk-nodot", ".secret", "id.", "a.b.c"])
def test_only_a_key_of_two_halves_can_sign(key: str) -> None:
    with pytest.raises(InvalidArgument, match=r"id\.secret"):
        sign(key, 0.0)


def test_a_key_is_hidden_whole_and_by_its_secret_half() -> None:
    key = "id12345.verysecret"
    assert hide(f"key {key}, half verysecret", key) == f"key {HIDDEN}, half {HIDDEN}"
    assert hide("a short half like ab stays", "id.ab") == "a short half like ab stays"


def test_a_keys_id_tells_keys_apart_and_gives_nothing_away() -> None:
    assert key_id("a.b") == key_id("a.b") != key_id("a.c")
    assert "a.b" not in key_id("a.b")


def _plain(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
