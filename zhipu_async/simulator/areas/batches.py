"""Batches: a file of requests that is checked, worked off, and answered with files by custom_id. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..faults import NeverEnds, TaskFails
from ..fields import an_object, check, choice, flag, text
from ..keeping import Kept
from ..operation import Answer, Ask, Operation, Whole, parse_json
from ..paging import after
from ..refusals import Refusal, illegal, rendered
from ..saying import quirk
from ..shapes import Body, flag_of, is_object, object_of, text_of, without_nulls
from . import chat, files, images, vectors

if TYPE_CHECKING:
    from ..tasks import Life

ENDPOINTS = {
    operation.path.removeprefix("/paas"): operation
    for operation in (*chat.OPERATIONS, *vectors.OPERATIONS, *images.OPERATIONS)
    if operation.path.endswith(("v4/chat/completions", "v4/embeddings", "v4/images/generations"))
    and "/async/" not in operation.path
}
MOST_LINES = 50_000
LINES_A_LOOK = 2000
"""A large batch is worked off over several looks, so that no answer of the simulator waits for it."""
DAY_MS = 24 * 3600 * 1000
SECONDS_OF = {"validating": 3.0, "in_progress": 60.0, "finalizing": 3.0, "cancelling": 5.0}
NEXT = {
    "validating": "in_progress",
    "in_progress": "finalizing",
    "finalizing": "completed",
    "cancelling": "cancelled",
}
STAMP_OF = {"in_progress": "in_progress_at", "validating": "created_at"}
"""Where a status and its time are not spelled alike."""


@dataclass
class Batch:
    """One batch; it moves on when somebody looks at it."""

    ask: Ask
    """The request that created it: every line is asked in its name."""
    id: str
    lines: list[Body]
    endpoint: str
    input_file: files.File
    life: Life
    status: str = "validating"
    errors: list[Body] = field(default_factory=list[Body])
    stamps: dict[str, int] = field(default_factory=dict[str, int])
    output: list[Body] = field(default_factory=list[Body])
    refused: list[Body] = field(default_factory=list[Body])
    output_file_id: str | None = None
    error_file_id: str | None = None

    @property
    def done(self) -> int:
        return len(self.output) + len(self.refused)

    def shown(self) -> Body:
        """What is not known yet is absent."""
        given: Body = {
            name: self.ask.body[name] for name in ("completion_window", "metadata") if name in self.ask.body
        }
        files: Body = {"output_file_id": self.output_file_id, "error_file_id": self.error_file_id}
        shown: Body = {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "input_file_id": self.input_file.id,
            "status": self.status,
            **{name: file_id for name, file_id in files.items() if file_id is not None},
            **given,
            **self.counts(),
            **self.stamps,
        }
        return {**shown, "errors": {"object": "list", "data": self.errors}} if self.errors else shown

    def counts(self) -> Body:
        """One object, as the platform sends; or with every other seed flat, as its documents say."""
        counts: Body = {
            "total": len(self.lines),
            "completed": len(self.output),
            "failed": len(self.refused),
        }
        return (
            {"request_counts": len(self.lines), **counts} if quirk(self.ask) else {"request_counts": counts}
        )


def create(ask: Ask) -> Answer:
    endpoint = text_of(ask.body, "endpoint")
    if endpoint not in ENDPOINTS:
        raise illegal("endpoint", "one of " + ", ".join(ENDPOINTS) + " expected")
    check_metadata(object_of(ask.body, "metadata"))
    file = files.find(ask, text_of(ask.body, "input_file_id"))
    if file.purpose != "batch":
        raise illegal("input_file_id", "a file of the purpose batch expected")
    lines, errors = read_lines(file.content, endpoint)
    batch_id = ask.platform.new_id("batch_")
    batch = Batch(
        ask, batch_id, lines, endpoint, file, ask.platform.life(SECONDS_OF["validating"]), errors=errors
    )
    now = ask.platform.now_ms()
    batch.stamps = {"created_at": now, "expires_at": now + DAY_MS}
    Kept(Batch, ask).add(batch_id, batch)
    return Whole(batch.shown())


def check_metadata(metadata: Body) -> None:
    for name, value in metadata.items():
        if len(name) > 64 or not isinstance(value, str) or len(value) > 512:
            raise illegal("metadata", "names of up to 64 and texts of up to 512 characters expected")
    if len(metadata) > 16:
        raise illegal("metadata", "at most 16 pairs expected")


def read_lines(content: bytes, endpoint: str) -> tuple[list[Body], list[Body]]:
    """Read the requests; what is wrong with them fails the whole batch."""
    lines: list[Body] = []
    errors: list[Body] = []
    seen: set[str] = set()
    models: set[object] = set()
    for number, raw in enumerate(content.splitlines(), 1):
        if not raw.strip():
            continue
        line = parse_json(raw)
        why = "The line is not a JSON object" if line is None else what_is_wrong(line, endpoint, seen, models)
        if why:
            errors.append({"code": "1210", "line": number, "message": why, "param": None})
        elif line is not None:
            lines.append(line)
    if not lines and not errors:
        errors.append({"code": "1210", "line": None, "message": "The file has no lines", "param": None})
    if len(lines) > MOST_LINES:
        errors.append(
            {"code": "1210", "line": None, "message": f"More than {MOST_LINES} lines", "param": None}
        )
    return lines, errors


def what_is_wrong(line: Body, endpoint: str, seen: set[str], models: set[object]) -> str:
    """Say what is wrong with one line; the ids and models seen so far are kept in the two sets."""
    custom_id, body = text_of(line, "custom_id"), line.get("body")
    if not custom_id or custom_id in seen:
        return "custom_id is missing or occurs twice"
    seen.add(custom_id)
    if line.get("method") != "POST" or line.get("url") != endpoint:
        return f"method must be POST and url {endpoint}"
    if not is_object(body) or flag_of(body, "stream"):
        return "body must be a request without stream"
    models.add(body.get("model"))
    return "All lines must name the same model" if len(models) > 1 else ""


def advance(batch: Batch) -> None:
    """Let the batch come as far as it can by now."""
    while batch.status in NEXT:
        if batch.status == "in_progress":
            work(batch)
        if batch.life.look() == "running" or (
            batch.status == "in_progress" and batch.done < len(batch.lines)
        ):
            return
        enter(batch, after_this(batch))


def after_this(batch: Batch) -> str:
    """The next status. A scripted TaskFails with the code `expired` lets the batch expire."""
    fault = batch.ask.script.fault if batch.ask.script else None
    if isinstance(fault, TaskFails) and batch.status == "validating" and fault.code != "expired":
        batch.errors.append({"code": fault.code, "line": None, "message": fault.message, "param": None})
    if isinstance(fault, TaskFails) and batch.status == "in_progress":
        return "expired"
    return "failed" if batch.status == "validating" and batch.errors else NEXT[batch.status]


def enter(batch: Batch, status: str) -> None:
    """Change the status: stamp it, and write the files when it is the last one."""
    batch.status = status
    batch.stamps[STAMP_OF.get(status, f"{status}_at")] = batch.ask.platform.now_ms()
    fault = batch.ask.script.fault if batch.ask.script else None
    stuck = fault if isinstance(fault, NeverEnds) and status == "in_progress" else None
    batch.life = batch.ask.platform.life(SECONDS_OF.get(status, 0), stuck)
    if status in ("completed", "cancelled", "expired"):
        write_results(batch)


def work(batch: Batch) -> None:
    """Ask the next lines, in the order in which the platform happens to take them."""
    order = list(range(len(batch.lines)))
    batch.ask.platform.rng("batch", batch.id).shuffle(order)
    for index in order[batch.done : batch.done + LINES_A_LOOK]:
        line = batch.lines[index]
        status, body = ask_line(batch, line)
        entry: Body = {
            "response": {"status_code": status, "body": body},
            "custom_id": line["custom_id"],
            "id": batch.id,
        }
        (batch.output if status == 200 else batch.refused).append(entry)


def ask_line(batch: Batch, line: Body) -> tuple[int, Body]:
    """Give one line to the operation that would have answered it online."""
    operation = ENDPOINTS[batch.endpoint]
    given = without_nulls(object_of(line, "body"))
    body = given if is_object(given) else {}
    ask = replace(
        batch.ask, body=body, model=text_of(body, "model"), request_id=text_of(line, "custom_id"), script=None
    )
    try:
        if ask.model.lower() not in operation.models | ask.platform.extra_models:
            raise Refusal("1212")
        check(body, operation.fields or {})
        answer = operation.answer(ask)
    except Refusal as refusal:
        return rendered(refusal)
    whole = answer.body if isinstance(answer, Whole) else None
    return (200, whole) if is_object(whole) else rendered(Refusal("1212"))


def write_results(batch: Batch) -> None:
    name = batch.id + "_{}.jsonl"
    if batch.output or batch.status == "completed":
        content = json_lines(batch.output)
        batch.output_file_id = files.keep(batch.ask, name.format("output"), "batch", content).id
    if batch.refused:
        content = json_lines(batch.refused)
        batch.error_file_id = files.keep(batch.ask, name.format("error"), "batch", content).id
    elif batch.status == "completed":
        batch.error_file_id = ""  # seen in the place of null
    if flag_of(batch.ask.body, "auto_delete_input_file", True):
        files.remove(batch.input_file)


def json_lines(entries: list[Body]) -> bytes:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()


def retrieve(ask: Ask) -> Answer:
    batch = Kept(Batch, ask).find(ask.params["batch_id"], "batch")
    advance(batch)
    return Whole(batch.shown())


def list_batches(ask: Ask) -> Answer:
    batches = Kept(Batch, ask).all()
    page, more = after([(batch.id, batch) for batch in reversed(batches)], ask)
    for batch in page:
        advance(batch)
    listed: list[object] = [batch.shown() for batch in page]
    ends: Body = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
    return Whole({"object": "list", "data": listed, **ends, "has_more": more})


def cancel(ask: Ask) -> Answer:
    batch = Kept(Batch, ask).find(ask.params["batch_id"], "batch")
    if batch.status not in NEXT:
        raise Refusal("1210", f"The batch has ended: {batch.status}")
    if batch.status != "cancelling":
        enter(batch, "cancelling")
    return Whole(batch.shown())


CREATE = {
    "input_file_id": text().needed,
    "endpoint": text().needed,
    "auto_delete_input_file": flag(),
    "metadata": an_object(),
    "completion_window": choice("24h"),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/batches", create, CREATE, task=True),
    Operation("GET", "/paas/v4/batches", list_batches, body="none"),
    Operation("GET", "/paas/v4/batches/{batch_id}", retrieve, body="none"),
    Operation("POST", "/paas/v4/batches/{batch_id}/cancel", cancel, body="none"),
)
