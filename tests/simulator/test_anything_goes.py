"""Whatever is thrown at the operations, they answer: never with a fault of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhipu_async.simulator import answering
from zhipu_async.simulator.areas import OPERATIONS
from zhipu_async.simulator.fields import Field
from zhipu_async.simulator.operation import Answer, Events, Operation, Upload, Whole, encode
from zhipu_async.simulator.platform import Platform
from zhipu_async.simulator.refusals import Refusal, rendered
from zhipu_async.simulator.requests import Received
from zhipu_async.simulator.routes import Route, Routes
from zhipu_async.simulator.shapes import is_array, is_object

from .official_calls import CALLS, CHAT, SUBMISSIONS

ROUTES = Routes(OPERATIONS)
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["[unsafe]", "x" * 70, "1024x1024", "https://example.org/a.png", "true"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "assistant", "tool"])},
        optional={
            "content": TEXTS | st.lists(st.dictionaries(st.sampled_from(["type", "text", "image_url"]), JSON))
        },
    ),
    min_size=1,
    max_size=3,
)


def value_for(name: str, field: Field) -> st.SearchStrategy[object]:
    """Something that suits the field, or anything at all."""
    match field.kind:
        case "text":
            suiting: st.SearchStrategy[object] = st.sampled_from(field.choices) if field.choices else TEXTS
        case "number" | "integer":
            suiting = st.integers(int(field.at_least or 0), int(field.at_most or 100))
        case "flag":
            suiting = st.booleans()
        case "array":
            suiting = MESSAGES if name == "messages" else st.lists(TEXTS, min_size=1, max_size=3)
        case _:
            suiting = st.dictionaries(st.text(max_size=8), JSON, max_size=3)
    return suiting | suiting | JSON


def body_for(operation: Operation) -> st.SearchStrategy[dict[str, object]]:
    fields = operation.fields or {}
    strategies = {name: value_for(name, field) for name, field in fields.items()}
    if operation.models:
        strategies["model"] = st.sampled_from(sorted(operation.models))
    required = {name: strategies[name] for name, field in fields.items() if field.required}
    others = {name: strategy for name, strategy in strategies.items() if name not in required}
    return st.fixed_dictionaries(required, optional={**others, "nonsense": JSON})


WRONG: list[object] = [
    None, True, -1, 1.5, 1e300, 2**70, "", "x", "1.5", "\u2028", "\u00b2", [], [[]], [None], ["a", 1], {}, {"": {}},
]  # fmt: skip
"""What is put into the place of each member of a good request."""
GOOD = [
    *(("/paas/v4/chat/completions", {"model": "glm-4.7", "stream": False, **body}) for body in CHAT.values()),
    *(
        (path, body)
        for path, method in {
            "/paas/v4/embeddings": "embeddings.create",
            "/paas/v4/images/generations": "images.generations",
            "/paas/v4/videos/generations": "videos.generations",
            "/paas/v4/audio/speech": "audio.speech",
            "/paas/v4/layout_parsing": "layout_parsing.create",
            "/paas/v4/web_search": "web_search.web_search",
            "/paas/v4/tools": "tools.web_search",
            "/paas/v4/reader": "web_reader.web_reader",
            "/paas/v4/moderations": "moderations.create",
            "/paas/v4/assistant": "assistant.conversation",
            "/v1/agents": "agents.invoke",
        }.items()
        for body in {**CALLS, **SUBMISSIONS}[method]
    ),
]


def spoiled(value: object) -> Iterator[object]:
    """The value with one member at a time, however deep inside, replaced by something wrong."""
    yield from WRONG
    if is_object(value):
        for name, member in value.items():
            for worse in spoiled(member):
                yield {**value, name: worse}
    elif is_array(value):
        for index, item in enumerate(value):
            for worse in spoiled(item):
                yield [*value[:index], worse, *value[index + 1 :]]


def drain(answer: Answer) -> int:
    """Write the answer as it would be sent, and give its status."""
    if isinstance(answer, Whole):
        json.loads(encode(answer.body))
        return answer.status
    if isinstance(answer, Events):
        assert all(isinstance(frame, bytes) for frame in answer.frames)
    return 200


def status_for(platform: Platform, route: Route, received: Received) -> int:
    try:
        ask = answering.prepare(platform, ROUTES, route, received)
        return drain(answering.answer(route.operation, ask))
    except Refusal as refusal:
        return rendered(refusal, route.operation.family)[0]


@pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}"
)
def test_no_request_brings_an_operation_down(operation: Operation) -> None:
    platform = Platform(seed=1)
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    names_of_files = st.sampled_from(["a.jsonl", "b.wav", "c.png", "d"])
    upload = st.builds(Upload, st.just("file"), names_of_files, st.just("x/y"), st.binary(max_size=50))
    uploads = st.lists(upload, max_size=2)

    @settings(max_examples=25, deadline=None)
    @given(
        body_for(operation),
        st.fixed_dictionaries({name: st.text(min_size=1, max_size=5) for name in names}),
        st.dictionaries(
            st.sampled_from(["page", "limit", "after", "purpose", "size"]), st.text(max_size=4), max_size=3
        ),
        uploads,
    )
    def throw(
        body: dict[str, object], params: dict[str, str], query: dict[str, str], files: list[Upload]
    ) -> None:
        received = Received(1, operation.method, operation.path, query=query, key=platform.api_key, body=body)
        received.content = encode(body)
        if operation.body == "form":
            received.files = files
            received.body = {name: value for name, value in body.items() if isinstance(value, str)}
        assert status_for(platform, Route(operation, params), received) < 500

    throw()


@pytest.mark.parametrize(("path", "good"), GOOD, ids=[path for path, _ in GOOD])
def test_no_good_request_with_one_wrong_member_brings_it_down(path: str, good: dict[str, object]) -> None:
    platform = Platform(seed=1)
    route = ROUTES.find("POST", "/api" + path)
    assert isinstance(route, Route)
    for body in filter(is_object, spoiled({**good, "request_id": None})):
        received = Received(1, "POST", path, key=platform.api_key, body=body, content=encode(body))
        assert status_for(platform, route, received) < 500
