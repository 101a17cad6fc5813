"""Where the platform lives: sites, plans, base URLs and the paths under them. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.endpoint import Root

if TYPE_CHECKING:
    from urllib.parse import SplitResult

Site = Literal["bigmodel", "z.ai"]
Plan = Literal["general", "coding"]

HOSTS: Mapping[str, str] = {"bigmodel": "https://open.bigmodel.cn", "z.ai": "https://api.z.ai"}
TAILS: Mapping[str, str] = {"general": "/api/paas/v4", "coding": "/api/coding/paas/v4"}
BASE_URL_VARIABLES: Mapping[str, str] = {"bigmodel": "ZHIPUAI_BASE_URL", "z.ai": "ZAI_BASE_URL"}
PLAIN_SEGMENT = re.compile(r"[0-9A-Za-z_-]+")  # what stands in a URL as it is
_TAILS_UNDER_ROOT = ("/coding/paas/v4", "/paas/v4")  # longest first
_TAIL = "/paas/v4"
_WRONG_ENDINGS = ("/v1", "/chat/completions")


class Address(msgspec.Struct, frozen=True):
    """A checked base URL, and the API root that the paths outside /paas/v4 start from."""

    base_url: str
    root: str
    site: str

    def url(self, root: Root, path: str, arguments: Mapping[str, str]) -> str:
        """Return the URL of a path template with its arguments percent-encoded."""
        segments = {name: _segment(name, value) for name, value in arguments.items()} if arguments else {}
        return (self.base_url if root is Root.PAAS else self.root) + path.format_map(segments)

    @property
    def realtime_url(self) -> str:
        """Return the WebSocket address of the realtime endpoint."""
        scheme, rest = self.root.split("://", 1)
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/paas/v4/realtime"

    @property
    def coding(self) -> bool:
        """Tell whether this is the Coding Plan's endpoint."""
        return self.base_url.endswith(TAILS["coding"])


def resolve(base_url: str | None, site: Site | None, plan: Plan, environment: Mapping[str, str]) -> Address:
    """Return the address that the arguments, and then the environment, ask for."""
    check_choice("site", site, (None, *HOSTS))
    check_choice("plan", plan, tuple(TAILS))
    given = base_url if base_url is not None else _from_environment(site, environment)
    if given is None:
        # Needs no look, and urllib.parse takes long to import.
        known = HOSTS[site or "bigmodel"] + TAILS[plan]
        return Address(known, _root_of(known), site or "bigmodel")
    return parse(given, site)


def parse(base_url: str, site: str | None = None) -> Address:
    """Return the address of a base URL, or raise what is wrong with it and what would be right."""
    if not isinstance(base_url, str):
        raise InvalidType(f"base_url takes a str, not {type(base_url).__name__}")
    url = base_url.strip().rstrip("/")
    parts = _split(url)
    host = (parts.hostname or "").lower()
    _check_scheme(parts.scheme, host)
    if not url.isprintable() or " " in url:
        raise InvalidArgument("base_url has white space or a line break inside")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidArgument("base_url takes no user name, query or fragment: only scheme, host and path")
    _check_tail(url, host)
    return Address(url, _root_of(url), site or _site_of(host))


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    from ipaddress import ip_address

    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def check_link(url: str) -> None:
    """Raise when a link is not one that may be fetched: https, or this machine."""
    parts = _parts(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    raise InvalidArgument("the link is not https, so what it gives could be anybody's")


def _segment(name: str, value: str) -> str:
    """One part of a path, which must not become another path: an empty one would name all there is."""
    if not isinstance(value, str):
        raise InvalidType(f"{name} takes a str, not {type(value).__name__}")
    if PLAIN_SEGMENT.fullmatch(value):  # as ids are: the polls of thousands of tasks pass here
        return value
    if value in ("", ".", "..") or not value.isprintable():
        raise InvalidArgument(f"{name} cannot be {value!r}")
    from urllib.parse import quote

    return quote(value, safe="")


def _parts(url: str) -> SplitResult:
    from urllib.parse import urlsplit  # here, since the platform's own addresses need it not

    return urlsplit(url)


def _split(url: str) -> SplitResult:
    try:
        parts = _parts(url)
        _ = parts.port
    except ValueError as exc:
        raise InvalidArgument(f"base_url is not a URL: {exc}") from exc
    return parts


def _check_scheme(scheme: str, host: str) -> None:
    if scheme not in ("https", "http") or not host:
        raise InvalidArgument(
            f"base_url must start with https:// and name a host, as {HOSTS['bigmodel']}{TAILS['general']}"
        )
    if scheme == "http" and not is_loopback(host):
        raise InvalidArgument(
            "base_url must be https: plain http would show the key to everyone on the way (loopback excepted)"
        )


def _check_tail(url: str, host: str) -> None:
    before, _, behind = url.partition(_TAIL + "/")
    if behind:
        raise InvalidArgument(f"base_url goes on behind {_TAIL}: /{behind}; it should be {before}{_TAIL}")
    for ending in _WRONG_ENDINGS:
        if url.endswith(ending):
            shorter = url.removesuffix(ending)
            right = shorter if _parts(shorter).path else shorter + TAILS["general"]
            raise InvalidArgument(f"base_url ends in {ending}; it should be {right}")
    known = next((known for known in HOSTS.values() if _parts(known).hostname == host), "")
    if known and not url.endswith(tuple(TAILS.values())):
        raise InvalidArgument(
            f"base_url should be {known}{TAILS['general']}, or {known}{TAILS['coding']} for the Coding Plan"
        )


def _root_of(url: str) -> str:
    for tail in _TAILS_UNDER_ROOT:
        if url.endswith(tail):
            return url.removesuffix(tail)
    return url


def _site_of(host: str) -> str:
    return "z.ai" if host == "z.ai" or host.endswith(".z.ai") else "bigmodel"


def _from_environment(site: str | None, environment: Mapping[str, str]) -> str | None:
    own = BASE_URL_VARIABLES[site or "bigmodel"]
    names = [own] if site else [own, *(name for name in BASE_URL_VARIABLES.values() if name != own)]
    return next((environment[name] for name in names if environment.get(name, "").strip()), None)


def check_choice(name: str, value: object, choices: tuple[str | None, ...]) -> None:
    """Raise unless the value is one of the choices; None is one that is not named."""
    if value not in choices:
        raise InvalidArgument(
            f"{name} is one of {', '.join(repr(choice) for choice in choices if choice)}, not {value!r}"
        )
