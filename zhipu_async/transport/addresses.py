"""Addresses in aiohttp's own form. To parse one for each poll of a task would be a twentieth of its cost."""

from __future__ import annotations

import re

from yarl import URL

PLAIN = re.compile(r"(https?://[^/?#]+)(/[0-9A-Za-z_/-]*)")  # nothing to encode, and no dots to resolve
KEPT_ORIGINS = 16  # a program talks to one platform; links lead to a few other hosts

_origins: dict[str, URL] = {}


def placed(url: str) -> URL | str:
    """Return a plain address as aiohttp wants it, made from what is known of its host; any other as it is."""
    found = PLAIN.fullmatch(url)
    if found is None:
        return url
    origin, path = found.groups()
    known = _origins.get(origin) or _new_origin(origin)
    return known.with_path(path, encoded=True)


def _new_origin(origin: str) -> URL:
    if len(_origins) >= KEPT_ORIGINS:
        _origins.clear()
    return _origins.setdefault(origin, URL(origin))
