"""The four workflows for finance: whole and streamed, with a code table of their own. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..fields import array, choice, flag, number, text
from ..operation import Answer, Ask, Events, Operation, Whole, sse
from ..papers import suffix
from ..refusals import Refusal, illegal, missing
from ..safety import UNSAFE
from ..saying import quirk, say_in_pieces, usage
from ..shapes import Body, flag_of, objects_of, text_of
from ..writing import is_chinese

if TYPE_CHECKING:
    from collections.abc import Iterator

SENSITIVE = "1004"
"""In this table it means what 1301 means elsewhere."""
LARGEST_PICTURE = 5 * 2**20
MOST_HISTORY = 30
SECONDS, SECONDS_PER_PIECE = 20.0, 0.05
FLOWCHART = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="80"><rect width="80" height="40"/></svg>'
)
NESTINGS = 4
"""The documents leave open where the fields of the last event stand and whether `event` is an SSE field."""


@dataclass(frozen=True)
class Workflow:
    """What differs between the four."""

    subject: str
    """The field that says what it is about."""
    ends_with: str = "workflow_finished"
    draws: bool = False
    """True where the whole answer has a flowchart."""
    draws_in_streams: bool = False


def run(workflow: Workflow, ask: Ask) -> Answer:
    """Write the report, whole or as a stream."""
    subject = text_of(ask.body, workflow.subject)
    if UNSAFE in subject:
        raise Refusal(SENSITIVE, "Sensitive input")
    pieces = say_in_pieces(ask, report_on(subject))
    if flag_of(ask.body, "stream"):
        return Events(events(workflow, ask, subject, pieces), seconds=1.0, interval=SECONDS_PER_PIECE)
    result: Body = {"result": "".join(pieces)}
    if workflow.draws:
        result["svg"] = FLOWCHART
    return Whole({"code": 0, "message": "ok", "data": result}, seconds=SECONDS)


def audit(workflow: Workflow, ask: Ask) -> Answer:
    """A text, a picture or both are reviewed."""
    pictures = [file for file in ask.files if file.field == "image"]
    if not pictures and not text_of(ask.body, workflow.subject):
        raise missing(workflow.subject)
    for picture in pictures:
        if suffix(picture.filename) not in ("jpg", "jpeg", "png") or len(picture.content) > LARGEST_PICTURE:
            raise illegal("image", "a JPG or PNG of at most 5 MB expected")
    return run(workflow, ask)


def spar(workflow: Workflow, ask: Ask) -> Answer:
    for turn in objects_of(ask.body, "history"):
        if text_of(turn, "role") not in ("user", "assistant"):
            raise illegal("history", "the roles user and assistant expected")
    return run(workflow, ask)


def report_on(subject: str) -> str:
    if is_chinese(subject) or not subject:
        return f"# 报告\n\n关于“{subject[:40]}”，没有发现异常。这份报告由模拟器编写。"
    return f"# Report\n\nNothing unusual was found about {subject[:40]}. A simulator wrote this."


def events(workflow: Workflow, ask: Ask, subject: str, pieces: list[str]) -> Iterator[bytes]:
    """Pieces of the text, then the last event with all of it; the form changes with the seed."""
    variant = quirk(ask, NESTINGS)
    session: Body = {"session_id": ask.platform.new_id("session-"), "created": ask.platform.now_ms()}
    for step, piece in enumerate(pieces):
        output = {"text": [{"output": piece}]}
        message: Body = {**session, "step_id": f"step-{step}", "data": output}
        yield named("message", message, variant)
    result: Body = {"output": "".join(pieces)}
    if workflow.draws_in_streams:
        result["svg"] = FLOWCHART
    counted: Body = {**usage(subject, "".join(pieces)), "max_token": "128000"}
    last: Body = {**session, "step_id": f"step-{len(pieces)}", **nested(result, counted, variant)}
    yield named(workflow.ends_with, last, variant)
    if variant == NESTINGS - 1:
        yield sse("[DONE]")


def named(event: str, message: Body, variant: int) -> bytes:
    """Name the event inside the JSON, or outside as SSE has it."""
    return sse(message, event=event) if variant == 1 else sse({"event": event, **message})


def nested(result: Body, counted: Body, variant: int) -> Body:
    """Where the result and the usage stand."""
    data: tuple[Body, ...] = (
        {"text": [result], "usage": counted},
        {"text": result, "usage": counted},
        {**result, "text": list[object](), "usage": counted},
        {"text": [{**result, "usage": counted}]},
    )
    return {"data": data[variant]}


COMMON = {"stream": flag(), "model": choice("4-Plus", "4-Air"), "temperature": number(0, 1)}
PREFIX = "/aico-saas/bm/v1/"
DUE_DILIGENCE = Workflow("company", draws=True, draws_in_streams=True)
AUDIT = Workflow("query")
SPARRING = Workflow("query", "message_finished")
TRACKER = Workflow("query", draws_in_streams=True)
LONGEST_NAME = 100
"""25 characters by the documents, whose own example is longer; so the limit is not held strictly."""

OPERATIONS = (
    Operation(
        "POST",
        PREFIX + "DueDiligenceReport",
        partial(run, DUE_DILIGENCE),
        {"company": text(2, LONGEST_NAME).needed, **COMMON},
        family="finagent",
    ),
    Operation(
        "POST",
        PREFIX + "ConsumerProtectionAudit",
        partial(audit, AUDIT),
        {"query": text(0, 10_000), **COMMON},
        body="form",
        family="finagent",
    ),
    Operation(
        "POST",
        PREFIX + "FinancialAdviserSparring",
        partial(spar, SPARRING),
        {"query": text(1, 2000).needed, "history": array(0, MOST_HISTORY), **COMMON},
        family="finagent",
    ),
    Operation(
        "POST",
        PREFIX + "RegulatoryUpdatesTracker",
        partial(run, TRACKER),
        {"query": text(2, 25).needed, **COMMON},
        family="finagent",
    ),
)
