"""Every agent: what it must be told, how it may be called, and what it answers. No I/O here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..fields import Field, an_object, array, choice, flag, text
from ..saying import say
from ..shapes import Body, object_of, objects_of, text_of, texts_of
from ..writing import is_chinese
from . import made

if TYPE_CHECKING:
    from ..operation import Ask

Parts = list[Body]
"""The contents of the last message of the user: objects with a type, whatever form they came in."""
Content = str | Body | list[Body]
"""What an agent answers with: a text, one object with a type, or a list of such objects."""
Style = Literal["any", "stream", "task", "deck", "homework"]
"""How it may be called: as one likes, streamed only, as a task only; slides and homework have ways of their own."""

SOURCE_LANGUAGES = (
    "auto", "zh-CN", "zh-TW", "wyw", "yue", "en", "ja", "ko", "fr", "de", "es", "ru", "pt", "it", "ar", "hi", "bg",
    "cs", "da", "el", "et", "fi", "hu", "id", "lt", "lv", "nl", "no", "pl", "ro", "sk", "sl", "sv", "th", "tr", "uk",
    "vi", "my", "ms", "Pinyin", "IPA",
)  # fmt: skip
TARGET_LANGUAGES = (*SOURCE_LANGUAGES[1:], "en-GB", "en-US", "zh")
DRAWING_SIZES = ("1024*1024", "768*1344", "1344*768", "864*1152", "1152*864", "1440*720", "720*1440")
SERVICE_FIELDS = (
    "customer_request", "service_attitude", "communication", "solution", "followup_needed", "escalation_risk",
    "risk_type",
)  # fmt: skip
SALES_FIELDS = (
    "self_intro", "state_intent", "need_dig", "highlight", "historical", "cite", "deal", "action", "contact", "summary",
)  # fmt: skip


@dataclass(frozen=True)
class Agent:
    """One agent of the catalogue."""

    answer: Callable[[Ask, Parts], Content]
    variables: Mapping[str, Field] = field(default_factory=dict[str, Field])
    needs: tuple[str, ...] = ("text",)
    """The kinds of content of which each must be there."""
    style: Style = "any"
    one_part: bool = False
    """True where a message must hold exactly one content."""


def variables(ask: Ask) -> Body:
    return object_of(ask.body, "custom_variables")


def words(parts: Parts) -> str:
    return "\n".join(text_of(part, "text") for part in parts if text_of(part, "text"))


def translation(ask: Ask, parts: Parts) -> Content:
    target = text_of(variables(ask), "target_lang", "zh-CN")
    return {"type": "text", "text": say(ask, f"[{target}] {words(parts)}")}


def subtitles(ask: Ask, parts: Parts) -> Content:
    return say(ask, f"[{text_of(variables(ask), 'language')}] {words(parts)}")


def drawing(ask: Ask, parts: Parts) -> Content:
    width, height = map(int, text_of(variables(ask), "size", DRAWING_SIZES[0]).split("*"))
    return picture(ask, width, height, words(parts))


def cartoon(ask: Ask, parts: Parts) -> Content:
    return picture(ask, 1024, 1024, words(parts), "cartoon")


def picture(ask: Ask, width: int, height: int, *about: object) -> Content:
    url = made.to_picture(ask, width, height, *about)
    return [{"type": "image_url", "image_url": url, "tag_cn": "图片", "tag_en": "image"}]


def clip(ask: Ask, parts: Parts) -> Content:
    url = made.to_clip(ask, 1280, 720, 30, 4, variables(ask).get("template"), words(parts))
    return {"type": "video_url", "video_url": url}


def translated_document(ask: Ask, parts: Parts) -> Content:
    del parts  # the paper is the same whatever it says
    tags = {
        "originalFileUrl": "原文档",
        "translatedFileUrl": "译文档",
        "bilingualFileUrl": "双语文档",
    }
    return [
        {"type": "file_url", "file_url": made.to_paper(ask, 2, tag), "tag_cn": name, "tag_en": tag}
        for tag, name in tags.items()
    ]


def findings(*fixed: str) -> Callable[[Ask, Parts], Content]:
    """Answer with a JSON object of the agent's own fields, or of those that the variables ask for."""

    def answer(ask: Ask, parts: Parts) -> Content:
        asked = variables(ask)
        custom = [name for one in objects_of(asked, "custom_fields") for name in one]
        names = [*fixed, *texts_of(asked, "default_fields"), *object_of(asked, "default_fields"), *custom]
        found = {name: words(parts)[:20] or "未提及" for name in names}
        return [{"type": "text", "text": say(ask, json.dumps(found, ensure_ascii=False))}]

    return answer


