"""How texts are packed, and numbers shared out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from zhipu_async.protocol.packing import Parcel, estimated_tokens, parcel_for, shares


def test_a_pack_takes_64_texts() -> None:
    parcel = parcel_for("embedding-3")
    assert parcel.takes(63, 10**9, "text")
    assert not parcel.takes(64, 0, "text")


def test_a_pack_for_embedding_2_has_a_limit_on_tokens_too() -> None:
    parcel = parcel_for("Embedding-2")
    assert parcel.takes(1, 7990, "画" * 10)
    assert not parcel.takes(1, 7990, "画" * 11)


def test_the_first_text_always_has_a_place() -> None:
    assert Parcel(most_tokens=1).takes(0, 0, "far too long")


def test_tokens_are_guessed_high_rather_than_low() -> None:
    assert estimated_tokens("画一只猫") == 4
    assert estimated_tokens("hello world") == 6
    assert estimated_tokens("") == 0


@given(some.integers(0, 10**9), some.integers(1, 100))
def test_shares_add_up_and_are_even(total: int, parts: int) -> None:
    parted = shares(total, parts)
    assert sum(parted) == total
    assert len(parted) == parts
    assert max(parted) - min(parted) <= 1
