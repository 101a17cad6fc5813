"""The languages that the simulated model speaks, and which of them a prompt is written in. No I/O here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
HANGUL = re.compile(r"[\uac00-\ud7a3]")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Tongue:
    """A language: how it repeats a prompt, how it thinks, what it goes on with."""

    echo: str
    thinks: str
    ways: tuple[str, ...]
    sentences: tuple[str, ...]
    gap: str = " "
    """What stands between two sentences."""
    small_words: frozenset[str] = frozenset()
    """What gives it away among the languages with Latin letters."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = Tongue(
    'You said: "{}".',
    'The user says "{}". ',
    ("First I make sure what is asked.", "Let me think about how to answer."),
    (
        "That is a good question to begin with.",
        "There is more than one way to look at it.",
        "The short answer is that it depends on what you want to reach.",
        "A small example makes it easier to see.",
        "First look at what is given, then at what is missing.",
        "Most people start with the simplest case and go on from there.",
        "It helps to write down the steps one after the other.",
        "In practice the second step takes the most time.",
        "Once that works, the rest is a matter of care.",
        "If something is unclear, ask and I will go into detail.",
        "Keep in mind that this answer was made up by a simulator.",
    ),
    small_words=words("the a an of to is are in and what how i you my for do it me with this that on"),
)
HAN = Tongue(
    "你说的是：“{}”。",
    "用户说了“{}”。",
    ("先弄清问题，再组织回答。", "我来想一想怎样回答。"),
    (
        "这是一个很好的开始。",
        "看这件事的角度不止一个。",
        "简单地说，这取决于你想达到什么目的。",
        "举个小例子会更容易明白。",
        "先看已知的条件，再看还缺什么。",
        "多数人会从最简单的情形入手，然后一步步往下走。",
        "把步骤逐条写下来会很有帮助。",
        "实际做起来，第二步最花时间。",
        "这一步走通之后，剩下的就是细心了。",
        "如果还有不清楚的地方，可以继续问我。",
        "请记住，这个回答是由模拟器编出来的。",
    ),
    gap="",
)
JAPANESE = Tongue(
    "「{}」ですね。",
    "ユーザーは「{}」と言っています。",
    ("まず質問を整理します。", "どう答えるか考えます。"),
    (
        "良い質問です。",
        "小さな例で考えると分かりやすいです。",
        "まず簡単な場合から始めましょう。",
        "手順を一つずつ書き出すと役に立ちます。",
        "分からないことがあれば、また聞いてください。",
        "この答えはシミュレーターが作ったものです。",
    ),
    gap="",
)
KOREAN = Tongue(
    '"{}"라고 하셨습니다.',
    '사용자가 "{}"라고 말합니다. ',
    ("먼저 질문을 정리합니다.", "어떻게 답할지 생각해 봅니다."),
    (
        "좋은 질문입니다.",
        "작은 예를 들면 더 쉽게 알 수 있습니다.",
        "가장 간단한 경우부터 시작해 봅시다.",
        "단계를 하나씩 적어 보면 도움이 됩니다.",
        "궁금한 점이 있으면 다시 물어보세요.",
        "이 답은 시뮬레이터가 만든 것입니다.",
    ),
)
RUSSIAN = Tongue(
    "Вы сказали: «{}».",
    "Пользователь говорит: «{}». ",
    ("Сначала уточню вопрос.", "Подумаю, как ответить."),
    (
        "Это хороший вопрос для начала.",
        "На небольшом примере это легче увидеть.",
        "Начнём с самого простого случая.",
        "Полезно записать шаги по порядку.",
        "Если что-то неясно, спросите ещё раз.",
        "Этот ответ придуман симулятором.",
    ),
)
GERMAN = Tongue(
    "Du sagst: „{}“.",
    "Die Frage lautet „{}“. ",
    ("Zuerst kläre ich, was gefragt ist.", "Ich überlege, wie ich antworte."),
    (
        "Das ist eine gute Frage.",
        "Ein kleines Beispiel macht es leichter.",
        "Beginnen wir mit dem einfachsten Fall.",
        "Es hilft, die Schritte der Reihe nach aufzuschreiben.",
        "Wenn etwas unklar ist, frag noch einmal.",
        "Diese Antwort hat sich ein Simulator ausgedacht.",
    ),
    small_words=words("der die das ein eine und ist ich du wie was nicht mir mit auf zu über von wir bitte"),
)
FRENCH = Tongue(
    "Vous dites : « {} ».",
    "La question est « {} ». ",
    ("Je vérifie d'abord ce qui est demandé.", "Je réfléchis à la réponse."),
    (
        "C'est une bonne question.",
        "Un petit exemple aide à comprendre.",
        "Commençons par le cas le plus simple.",
        "Il est utile de noter les étapes une à une.",
        "Si quelque chose n'est pas clair, demandez encore.",
        "Cette réponse est inventée par un simulateur.",
    ),
    small_words=words("le la les un une des est et je tu vous que qui comment pour dans moi du sur pas sont"),
)
SPANISH = Tongue(
    "Usted dice: «{}».",
    "La pregunta es «{}». ",
    ("Primero aclaro lo que se pide.", "Pienso cómo responder."),
    (
        "Es una buena pregunta.",
        "Un ejemplo pequeño ayuda a verlo.",
        "Empecemos por el caso más sencillo.",
        "Conviene anotar los pasos uno por uno.",
        "Si algo no está claro, pregunte de nuevo.",
        "Esta respuesta la inventó un simulador.",
    ),
    small_words=words("el la los las un una es y yo tú usted que cómo qué para en del con por me son está"),
)
WITH_LATIN_LETTERS = (GERMAN, FRENCH, SPANISH)
LOOKED_AT = 1000
"""Characters of a text that tell its language."""
KEPT_TEXTS = 64
"""Texts whose language is remembered: one answer asks several times."""
ENOUGH_WORDS = 2
"""Small words that tell a language; a single one may be an accident."""


def tongue_of(text: str) -> Tongue:
    """The language that the text is written in, as far as its letters and small words tell; else English."""
    return _tongue_of(text[:LOOKED_AT])


@lru_cache(maxsize=KEPT_TEXTS)
def _tongue_of(text: str) -> Tongue:
    latin = len(LATIN.findall(text))
    han, kana = len(CHINESE.findall(text)), len(KANA.findall(text))
    if kana > 1 and han + kana > latin:  # a single の is fashion in Chinese
        return JAPANESE
    if han:
        return HAN
    if len(HANGUL.findall(text)) > latin:
        return KOREAN
    if len(CYRILLIC.findall(text)) > latin:
        return RUSSIAN
    said = WORD.findall(text.lower())
    score, found = max(
        ((sum(word in tongue.small_words for word in said), tongue) for tongue in WITH_LATIN_LETTERS),
        key=lambda scored: scored[0],
    )
    in_english = sum(word in ENGLISH.small_words for word in said)
    return found if score >= ENOUGH_WORDS and score > in_english else ENGLISH