def advice(ask: Ask, parts: Parts) -> Content:
    asked = words(parts) or text_of(variables(ask), "question") or "图片中的题目"
    plausible = (
        f"解：“{asked[:40]}”的答案是 42。" if is_chinese(asked) else f"The answer to “{asked[:40]}” is 42."
    )
    return {"type": "text", "text": say(ask, plausible)}


TRANSLATION = {
    "source_lang": choice(*SOURCE_LANGUAGES),
    "target_lang": choice(*TARGET_LANGUAGES),
    "glossary": text(),
    "strategy": choice("general", "paraphrase", "two_step", "three_step", "reflection", "cot"),
    "strategy_config": an_object(),
}
SOCIAL = {
    "source_lang": choice("auto", "en", "zh-CN").needed,
    "target_lang": choice("en", "zh-CN").needed,
}
AGENTS: Mapping[str, Agent] = {
    "general_translation": Agent(translation, TRANSLATION),
    "doc_translation_agent": Agent(
        translated_document,
        {"from_lang": text(1).needed, "to_lang": text(1).needed, "should_translate_image": flag()},
        ("file_id",),
        "task",
    ),
    "social_translation_agent": Agent(
        translation, {**SOCIAL, "style": choice("通用风格", "自动风格", "鲁迅风格").needed}
    ),
    "social_literature_translation_agent": Agent(translation, SOCIAL),
    "subtitle_translation_agent": Agent(
        subtitles, {"language": choice("English", "Japanese", "Korean").needed}
    ),
    "slides_glm_agent": Agent(advice, style="deck"),
    "cartoon_generator_agent": Agent(cartoon, needs=("text", "image_url")),
    "ai_drawing_agent": Agent(drawing, {"size": choice(*DRAWING_SIZES).needed}),
    "vidu_template_agent": Agent(
        clip,
        {"template": choice("french_kiss", "bodyshake", "sexy_me").needed},
        ("text", "image_url"),
        "task",
    ),
    "receipt_recognition_agent": Agent(findings("merchant", "date", "amount"), needs=("file_id", "text")),
    "clothes_recognition_agent": Agent(findings("category", "colour", "style"), needs=("file_id",)),
    # The form of these fields is not documented well: a list of names, or names with true and false.
    "contract_parser_agent": Agent(
        findings(), {"default_fields": Field("anything").needed, "custom_fields": array()}, ()
    ),
    "bidwin_parser_agent": Agent(findings("project", "winner", "amount"), {"custom_fields": array()}),
    "bidding_parser_agent": Agent(findings("project", "tenderer", "deadline"), {"custom_fields": array()}),
    "service_check_agent": Agent(findings(), {"default_fields": array(1).needed, "custom_fields": array()}),
    "sales_check_agent": Agent(
        findings("score"),
        {
            "default_fields": array(1).needed,
            "custom_fields": array(),
            "rate": choice("基础评分", "阶梯评分").needed,
        },
    ),
    "job_matching_agent": Agent(
        findings("score", "strengths", "gaps"), {"job_description": text(1).needed}, ("file_id", "text")
    ),
    "intelligent_education_solve_agent": Agent(advice, needs=(), style="stream", one_part=True),
    "intelligent_education_correction_agent": Agent(
        advice, needs=("image_url",), style="homework", one_part=True
    ),
    "intelligent_education_correction_analysis": Agent(
        advice,
        {
            "question": text(1).needed,
            "image_id": text(1).needed,
            "uuid": text(1).needed,
            "trace_id": text(1).needed,
        },
        (),
        "stream",
    ),
}
KNOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "service_check_agent": SERVICE_FIELDS,
    "sales_check_agent": SALES_FIELDS,
}
"""Names that `default_fields` may hold."""
