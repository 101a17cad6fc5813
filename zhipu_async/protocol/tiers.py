"""Limits that the caller configures: numbers per model, or the platform's table of account tiers. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zhipu_async.errors import InvalidArgument, InvalidType

TIERS = ("V0", "V1", "V2", "V3")
ANY_MODEL = "*"

_5_TO_20 = (5, 10, 15, 20)
_30_TO_60 = (30, 40, 50, 60)
_50_TO_500 = (50, 100, 300, 500)

IN_FLIGHT: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {
        "glm-4.1v-thinking-flash": _5_TO_20,
        "glm-4.1v-thinking-flashx": (30, 50, 80, 100),
        "glm-4-voice": _5_TO_20,
        "embedding-3": _50_TO_500,
        "glm-realtime": _5_TO_20,
        "glm-asr": _5_TO_20,
        "glm-4v-plus-0111": (5, 15, 30, 40),
        "glm-z1-air": _30_TO_60,
        "glm-z1-airx": _30_TO_60,
        "glm-z1-flashx": (50, 100, 150, 200),
        "cogvideox-3": _5_TO_20,
        "cogvideox-2": _5_TO_20,
        "viduq1": _30_TO_60,
        "vidu2": _30_TO_60,
        "glm-4-airx": (5, 30, 40, 50),
        "glm-4-air-250414": _30_TO_60,
        "glm-4-plus": _50_TO_500,
        "glm-4-long": (10, 30, 40, 50),
        "glm-4-flashx": _50_TO_500,
        "cogview-4": _5_TO_20,
    }
)
"""Requests in flight per tier, as the platform published them in 2025; newer models have no published figure.

A name covers its variants: `vidu2` is `vidu2-image` too.
"""


class ConfiguredLimits:
    """What the caller said about limits: `{"glm-4.7": 30, "*": 8}`, a tier as "V1", or None to learn them."""

    def __init__(self, limits: Mapping[str, int] | str | None = None) -> None:
        if isinstance(limits, str):
            self._caps = _tier(limits)
            self._variants = True
        else:
            self._caps = _checked(limits)
            self._variants = False

    def cap(self, model: str) -> int | None:
        """The cap for a model; None: it is to be learned."""
        name = model.lower()
        if self._variants:
            name = _family(name, self._caps)
        return self._caps.get(name, self._caps.get(ANY_MODEL))


def _tier(name: str) -> Mapping[str, int]:
    if name.upper() not in TIERS:
        raise InvalidArgument(f"limits={name!r} is not a tier; the tiers are {', '.join(TIERS)}")
    column = TIERS.index(name.upper())
    return {model: caps[column] for model, caps in IN_FLIGHT.items()}


def _family(name: str, known: Mapping[str, int]) -> str:
    """The longest known name that the model's name continues after a dash."""
    parts = name.split("-")
    prefixes = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in known), name)


def _checked(limits: Mapping[str, int] | None) -> Mapping[str, int]:
    if limits is None:
        return {}
    if not isinstance(limits, Mapping):
        raise InvalidType(f"limits takes numbers per model or a tier, not {type(limits).__name__}")
    for model, cap in limits.items():
        if not isinstance(model, str) or isinstance(cap, bool) or not isinstance(cap, int):
            raise InvalidType(f"limits takes whole numbers per model, not {model!r}: {cap!r}")
        if cap < 1:
            raise InvalidArgument(f"limits[{model!r}] must be 1 or more, not {cap}")
    return {model.lower(): cap for model, cap in limits.items()}
