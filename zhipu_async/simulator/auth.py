"""Who calls: raw keys and the tokens made from them. No I/O here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from .refusals import Refusal
from .shapes import Body, is_object, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN_MARGIN_MS = 134_000
"""A token with less left than this is refused as expired; seen on the real platform since March 2026."""


def stopped(code: str) -> Refusal:
    return Refusal(code, gateway=True)


@dataclass(frozen=True)
class Keys:
    """The API keys that the simulator knows."""

    standard: frozenset[str]
    coding: frozenset[str] = frozenset()
    """Keys of a Coding Plan: good for chat at the coding base URL only."""

    def who(self, header: str | None, now_ms: float) -> str:
        """Give the key behind an Authorization header, or refuse with 1000 to 1004."""
        if header is None:
            raise stopped("1001")
        scheme, _, rest = header.strip().partition(" ")
        # Old samples of the platform send the key without `Bearer `, and it takes that.
        credential = rest.strip() if scheme.lower() == "bearer" else header.strip()
        if not credential or " " in credential:
            raise stopped("1002")
        if credential in self.standard or credential in self.coding:
            return credential
        if credential.count(".") == 2:
            return self.behind_token(credential, now_ms)
        raise stopped("1000")

    def behind_token(self, token: str, now_ms: float) -> str:
        """Check a HS256 token whose times are in milliseconds, and give the key that signed it."""
        signed, _, signature = token.rpartition(".")
        header, payload = (part_of(part) for part in signed.split("."))
        if header.get("alg") != "HS256" or header.get("sign_type") != "SIGN":
            raise stopped("1002")
        key = self.with_id(text_of(payload, "api_key"))
        secret = key.partition(".")[2].encode()
        expected = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(expected, unpadded(signature)):
            raise stopped("1004")
        if number_of(payload, "exp") < now_ms + TOKEN_MARGIN_MS:
            raise stopped("1003")
        return key

    def with_id(self, key_id: str) -> str:
        everyone: Iterable[str] = (*self.standard, *self.coding)
        for key in everyone:
            if key_id and key.partition(".")[0] == key_id:
                return key
        raise stopped("1000")


def unpadded(part: str) -> bytes:
    """Decode base64url without padding."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise stopped("1002") from None


def part_of(part: str) -> Body:
    try:
        value: object = msgspec.json.decode(unpadded(part))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise stopped("1002") from None
    if not is_object(value):
        raise stopped("1002")
    return value


def secret_key() -> str:
    """A key that nobody can know."""
    return f"{secrets.token_hex(16)}.{secrets.token_hex(8)}"


def made_up_key(seed: int) -> str:
    """A key of the usual look, the same for the same seed, so that whoever knows the simulator knows it."""
    digest = hashlib.sha256(f"key {seed}".encode()).hexdigest()
    return f"{digest[:32]}.{digest[32:48]}"
