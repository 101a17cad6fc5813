"""The vendor's client and OpenAI's, unchanged, against files, media, tools and agents of the simulator.

The vendor's types do not fit what its own platform sends, so its clients are taken as they are: Any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import openai
import pydantic
import pytest
from zai import ZhipuAiClient

from zhipu_async.simulator import Simulator, SimulatorThread
from zhipu_async.simulator.shapes import Body, array_of, is_object, object_of, objects_of, text_of
from zhipu_async.simulator.sounds import speech, wav

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peers

HI = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
LINE = {
    "custom_id": "job-0001",
    "method": "POST",
    "url": "/v4/chat/completions",
    "body": {"model": "glm-4-plus", "messages": [{"role": "user", "content": "hi"}]},
}
GLM = "65940acff94777010aa6b796"


@pytest.fixture(scope="module", params=[0, 1], ids=["documented", "quirky"])
def shared(request: pytest.FixtureRequest) -> Generator[Simulator]:
    seed: int = request.param
    with SimulatorThread(Simulator(seed=seed)) as sim:
        yield sim


@pytest.fixture
def zai(shared: Simulator) -> Generator[Any]:
    shared.forget()
    with closing(ZhipuAiClient(api_key=shared.api_key, base_url=shared.base_url, max_retries=0)) as client:
        yield client


@pytest.fixture
def gpt(shared: Simulator) -> Generator[Any]:
    shared.forget()
    with openai.OpenAI(api_key=shared.api_key, base_url=shared.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.jsonl"
    path.write_text(json.dumps(LINE))
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "hello.wav"
    path.write_bytes(wav(speech("hello", "tongtong")))
    return path


def plain(reply: object) -> Body:
    """What a client parsed, as plain JSON."""
    assert isinstance(reply, pydantic.BaseModel)
    body: object = json.loads(reply.model_dump_json(warnings=False))
    assert is_object(body)
    return body


def pieces(reply: Iterable[object]) -> list[Body]:
    return [plain(chunk) for chunk in reply]


def ended(look: Callable[[], object], field: str) -> Body:
    """Look until the field says something else than at the beginning of a task's life."""
    for _ in range(10):
        body = plain(look())
        if text_of(body, field) not in ("PROCESSING", "pending", "validating", "in_progress", "finalizing"):
            return body
    raise AssertionError("it did not end")


def test_zai_draws(zai: Any) -> None:
    body = plain(zai.images.generations(model="cogview-4", prompt="a cat", size="1024x1024"))

    assert text_of(objects_of(body, "data")[0], "url").endswith(".png")


def test_zai_films(zai: Any) -> None:
    ticket = plain(zai.videos.generations(model="cogvideox-3", prompt="waves", with_audio=True, fps=30))
    task_id = text_of(ticket, "id")

    body = ended(lambda: zai.videos.retrieve_videos_result(id=task_id), "task_status")

    assert text_of(objects_of(body, "video_result")[0], "url").endswith(".mp4")


def test_zai_speaks_and_listens(zai: Any, recording: Path) -> None:
    spoken = zai.audio.speech(model="glm-tts", input="hello", voice="tongtong", response_format="wav")
    with recording.open("rb") as file:
        heard = plain(zai.audio.transcriptions.create(model="glm-asr-2512", file=file))

    assert spoken.content.startswith(b"RIFF")
    assert heard["text"] == "hello"


def test_zai_streams_speech(zai: Any) -> None:
    chunks = pieces(
        zai.audio.speech(
            model="glm-tts",
            input="hello",
            voice="tongtong",
            response_format="pcm",
            stream=True,
            encode_format="base64",
        )
    )

    first = object_of(objects_of(chunks[0], "choices")[0], "delta")
    assert (first["return_sample_rate"], first["return_format"]) == (24000, "pcm")


def test_zai_clones_voices(zai: Any, recording: Path) -> None:
    with recording.open("rb") as file:
        sample = text_of(plain(zai.files.create(file=file, purpose="voice-clone-input")), "id")
    voice = plain(
        zai.voice.clone(
            voice_name="mine", text="hello", input="a preview", file_id=sample, model="glm-tts-clone"
        )
    )
    listed = plain(zai.voice.list(voice_type="PRIVATE"))
    deleted = plain(zai.voice.delete(voice=text_of(voice, "voice")))

    assert [one["voice"] for one in objects_of(listed, "voice_list")] == [voice["voice"]]
    assert deleted["voice"] == voice["voice"]


def test_zai_works_off_batches(zai: Any, jobs: Path) -> None:
    with jobs.open("rb") as file:
        uploaded = text_of(plain(zai.files.create(file=file, purpose="batch")), "id")
    batch = plain(
        zai.batches.create(
            completion_window="24h",
            endpoint="/v4/chat/completions",
            input_file_id=uploaded,
            auto_delete_input_file=False,
        )
    )
    batch_id = text_of(batch, "id")

    done = ended(lambda: zai.batches.retrieve(batch_id), "status")

    answers = zai.files.content(text_of(done, "output_file_id")).content
    assert json.loads(answers)["custom_id"] == "job-0001"
    assert len(array_of(plain(zai.files.list(purpose="batch")), "data")) == 2
    assert plain(zai.files.delete(uploaded))["deleted"] is True


