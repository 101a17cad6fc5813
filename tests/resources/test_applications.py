"""Applications of the console over a real socket: answers, variables, files, conversations, slices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    APIStatusError,
    InternalServerError,
    InvalidArgument,
    MaybeSubmitted,
    StreamFailed,
)
from zhipu_async.simulator import Simulator
from zhipu_async.types.applications import FileState, FileType

ROOT = "/api/llm-application/open"
APP = "1790000000000000001"


async def test_an_application_answers_whole(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    conversation = await zhipu.applications.create_conversation(APP)
    messages = [{"role": "user", "content": [{"type": "input", "value": "hi", "key": "query"}]}]
    answer = await zhipu.applications.invoke(
        app_id=APP,
        messages=messages,
        conversation_id=conversation.conversation_id,
        third_request_id="trace-1",
        role="user",
        send_log_event=True,
        document_ids=["1"],
        knowledge_ids=["2"],
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", ROOT + "/v3/application/invoke")
    assert seen.body == {
        "app_id": APP,
        "messages": messages,
        "stream": False,
        "conversation_id": conversation.conversation_id,
        "third_request_id": "trace-1",
        "role": "user",
        "send_log_event": True,
        "document_ids": ["1"],
        "knowledge_ids": ["2"],
    }
    assert answer.text
    assert answer.finish_reason == "stop"
    assert (answer.app_id, answer.conversation_id) == (APP, conversation.conversation_id)
    assert answer.usage.total_tokens == zhipu.usage[APP].total_tokens > 0
    assert {event.type for event in answer.events} >= {"node_processing", "node_finish"}


async def test_an_application_answers_in_a_stream(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    stream = zhipu.applications.stream(
        app_id=APP,
        messages="hi",
        third_request_id="trace-1",
        role="user",
        send_log_event=True,
        document_ids=["1"],
        knowledge_ids=["2"],
    )
    async with stream:
        text = "".join([piece async for piece in stream.text()])
    assert zhipu_simulator.requests[-1].body == {
        "app_id": APP,
        "messages": [{"role": "user", "content": [{"type": "input", "value": "hi"}]}],
        "stream": True,
        "third_request_id": "trace-1",
        "role": "user",
        "send_log_event": True,
        "document_ids": ["1"],
        "knowledge_ids": ["2"],
    }
    assert text == stream.result.text
    assert text
    assert stream.result.events
    assert stream.result.usage.total_tokens > 0
    on = zhipu.applications.stream(app_id=APP, messages="more", conversation_id=stream.result.conversation_id)
    assert (await on.finish()).conversation_id == stream.result.conversation_id


async def test_slices_of_an_answer_have_their_places(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    answer = await zhipu.applications.invoke(app_id=APP, messages="hi", send_log_event=True)
    node_id = answer.events[0].node_id
    slices = await zhipu.applications.slices(request_id=answer.request_id, node_id=node_id)
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", ROOT + "/v2/application/slice_info")
    assert seen.body == {"request_id": answer.request_id, "node_id": node_id}
    found = slices.document_slices[0]
    assert found.document.name
    assert found.slice_info[0].text
    assert found.slice_info[0].position is not None
    assert found.slice_info[0].position.page == 1


async def test_variables_are_listed(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    found = (await zhipu.applications.variables(APP)).data
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("GET", f"{ROOT}/v2/application/{APP}/variables")
    assert all(variable.id and variable.name for variable in found)
    choices = next(variable for variable in found if variable.type == "selection_list")
    assert choices.allowed_values


async def test_files_are_uploaded_and_read(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "b.docx"
    path.write_bytes(b"words")
    conversation = await zhipu.applications.create_conversation(APP)
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", f"{ROOT}/v2/application/{APP}/conversation")
    done: list[int] = []
    files = await zhipu.applications.upload(
        app_id=APP,
        files=[("a.pdf", b"%PDF"), path],
        conversation_id=conversation.conversation_id,
        file_type=FileType.DOCUMENT,
        on_progress=lambda sent, total: done.append(sent),
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", ROOT + "/v2/application/file_upload")
    assert seen.body == {
        "app_id": APP,
        "conversation_id": conversation.conversation_id,
        "file_type": "2",
    }
    assert [(each.field, each.filename, each.content) for each in seen.files] == [
        ("files", "a.pdf", b"%PDF"),
        ("files", "b.docx", b"words"),
    ]
    assert done
    assert [each.file_name for each in files.success_info] == ["a.pdf", "b.docx"]
    ids = [each.file_id for each in files.success_info]
    states = (await zhipu.applications.file_states(app_id=APP, file_ids=ids)).data
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", ROOT + "/v2/application/file_stat")
    assert seen.body == {"app_id": APP, "file_ids": ids}
    assert [state.file_id for state in states] == ids
    assert all(state.processing or state.ready for state in states)


async def test_forms_take_a_file_for_a_variable(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    variables = (await zhipu.applications.variables(APP)).data
    unit = next(variable.id for variable in variables if variable.type == "upload_file")
    await zhipu.applications.upload(app_id=APP, files=("a.pdf", b"%PDF"), upload_unit_id=unit)
    assert zhipu_simulator.requests[-1].body == {"app_id": APP, "upload_unit_id": unit}


async def test_some_files_may_fail(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    refused = {"success_info": [], "fail_info": [{"file_name": "a.exe", "fail_reason": "type"}]}
    zhipu_simulator.script(body={"data": refused, "code": 200, "message": "ok", "timestamp": 1})
    files = await zhipu.applications.upload(app_id=APP, files=("a.exe", b"MZ"), conversation_id="1")
    assert files.fail_info[0].fail_reason == "type"
    states = [{"file_id": "1", "code": FileState.TOO_LONG, "msg": "long"}, {"file_id": "2", "code": 1}]
    zhipu_simulator.script(body={"data": states, "code": 200, "message": "ok", "timestamp": 1})
    long, ready = (await zhipu.applications.file_states(app_id=APP, file_ids=["1", "2"])).data
    assert (long.ready, long.processing, ready.ready) == (False, False, True)


async def test_a_file_has_a_name_with_an_extension(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    with pytest.raises(InvalidArgument, match="extension"):
        await zhipu.applications.upload(app_id=APP, files=[b"words"], conversation_id="1")
    assert zhipu_simulator.requests == []


async def test_next_questions_are_suggested(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    answer = await zhipu.applications.invoke(app_id=APP, messages="hi")
    found = await zhipu.applications.suggestions(app_id=APP, conversation_id=answer.conversation_id)
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == (
        "GET",
        f"{ROOT}/history_session_record/{APP}/{answer.conversation_id}",
    )
    assert found.problems


async def test_ids_that_come_as_numbers_are_texts(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    number = 1790000000000000001
    zhipu_simulator.script(body={"app_id": number, "conversation_id": number, "choices": []})
    answer = await zhipu.applications.invoke(app_id=APP, messages="hi")
    assert (answer.app_id, answer.conversation_id) == (APP, APP)
    zhipu_simulator.script(body={"data": {"conversation_id": number}, "code": 200, "message": "ok"})
    assert (await zhipu.applications.create_conversation(APP)).conversation_id == APP


# ── what goes wrong ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body", [{"code": 10013, "message": "no"}, {"data": None, "code": 10013, "message": "no"}]
)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_is_raised_whatever_the_status(body: dict[str, object], status: int) -> None:
    async with hostile(reply(body, status=status)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            calls = [
                zhipu.applications.invoke(app_id="1", messages="hi"),
                zhipu.applications.stream(app_id="1", messages="hi").open(),
                zhipu.applications.variables("1"),
                zhipu.applications.create_conversation("1"),
                zhipu.applications.upload(app_id="1", files=("a.pdf", b"x")),
                zhipu.applications.file_states(app_id="1", file_ids=["1"]),
                zhipu.applications.slices(request_id="1", node_id="1"),
                zhipu.applications.suggestions(app_id="1", conversation_id="1"),
            ]
            for call in calls:
                with pytest.raises(APIStatusError) as caught:
                    await call
                assert caught.value.code == "10013"


async def test_an_application_that_breaks_is_an_error() -> None:
    broken = {"index": 0, "finish_reason": "error", "error_msg": {"code": 500, "msg": "node broke"}}
    body = reply({"request_id": "r1", "choices": [broken]})
    async with hostile(body) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(InternalServerError, match="node broke"):
            await zhipu.applications.invoke(app_id="1", messages="hi", max_retries=0)


async def test_an_application_that_breaks_in_a_stream_is_an_error(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    said = {"choices": [{"index": 0, "delta": {"content": {"type": "text", "msg": "Hel"}}}]}
    broken = {"choices": [{"index": 0, "finish_reason": "error", "error_msg": {"code": 500, "msg": "broke"}}]}
    zhipu_simulator.script(events=[said, broken])
    with pytest.raises(StreamFailed, match="broke") as caught:
        await zhipu.applications.stream(app_id=APP, messages="hi").finish()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hel"


async def test_what_creates_something_is_not_sent_twice() -> None:
    async with hostile(hang_up) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        calls = [
            zhipu.applications.invoke(app_id="1", messages="hi", conversation_id="31"),
            zhipu.applications.create_conversation("1"),
            zhipu.applications.upload(app_id="1", files=("a.pdf", b"x")),
        ]
        for call in calls:
            with pytest.raises(MaybeSubmitted):
                await call
    assert len(server.requests) == 3
