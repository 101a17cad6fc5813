"""Keys and tokens: where a key comes from, and the signed token made from it. No I/O here."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType, MissingKey

# The site whose client reads the variable first comes first; the other names are what its users also have.
KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "bigmodel": ("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "ZAI_API_KEY"),
    "z.ai": ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY"),
}
TOKEN_LIFE_SECONDS = 600  # the platform refuses tokens with less than about 134 s left
TOKEN_MARGIN_SECONDS = 200
HIDDEN = "***"
SIGNED = r"eyJ[\w-]+\.[\w-]+\.[\w-]+"  # `{"` in base64 begins each of its first two parts
KEPT_KEY_IDS = 16  # each call asks; a program has one key, a gateway of tenants asks again
HIDDEN_SECRET_CHARACTERS = 8  # a shorter half would hide ordinary words


class Token(msgspec.Struct, frozen=True):
    """A signed token, and until when, on the wall clock, it is worth sending."""

    text: str
    fresh_until: float

    def __repr__(self) -> str:
        return f"Token(fresh_until={self.fresh_until:.0f})"


def key_from(environment: Mapping[str, str], site: str) -> tuple[str, str]:
    """Return the key and the name of the variable that holds it."""
    for name in KEY_VARIABLES[site]:
        if environment.get(name, "").strip():
            return check_key(environment[name]), name
    raise MissingKey(
        f"no API key: pass api_key=..., or set {KEY_VARIABLES[site][0]}",
        hint="To try the library without a key, aim base_url at `zhipu-async simulate`.",
    )


def check_key(key: object) -> str:
    """Return the key without the white space around it, or raise what is wrong with it, never showing it."""
    if not isinstance(key, str):
        raise InvalidType(
            f"api_key takes a str, or an async callable that gives one, not {type(key).__name__}"
        )
    text = key.strip()
    if not text:
        raise MissingKey("the API key is empty")
    if text.lower().startswith("bearer "):
        raise InvalidArgument("the API key starts with 'Bearer '; pass the bare key")
    if text[0] == text[-1] and text[0] in "'\"":
        raise InvalidArgument("the API key stands in quotation marks; pass it without them")
    if not all("!" <= character <= "~" for character in text):
        raise InvalidArgument("the API key has white space, a line break or a non-ASCII character inside")
    return text


def sign(key: str, wall: float) -> Token:
    """Return a token made from `id.secret`, valid from now."""
    key_id, dot, secret = key.partition(".")
    if not (dot and key_id and secret) or "." in secret:
        raise InvalidArgument("auth='jwt' needs a key of the form id.secret; use auth='bearer' for this one")
    import hashlib  # here, since most programs sign nothing
    import hmac

    milliseconds = int(wall * 1000)
    head = _part({"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"})
    claims = _part(
        {"api_key": key_id, "exp": milliseconds + TOKEN_LIFE_SECONDS * 1000, "timestamp": milliseconds}
    )
    signature = hmac.new(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return Token(f"{head}.{claims}.{_base64(signature)}", wall + TOKEN_LIFE_SECONDS - TOKEN_MARGIN_SECONDS)


@lru_cache(maxsize=KEPT_KEY_IDS)
def key_id(key: str) -> str:
    """Return a name for the key that gives nothing of it away: limits and ledgers are kept per key."""
    import hashlib  # here, since it is a millisecond to import, and a client is made before it calls

    return hashlib.sha256(key.encode()).hexdigest()[:12]


def hide(text: str, key: str) -> str:
    """Return the text without the key, its secret half, or a token made from it."""
    secret = key.partition(".")[2]
    hidden = re.sub(SIGNED, HIDDEN, text).replace(key, HIDDEN)
    return hidden.replace(secret, HIDDEN) if len(secret) >= HIDDEN_SECRET_CHARACTERS else hidden


def _part(fields: dict[str, object]) -> str:
    return _base64(msgspec.json.encode(fields))


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
