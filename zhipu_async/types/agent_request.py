"""What agents take: contents, messages, and the variables of each agent. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, Required, TypeAlias, TypedDict

from zhipu_async.types.agents import AgentMessage

# ── messages ───────────────────────────────────────────────────────────────────────────────────────


class AgentContent(TypedDict, total=False):
    """A piece of a message; `type` names the field that holds it. The links are plain strings here."""

    type: Required[Literal["text", "file_id", "file_url", "image_url"]]
    text: str
    file_id: str
    """The id of a file that was uploaded with the purpose `agent`."""
    file_url: str
    image_url: str


class AgentMessageParam(TypedDict):
    """What is said to an agent, by whom: a text, or texts, files and pictures."""

    role: Literal["user", "assistant", "system"]
    content: str | AgentContent | Sequence[AgentContent]


AgentMessages: TypeAlias = "str | Sequence[AgentMessageParam | AgentMessage | Mapping[str, object]]"
"""A string is one message of the user; messages of replies can be put back as they are."""

# ── variables: what `custom_variables` of each agent holds ─────────────────────────────────────────


class GeneralSuggestion(TypedDict):
    """For the strategy `general`: a hint about style and terms."""

    suggestion: str


class ReasonLanguage(TypedDict):
    """For the strategy `cot`: the language of the reasons, that of the source or of the target."""

    reason_lang: Literal["from", "to"]


class StrategyConfig(TypedDict, total=False):
    """The translation strategy's own settings."""

    general: GeneralSuggestion
    cot: ReasonLanguage


class TranslationVariables(TypedDict, total=False):
    """Of `general_translation`. Languages are codes: zh-CN, en, ja, ...; the source may be `auto`."""

    source_lang: str
    target_lang: str
    glossary: str
    strategy: Literal["general", "paraphrase", "two_step", "three_step", "reflection", "cot"]
    strategy_config: StrategyConfig


class DocumentTranslationVariables(TypedDict):
    """Of `doc_translation_agent`. Languages are English names: English, Simplified Chinese, ..."""

    from_lang: str
    to_lang: str
    should_translate_image: NotRequired[bool]


class LiteratureTranslationVariables(TypedDict):
    """Of `social_literature_translation_agent`: `en` or `zh-CN`."""

    source_lang: str
    target_lang: str


class SocialTranslationVariables(LiteratureTranslationVariables):
    """Of `social_translation_agent`; the styles: general, automatic, like Lu Xun."""

    style: Literal["通用风格", "自动风格", "鲁迅风格"]


class SubtitleTranslationVariables(TypedDict):
    """Of `subtitle_translation_agent`, whose message is a plain string: the subtitles."""

    language: Literal["English", "Japanese", "Korean"]


class DrawingVariables(TypedDict):
    """Of `ai_drawing_agent`; the size is written with an asterisk: `1024*1024`."""

    size: str


class VideoTemplateVariables(TypedDict):
    """Of `vidu_template_agent`."""

    template: str


class ParserVariables(TypedDict, total=False):
    """Of `contract_parser_agent`, `bidwin_parser_agent` and `bidding_parser_agent`: what to look for.

    default_fields: needed for contracts; its form is documented badly, as names or as {name: whether}.
    custom_fields: objects {name: rule}.
    """

    default_fields: Sequence[str] | Mapping[str, bool]
    custom_fields: Sequence[Mapping[str, object]]


class CheckVariables(TypedDict):
    """Of `service_check_agent`: customer_request, service_attitude, communication, solution, followup_needed,
    escalation_risk, risk_type."""

    default_fields: Sequence[str]
    custom_fields: NotRequired[Sequence[Mapping[str, object]]]


class SalesCheckVariables(CheckVariables):
    """Of `sales_check_agent`: self_intro, state_intent, need_dig, highlight, historical, cite, deal, action, contact,
    summary; rated simply or in steps."""

    rate: Literal["基础评分", "阶梯评分"]


class JobMatchingVariables(TypedDict):
    """Of `job_matching_agent`, whose message holds the CV's file."""

    job_description: str


class AnalysisVariables(TypedDict):
    """Of `intelligent_education_correction_analysis`: which question of a corrected homework to explain."""

    question: str
    image_id: str
    uuid: str
    trace_id: str


AgentVariables: TypeAlias = (
    TranslationVariables
    | DocumentTranslationVariables
    | LiteratureTranslationVariables
    | SocialTranslationVariables
    | SubtitleTranslationVariables
    | DrawingVariables
    | VideoTemplateVariables
    | ParserVariables
    | CheckVariables
    | SalesCheckVariables
    | JobMatchingVariables
    | AnalysisVariables
    | Mapping[str, object]
)
"""The variables of any agent, also of those that are newer than this library."""

# ── the rest ───────────────────────────────────────────────────────────────────────────────────────


class SensitiveWordCheck(TypedDict):
    """Whether the platform looks for sensitive words; switching that off needs a permission."""

    type: Literal["ALL"]
    status: Literal["ENABLE", "DISABLE"]


class SlidePage(TypedDict, total=False):
    """A page to export: its number, from 1, and its size in centimetres."""

    position: Required[float]
    width: float
    height: float


class SlideExport(TypedDict, total=False):
    """What to export of a conversation with the slides agent."""

    include_pdf: bool
    include_html: bool
    pages: Sequence[SlidePage]


class HomeworkImage(TypedDict):
    """Questions of one picture that are not corrected yet."""

    image_id: str
    uuids: Sequence[str]