def test_zai_parses_documents(zai: Any, tmp_path: Path) -> None:
    paper, picture = tmp_path / "paper.txt", tmp_path / "note.png"
    paper.write_text("hello")
    picture.write_bytes(b"\x89PNG")
    with paper.open("rb") as file:
        at_once = plain(zai.file_parser.create_sync(file=file, file_type="txt", tool_type="prime-sync"))
    with picture.open("rb") as file:
        read = plain(zai.ocr.handwriting_ocr(file=file, tool_type="hand_write", probability=True))
    layout = plain(zai.layout_parsing.create(model="glm-ocr", file="https://example.org/a.png"))

    assert at_once["content"] == "hello"
    assert read["words_result_num"] == 1
    assert layout["model"] == "GLM-OCR"


def test_zai_searches_and_reads(zai: Any) -> None:
    found = plain(
        zai.web_search.web_search(search_engine="search_pro", search_query="cats", search_intent=False)
    )
    calls = pieces(
        zai.tools.web_search(
            model="web-search-pro", messages=[{"role": "user", "content": "cats"}], stream=True
        )
    )
    page = plain(zai.web_reader.web_reader(url="https://example.com"))
    verdict = plain(zai.moderations.create(model="moderation", input={"type": "text", "text": "hello"}))

    assert len(array_of(found, "search_result")) == 10
    assert len(calls) == 3
    assert object_of(page, "reader_result")["title"] == "example.com"
    assert objects_of(verdict, "result_list")[0]["risk_level"] == "PASS"


def test_zai_asks_agents(zai: Any) -> None:
    variables = {"source_lang": "auto", "target_lang": "zh-CN"}
    whole = plain(zai.agents.invoke(agent_id="general_translation", messages=HI, custom_variables=variables))
    chunks = pieces(
        zai.agents.invoke(
            agent_id="general_translation", messages=HI, custom_variables=variables, stream=True
        )
    )
    file = [{"role": "user", "content": [{"type": "file_id", "file_id": "agent-1"}]}]
    languages = {"from_lang": "English", "to_lang": "German"}
    agent = "doc_translation_agent"
    ticket = plain(zai.agents.invoke(agent_id=agent, messages=file, custom_variables=languages))
    async_id = text_of(ticket, "async_id")

    done = ended(lambda: zai.agents.async_result(agent_id=agent, async_id=async_id), "status")

    choice = objects_of(whole, "choices")[0]
    assert choice.get("messages") or choice.get("message")
    assert text_of(objects_of(chunks[-1], "choices")[0], "finish_reason") == "stop"
    assert done["status"] == "success"


def test_zai_talks_to_assistants(zai: Any) -> None:
    chunks = pieces(
        zai.assistant.conversation(assistant_id=GLM, model="glm-4-assistant", messages=HI, stream=True)
    )
    listed = plain(zai.assistant.query_support(assistant_id_list=[GLM]))
    used = plain(zai.assistant.query_conversation_usage(assistant_id=GLM))

    assert chunks[-1]["status"] == "completed"
    assert objects_of(listed, "data")[0]["name"] == "ChatGLM"
    assert len(array_of(object_of(used, "data"), "conversation_list")) == 1


def test_openai_draws_speaks_and_listens(gpt: Any, recording: Path) -> None:
    drawn = plain(gpt.images.generate(model="cogview-4", prompt="a cat", size="1024x1024"))
    spoken = gpt.audio.speech.create(
        model="glm-tts", input="hello", voice="tongtong", response_format="wav"
    ).content
    with recording.open("rb") as file:
        heard = plain(gpt.audio.transcriptions.create(model="glm-asr-2512", file=file))

    assert text_of(objects_of(drawn, "data")[0], "url").startswith("http://127.0.0.1")
    assert spoken.startswith(b"RIFF")
    assert heard["text"] == "hello"


def test_openai_works_off_batches(gpt: Any, jobs: Path) -> None:
    uploaded = plain(gpt.files.create(file=jobs, purpose="batch"))
    batch = plain(
        gpt.batches.create(
            completion_window="24h",
            endpoint="/v4/chat/completions",
            input_file_id=text_of(uploaded, "id"),
        )
    )
    batch_id = text_of(batch, "id")
    done = ended(lambda: gpt.batches.retrieve(batch_id), "status")
    answers = gpt.files.content(text_of(done, "output_file_id")).content

    assert json.loads(answers)["custom_id"] == "job-0001"
    assert [file.purpose for file in gpt.files.list(purpose="batch")] == ["batch"]
