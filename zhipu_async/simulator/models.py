"""The model names of the platform's text side, and how many requests each may have in flight per tier. No I/O here."""

from __future__ import annotations

TEXT = frozenset({
    "glm-5.3", "glm-5.2", "glm-5.3-flash", "glm-5.1", "glm-5-turbo", "glm-5", "glm-4.7",
    "glm-4.7-flash", "glm-4.7-flashx", "glm-4.6", "glm-4.5", "glm-4.5-x", "glm-4.5-air", "glm-4.5-airx",
    "glm-4.5-flash", "glm-4-flash-250414", "glm-4-flashx-250414", "glm-4-plus", "glm-4-air-250414",
    "glm-4-air", "glm-4-airx", "glm-4-long", "glm-4-flashx", "glm-4-flash", "glm-4-0520", "glm-4",
    "glm-z1-air", "glm-z1-airx", "glm-z1-flash", "glm-z1-flashx", "codegeex-4",
})  # fmt: skip
VISION = frozenset({
    "glm-5.3-flash", "glm-5v-turbo", "glm-4.6v", "autoglm-phone", "glm-4.6v-flash", "glm-4.6v-flashx", "glm-4v-flash",
    "glm-4.1v-thinking-flashx", "glm-4.1v-thinking-flash", "glm-4.5v", "glm-4v-plus-0111", "glm-4v-plus", "glm-4v",
})  # fmt: skip
AUDIO = frozenset({"glm-4-voice"})
ROLE = frozenset({"charglm-4", "charglm-3", "emohaa"})
CHAT = TEXT | VISION | AUDIO | ROLE
ASYNC_CHAT = CHAT - {"glm-4.7-flash", "glm-4.7-flashx", "autoglm-phone"}
EMBEDDING = frozenset({"embedding-3", "embedding-2"})
RERANK = frozenset({"rerank"})

ALWAYS_THINKS = frozenset({"glm-5.3", "glm-5.3-flash"})
"""Refuse `thinking.type: disabled` with 1210 at the general base URL."""
THINKS = ALWAYS_THINKS | frozenset({
    "glm-5.2", "glm-5.1", "glm-5-turbo", "glm-5", "glm-5v-turbo", "glm-4.7", "glm-4.7-flash", "glm-4.7-flashx",
    "glm-4.6", "glm-4.6v", "glm-4.6v-flash", "glm-4.6v-flashx", "glm-4.5", "glm-4.5-x", "glm-4.5-air", "glm-4.5-airx",
    "glm-4.5-flash", "glm-4.5v", "glm-4.1v-thinking-flashx", "glm-4.1v-thinking-flash",
})  # fmt: skip
EFFORTS = frozenset({"max", "xhigh", "high", "medium", "low", "minimal", "none"})
EFFORTS_OF_ALWAYS_THINKING = frozenset({"max", "high", "low"})

CODING_SUBSTITUTES = {
    "glm-5.2": "glm-5.3",
    "glm-5.1": "glm-5.3",
    "glm-5-turbo": "glm-5.3-flash",
    "glm-4.7": "glm-5.3-flash",
    "glm-4.6": "glm-5.3-flash",
    "glm-4.5-air": "glm-5.3-flash",
}
"""The Coding Plan's base URL swaps models silently."""

ASYNC_SUBSTITUTES = {
    "glm-4.6": "glm-4.7",
    "glm-4.7": "glm-4.7-ali",
    "glm-5.3": "GLM-5.3",
    "glm-4.5-air": "GLM-4.5-Air",
}
"""Asynchronous chat was seen to answer with other models, or with the name in other letter case."""

MAX_TOKENS = {
    **dict.fromkeys(TEXT, 131_072),
    **dict.fromkeys(("glm-4.5", "glm-4.5-air", "glm-4.5-x", "glm-4.5-airx", "glm-4.5-flash"), 98_304),
    **dict.fromkeys(("glm-4.6v", "glm-4.6v-flash", "glm-4.6v-flashx"), 32_768),
    **dict.fromkeys((*AUDIO, *ROLE), 4096),
}
MAX_TOKENS_OTHERWISE = 131_072

CONTEXT_TOKENS = {
    **dict.fromkeys(("glm-5.3", "glm-5.3-flash", "glm-5.2", "glm-4-long"), 1_000_000),
    **dict.fromkeys(("glm-5.1", "glm-5", "glm-5-turbo", "glm-5v-turbo", "glm-4.6"), 200_000),
    **dict.fromkeys(("glm-4.7", "glm-4.7-flash", "glm-4.7-flashx"), 200_000),
    **dict.fromkeys(("glm-4.5v", "glm-4.1v-thinking-flashx", "glm-4.1v-thinking-flash"), 64_000),
    **dict.fromkeys(("glm-4v-plus-0111", "glm-4v-flash"), 16_000),
    **dict.fromkeys((*AUDIO, *ROLE, "glm-4-airx"), 8_000),
}
CONTEXT_TOKENS_OTHERWISE = 128_000

TIERS = ("V0", "V1", "V2", "V3")
CAPS_PER_TIER = {
    "glm-4.1v-thinking-flash": (5, 10, 15, 20),
    "glm-4.1v-thinking-flashx": (30, 50, 80, 100),
    "glm-4-voice": (5, 10, 15, 20),
    "embedding-3": (50, 100, 300, 500),
    "glm-realtime": (5, 10, 15, 20),
    "glm-asr": (5, 10, 15, 20),
    "glm-4v-plus-0111": (5, 15, 30, 40),
    "glm-z1-air": (30, 40, 50, 60),
    "glm-z1-airx": (30, 40, 50, 60),
    "glm-z1-flashx": (50, 100, 150, 200),
    "cogvideox-3": (5, 10, 15, 20),
    "cogvideox-2": (5, 10, 15, 20),
    "viduq1-text": (30, 40, 50, 60),
    "viduq1-image": (30, 40, 50, 60),
    "viduq1-start-end": (30, 40, 50, 60),
    "vidu2-image": (30, 40, 50, 60),
    "vidu2-start-end": (30, 40, 50, 60),
    "vidu2-reference": (30, 40, 50, 60),
    "glm-4-airx": (5, 30, 40, 50),
    "glm-4-air-250414": (30, 40, 50, 60),
    "glm-4-plus": (50, 100, 300, 500),
    "glm-4-long": (10, 30, 40, 50),
    "glm-4-flashx": (50, 100, 300, 500),
    "cogview-4": (5, 10, 15, 20),
}
CAPS_OTHERWISE = (5, 10, 15, 20)
"""No figures are published for the other models; this is the row that most of the published ones share."""

LISTED = (
    "glm-4.5",
    "glm-4.5-air",
    "glm-4.6",
    "glm-4.7",
    "glm-5",
    "glm-5-turbo",
    "glm-5.1",
    "glm-5.2",
    "glm-5.3",
    "glm-5.3-flash",
)
"""What the list of models shows: about ten text models, never all."""
