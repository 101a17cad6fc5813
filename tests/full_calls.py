"""Every documented operation, called so that each of its documented fields is sent at least once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError
from zhipu_async.protocol.chat_params import ChatRequest
from zhipu_async.types.agent_request import AgentContent
from zhipu_async.types.chat_request import AnyTool, ImagePart, TextPart, VideoPart

Call: TypeAlias = Callable[[AsyncZhipuAI], Awaitable[object]]

ID = "1900000000000000007"
USER = "user-123456"
LINK = "https://example.com/a"
PDF = ("a.pdf", b"%PDF-1.4")
PNG = ("a.png", b"\x89PNG\r\n\x1a\n")
WAV = ("a.wav", b"RIFF....WAVE")

TEXT: TextPart = {"type": "text", "text": "hi"}
IMAGE: ImagePart = {"type": "image_url", "image_url": {"url": LINK}}
VIDEO: VideoPart = {"type": "video_url", "video_url": {"url": LINK}}
FUNCTION: AnyTool = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}},
}
TOOLS: list[AnyTool] = [
    FUNCTION,
    {"type": "retrieval", "retrieval": {"knowledge_id": ID, "prompt_template": "{{knowledge}} {{question}}"}},
    {
        "type": "web_search",
        "web_search": {
            "enable": True,
            "search_engine": "search_pro",
            "search_query": "q",
            "search_intent": "true",
            "count": 5,
            "search_domain_filter": "example.com",
            "search_recency_filter": "oneDay",
            "content_size": "high",
            "result_sequence": "after",
            "search_result": True,
            "require_search": True,
            "search_prompt": "p",
        },
    },
    {
        "type": "mcp",
        "mcp": {
            "server_label": "s",
            "server_url": LINK,
            "transport_type": "sse",
            "allowed_tools": ["a"],
            "headers": {"a": "b"},
        },
    },
]
CHATS: list[ChatRequest] = [
    {
        "model": "glm-5.2",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "content": "1", "tool_call_id": "c1"},
        ],
        "thinking": {"type": "enabled", "clear_thinking": False},
        "reasoning_effort": "max",
        "do_sample": True,
        "temperature": 0.5,
        "top_p": 0.5,
        "max_tokens": 100,
        "tools": TOOLS,
        "tool_choice": "auto",
        "stop": ["x"],
        "response_format": {"type": "json_object"},
        "request_id": "request-1",
        "user_id": USER,
    },
    {
        "model": "glm-4.6v",
        "messages": [
            {
                "role": "user",
                "content": [TEXT, IMAGE, VIDEO, {"type": "file_url", "file_url": {"url": LINK}}],
            }
        ],
    },
    {
        "model": "glm-4-voice",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}],
            },
            {"role": "assistant", "content": "yes", "audio": {"id": "a1"}},
        ],
        "watermark_enabled": True,
    },
    {
        "model": "charglm-4",
        "messages": "hi",
        "meta": {"user_info": "u", "bot_info": "b", "bot_name": "n", "user_name": "m"},
    },
]
AGENT_CONTENTS: list[AgentContent] = [
    {"type": "text", "text": "hi"},
    {"type": "file_id", "file_id": ID},
    {"type": "file_url", "file_url": LINK},
    {"type": "image_url", "image_url": LINK},
]
INPUTS: list[dict[str, object]] = [
    dict(TEXT),
    dict(IMAGE),
    dict(VIDEO),
    {"type": "audio_url", "audio_url": {"url": LINK}},
]


async def chats(z: AsyncZhipuAI) -> None:
    for request in CHATS:
        await heard(z.chat.completions.create(**request))
    await heard(z.chat.completions.create(model="m", messages="hi", stream=True, tool_stream=True))


async def chat_tasks(z: AsyncZhipuAI) -> None:
    for request in CHATS:
        await heard(z.chat.completions.submit(**request))


async def tokens(z: AsyncZhipuAI) -> None:
    messages = [*CHATS[1:2], *CHATS[3:]]
    for request in messages:
        await heard(
            z.tokenizer.create(
                model="glm-4.6",
                messages=request["messages"],
                tools=[FUNCTION],
                request_id="request-1",
                user_id=USER,
            )
        )


async def videos(z: AsyncZhipuAI) -> None:
    await heard(
        z.videos.submit(
            model="cogvideox-3",
            prompt="p",
            quality="speed",
            with_audio=True,
            watermark_enabled=True,
            image_url=[LINK, LINK],
            size="1920x1080",
            fps=30,
            duration=5,
            request_id="request-1",
            user_id=USER,
        )
    )
    await heard(
        z.videos.submit(
            model="viduq1-text",
            prompt="p",
            style="anime",
            aspect_ratio="1:1",
            movement_amplitude="small",
        )
    )


async def transcripts(z: AsyncZhipuAI) -> None:
    await heard(
        z.audio.transcriptions.create(
            model="glm-asr-2512",
            file=WAV,
            file_base64="UklG",
            prompt="p",
            hotwords=["a", "b"],
            request_id="request-1",
            user_id=USER,
        )
    )
    await heard(z.audio.transcriptions.stream(file=WAV).finish())


async def speech(z: AsyncZhipuAI) -> None:
    await heard(
        z.audio.speech.create(
            model="glm-tts",
            input="hi",
            voice="jam",
            speed=1.5,
            volume=2,
            response_format="wav",
            watermark_enabled=True,
        )
    )
    await heard(z.audio.speech.stream(input="hi", encode_format="hex").save("never.wav"))


async def reviews(z: AsyncZhipuAI) -> None:
    for part in INPUTS:
        await heard(z.moderations.create(model="moderation", input=part))
    await heard(z.moderations.create(input=INPUTS))


async def agents(z: AsyncZhipuAI) -> None:
    for content in AGENT_CONTENTS:
        await heard(z.agents.invoke(agent_id="a", messages=[{"role": "user", "content": content}]))
    await heard(
        z.agents.invoke(
            agent_id="general_translation",
            messages=[{"role": "user", "content": AGENT_CONTENTS}],
            custom_variables={
                "source_lang": "auto",
                "target_lang": "en",
                "glossary": "g",
                "strategy": "cot",
                "strategy_config": {"general": {"suggestion": "s"}, "cot": {"reason_lang": "to"}},
            },
        )
    )
    await heard(z.agents.stream(agent_id="slides_glm_agent", messages="hi").finish())


async def assistants(z: AsyncZhipuAI) -> None:
    await heard(
        z.assistants.stream(
            assistant_id=ID,
            model="glm-4-assistant",
            messages=[{"role": "user", "content": [TEXT, IMAGE]}],
            conversation_id=ID,
            do_sample=True,
            attachments=[{"file_id": ID}],
            metadata={"a": 1},
            extra_parameters={"translate": {"from": "zh", "to": "en"}},
            request_id="request-1",
            user_id=USER,
        ).finish()
    )


async def applications(z: AsyncZhipuAI) -> None:
    await heard(
        z.applications.invoke(
            app_id=ID,
            messages=[{"role": "user", "content": [{"type": "input", "value": "v", "key": "k"}]}],
            conversation_id=ID,
            third_request_id="t",
            role="user",
            send_log_event=True,
        )
    )


async def heard(call: Awaitable[object]) -> None:
    """Send it; whoever records it refuses it."""
    with pytest.raises(BadRequestError):
        await call


FULL: dict[str, Call] = {
    "POST /paas/v4/chat/completions": chats,
    "POST /paas/v4/async/chat/completions": chat_tasks,
    "POST /paas/v4/videos/generations": videos,
    "POST /paas/v4/async/images/generations": lambda z: z.images.submit(
        model="glm-image",
        prompt="p",
        quality="hd",
        size="1280x1280",
        watermark_enabled=True,
        user_id=USER,
    ),
    "GET /paas/v4/async-result/{id}": lambda z: z.tasks.attach(f"videos:{ID}").status(),
    "POST /paas/v4/images/generations": lambda z: z.images.generate(
        model="cogview-4",
        prompt="p",
        quality="hd",
        size="1024x1024",
        watermark_enabled=True,
        user_id=USER,
    ),
    "POST /paas/v4/audio/transcriptions": transcripts,
    "POST /paas/v4/audio/speech": speech,
    "POST /paas/v4/voice/clone": lambda z: z.voices.clone(
        model="glm-tts-clone", voice_name="me", text="t", input="i", file_id=ID, request_id="request-1"
    ),
    "GET /paas/v4/voice/list": lambda z: z.voices.list(voice_name="声", voice_type="PRIVATE"),
    "POST /paas/v4/voice/delete": lambda z: z.voices.delete(ID, request_id="request-1"),
    "POST /paas/v4/embeddings": lambda z: z.embeddings.create(
        model="embedding-3", input=["hi"], dimensions=256
    ),
    "POST /paas/v4/rerank": lambda z: z.rerank.create(
        model="rerank",
        query="q",
        documents=["a"],
        top_n=1,
        return_documents=True,
        return_raw_scores=True,
        request_id="request-1",
        user_id=USER,
    ),
    "POST /paas/v4/tokenizer": tokens,
    "POST /paas/v4/layout_parsing": lambda z: z.layout.parse(
        model="glm-ocr",
        file=LINK,
        return_crop_images=True,
        need_layout_visualization=True,
        start_page_id=1,
        end_page_id=2,
        request_id="request-1",
        user_id=USER,
    ),
    "POST /paas/v4/web_search": lambda z: z.web_search.search(
        search_query="q",
        search_engine="search_pro",
        search_intent=True,
        count=5,
        search_domain_filter="example.com",
        search_recency_filter="oneDay",
        content_size="high",
        request_id="request-1",
        user_id=USER,
    ),
    "POST /paas/v4/reader": lambda z: z.web_reader.read(
        url=LINK,
        fetch_timeout=20,
        no_cache=True,
        return_format="text",
        retain_images=True,
        no_gfm=True,
        keep_img_data_url=True,
        with_images_summary=True,
        with_links_summary=True,
    ),
    "POST /paas/v4/moderations": reviews,
    "POST /v1/agents": agents,
    "POST /v1/agents/async-result": lambda z: z.agents.async_result(agent_id="a", async_id=ID),
    "POST /v1/agents/conversation": lambda z: z.agents.conversation(
        agent_id="slides_glm_agent",
        conversation_id=ID,
        custom_variables={"include_pdf": True, "pages": [{"position": 1, "width": 33.8, "height": 19}]},
    ),
    "POST /paas/v4/files": lambda z: z.files.upload(file=PDF, purpose="agent"),
    "GET /paas/v4/files": lambda z: z.files.list(purpose="agent", after=ID, limit=5, order="created_at"),
    "DELETE /paas/v4/files/{file_id}": lambda z: z.files.delete(ID),
    "GET /paas/v4/files/{file_id}/content": lambda z: z.files.content(ID),
    "POST /paas/v4/files/parser/create": lambda z: z.file_parser.submit(
        file=PDF, tool_type="lite", file_type="PDF"
    ),
    "GET /paas/v4/files/parser/result/{taskId}/{format_type}": lambda z: z.tasks.attach(
        f"file_parser:{ID}?format=text"
    ).status(),
    "POST /paas/v4/files/parser/sync": lambda z: z.file_parser.parse(
        file=PDF, tool_type="prime-sync", file_type="PDF"
    ),
    "POST /paas/v4/files/ocr": lambda z: z.ocr.recognize(
        file=PNG, tool_type="hand_write", language_type="CHN_ENG", probability=True
    ),
    "POST /paas/v4/batches": lambda z: z.batches.create(
        input_file_id=ID,
        endpoint="/v4/chat/completions",
        auto_delete_input_file=False,
        metadata={"a": "b"},
    ),
    "GET /paas/v4/batches": lambda z: z.batches.list(after=ID, limit=3),
    "GET /paas/v4/batches/{batch_id}": lambda z: z.batches.retrieve(ID),
    "POST /paas/v4/batches/{batch_id}/cancel": lambda z: z.batches.cancel(ID),
    "POST /llm-application/open/knowledge": lambda z: z.knowledge.create(
        name="n",
        embedding_id=11,
        embedding_model="Embedding-3",
        contextual=1,
        description="d",
        background="blue",
        icon="book",
    ),
    "GET /llm-application/open/knowledge": lambda z: z.knowledge.list(page=1, size=5),
    "PUT /llm-application/open/knowledge/{id}": lambda z: z.knowledge.update(
        ID,
        name="n",
        embedding_id=11,
        embedding_model="Embedding-3",
        contextual=1,
        description="d",
        background="blue",
        icon="book",
        callback_url=LINK,
        callback_header={"a": "b"},
    ),
    "GET /llm-application/open/knowledge/{id}": lambda z: z.knowledge.retrieve(ID),
    "DELETE /llm-application/open/knowledge/{id}": lambda z: z.knowledge.delete(ID),
    "GET /llm-application/open/knowledge/capacity": lambda z: z.knowledge.capacity(),
    "POST /llm-application/open/knowledge/retrieve": lambda z: z.knowledge.search(
        query="q",
        knowledge_ids=[ID],
        document_ids=[ID],
        top_k=3,
        top_n=5,
        recall_method="mixed",
        recall_ratio=50,
        rerank_status=1,
        rerank_model="rerank",
        fractional_threshold=0.5,
        request_id="request-1",
    ),
    "POST /zrag/retrieval/retrieve": lambda z: z.knowledge.search_multimodal(
        knows=[{"id": ID, "doc_ids": [ID]}],
        query="q",
        multimodal=True,
        multimodal_parts=[{"type": "image_url", "url": LINK}],
        top_k=3,
        top_n=5,
        recall_method="mixed",
        recall_ratio=0.5,
        enable_rerank=True,
        enable_rewrite=True,
        enable_expansion=True,
        similarity_threshold=0.1,
        messages=[{"role": "user", "content": "hi"}],
        search_filters={
            "index_types": [{"know_id": ID, "index_type_id": 1}],
            "tags": [
                {
                    "tag_id": ID,
                    "value_type": "fixed",
                    "filter_type": 1,
                    "filter_value": "v",
                    "multiple_value": ["a"],
                }
            ],
            "qa_intervention": {"qa_similarity_threshold": 0.6, "qa_intervention_ids": [ID]},
        },
    ),
    "POST /zrag/agent/chat": lambda z: z.knowledge_agent.ask(
        messages=[{"role": "user", "content": [TEXT, IMAGE]}],
        retrieval={
            "know_ids": [ID],
            "top_k": 8,
            "top_n": 10,
            "enable_rerank": False,
            "similarity_threshold": 0.2,
        },
        model="glm-5v-turbo",
        temperature=0.7,
        max_steps=10,
        enable_thinking=True,
        session_id=ID,
    ),
    "GET /llm-application/open/document": lambda z: z.knowledge.documents.list(ID, page=1, size=5, word="a"),
    "POST /llm-application/open/document/upload_document/{id}": lambda z: z.knowledge.documents.upload(
        ID,
        files=[PDF, ("b.txt", b"x")],
        knowledge_type=5,
        custom_separator=["\n", "。"],
        sentence_size=300,
        parse_image=True,
        callback_url=LINK,
        callback_header={"a": "b"},
        word_num_limit="1000",
        req_id="r-1",
    ),
    "POST /llm-application/open/document/upload_url": lambda z: z.knowledge.documents.upload_urls(
        ID,
        upload_detail=[
            {
                "url": LINK,
                "knowledge_type": 5,
                "custom_separator": ["a"],
                "sentence_size": 300,
                "callback_url": LINK,
                "callback_header": {"a": "b"},
            }
        ],
    ),
    "POST /llm-application/open/document/slice/image_list/{id}": lambda z: z.knowledge.documents.images(ID),
    "GET /llm-application/open/document/{id}": lambda z: z.knowledge.documents.retrieve(ID),
    "DELETE /llm-application/open/document/{id}": lambda z: z.knowledge.documents.delete(ID),
    "POST /llm-application/open/document/embedding/{id}": lambda z: z.knowledge.documents.embed(
        ID, callback_url=LINK, callback_header={"a": "b"}
    ),
    "POST /paas/v4/assistant": assistants,
    "POST /paas/v4/assistant/list": lambda z: z.assistants.list(assistant_id_list=[ID]),
    "POST /paas/v4/assistant/conversation/list": lambda z: z.assistants.conversations(
        assistant_id=ID, page=1, page_size=5
    ),
    "GET /llm-application/open/v2/application/{app_id}/variables": lambda z: z.applications.variables(ID),
    "POST /llm-application/open/v2/application/file_upload": lambda z: z.applications.upload(
        app_id=ID, files=PDF, upload_unit_id="u", conversation_id=ID, file_type=3
    ),
    "POST /llm-application/open/v2/application/file_stat": lambda z: z.applications.file_states(
        app_id=ID, file_ids=[ID]
    ),
    "POST /llm-application/open/v2/application/{app_id}/conversation": (
        lambda z: z.applications.create_conversation(ID)
    ),
    "POST /llm-application/open/v3/application/invoke": applications,
    "POST /llm-application/open/v2/application/slice_info": lambda z: z.applications.slices(
        request_id=ID, node_id=ID
    ),
    "GET /llm-application/open/history_session_record/{app_id}/{conversation_id}": (
        lambda z: z.applications.suggestions(app_id=ID, conversation_id=ID)
    ),
}
