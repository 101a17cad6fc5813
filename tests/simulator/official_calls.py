"""More than a hundred calls of the official clients, as data: the method's name and its arguments.

They are written the way the clients' own documents and people's programs write them, odd forms included.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from zhipu_async.simulator.shapes import Body
from zhipu_async.simulator.sounds import speech, wav

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
DATA_URI = f"data:image/png;base64,{PICTURE}"
LINK = "https://example.org/a.png"
RECORDING = ("a.wav", wav(speech("hello", "tongtong")))
PAPER = ("a.pdf", b"%PDF-1.4 hello")
PHOTO = ("a.png", base64.b64decode(PICTURE))
JOBS = (
    "jobs.jsonl",
    b'{"custom_id": "job-0001", "method": "POST", "url": "/v4/chat/completions", "body":'
    b' {"model": "glm-4-plus", "messages": [{"role": "user", "content": "hi"}]}}',
)
Case = tuple[str, Body]
UNDOCUMENTED = {
    "stream_options",
    "sensitive_word_check",
    "sensitive_word_check[type]",
    "sensitive_word_check[status]",
}
"""Members that the clients send although the platform does not know them."""
NO_CHECK: Body = {"sensitive_word_check": {"type": "ALL", "status": "DISABLE"}}


def cases(table: Mapping[str, list[Body]]) -> list[Case]:
    """Every call of a table: the method's name and the arguments."""
    return [(method, arguments) for method, calls in table.items() for arguments in calls]


def name(value: object) -> str | None:
    """What a case is called in the test's id."""
    return value if isinstance(value, str) else ""


def user(content: object) -> Body:
    return {"messages": [{"role": "user", "content": content}]}


def picture(url: str) -> Body:
    return user([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What is this?"}])


HI = user("Say hi")
HI_IN_PARTS = user([{"type": "text", "text": "hi"}])
ADD: Body = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers",
        "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
    },
}
CALL: Body = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'},
}
ADDED: Body = {
    "messages": [
        {"role": "user", "content": "1 plus 2"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
    ]
}
META: Body = {"user_info": "a director", "bot_info": "a singer", "bot_name": "Xiaoya", "user_name": "Li"}
GEEX: Body = {
    "target": {"path": "a.py", "language": "python", "code_prefix": "def f():", "code_suffix": ""},
    "contexts": [],
}

CHAT: dict[str, Body] = {
    "plain": HI,
    "older": {**HI, "model": "glm-4"},
    "newest": {**HI, "model": "glm-5.2"},
    "capitals": {**HI, "model": "GLM-4-Plus"},
    "system": {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hi"}]
    },
    "sampling": {**HI, "temperature": 0.5, "top_p": 0.9, "do_sample": True, "max_tokens": 50, "seed": 3},
    "nulls": {**HI, "request_id": None, "user_id": None, "tools": None, "stop": None},
    "greedy": {**HI, "do_sample": False, "user_id": "user-000001", "stop": ["x"]},
    "thinking": {**HI, "thinking": {"type": "enabled", "clear_thinking": False}},
    "not thinking": {**HI, "thinking": {"type": "disabled"}},
    "effort": {**HI, "model": "glm-5", "reasoning_effort": "high"},
    "json": {**user('Answer as {"answer": "..."}'), "response_format": {"type": "json_object"}},
    "tools": {**user("1 plus 2"), "tools": [ADD], "tool_choice": "auto"},
    "tool pieces": {**user("1 plus 2"), "tools": [ADD], "tool_stream": True, "model": "glm-4.6"},
    "tool result": {**ADDED, "tools": [ADD]},
    "search": {
        **HI,
        "tools": [{"type": "web_search", "web_search": {"search_query": "AI", "search_result": True}}],
    },
    "search with results": {
        **HI,
        "tools": [
            {
                "type": "web_search",
                "web_search": {
                    "enable": True,
                    "search_engine": "search_pro",
                    "count": 3,
                    "search_result": True,
                },
            }
        ],
    },
    "retrieval": {**HI, "tools": [{"type": "retrieval", "retrieval": {"knowledge_id": "1"}}]},
    "unchecked": {**HI, **NO_CHECK, "watermark_enabled": True, "extra_body": {"temperature": 0.5}},
    "picture": {**picture(DATA_URI), "model": "glm-4.5v"},
    "bare picture": {**picture(PICTURE), "model": "glm-4v"},
    "linked picture": {**picture(LINK), "model": "glm-4.6v", "thinking": {"type": "enabled"}},
    "roles": {**HI, "model": "charglm-3", "meta": META},
    "code": {**HI, "model": "codegeex-4", "extra": GEEX},
    "voice": {
        **user(
            [
                {"type": "text", "text": "hi"},
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            ]
        ),
        "model": "glm-4-voice",
    },
}
"""Each is asked for whole and as a stream."""

CALLS: dict[str, list[Body]] = {
    "embeddings.create": [
        {"model": "embedding-3", "input": "hi"},
        {"model": "embedding-3", "input": ["a", "b"], "dimensions": 256, "encoding_format": "float"},
        {"model": "embedding-2", "input": "hi", "request_id": "embed-0001", **NO_CHECK},
    ],
    "images.generations": [
        {"model": "cogview-4", "prompt": "a cat"},
        {"model": "cogview-4-250304", "prompt": "a cat", "size": "1024x1024", "quality": "hd"},
        {"model": "cogview-3-flash", "prompt": "a cat", "n": 1, "user_id": "user-0001", **NO_CHECK},
        {"model": "glm-image", "prompt": "a cat", "size": "1280x1280", "watermark_enabled": False},
    ],
    "audio.speech": [
        {"model": "glm-tts", "input": "hello", "voice": "tongtong", **more}
        for more in (
            {},
            {"response_format": "wav", "speed": 1.5, "volume": 2.0},
            {"response_format": "pcm", "stream": True},
            {"response_format": "pcm", "stream": True, "encode_format": "hex"},
            {"request_id": "speech-0001", "user_id": "user-0001", "watermark_enabled": False, **NO_CHECK},
        )
    ],
    "audio.customization": [
        {"model": "glm-tts", "input": "hi", "voice_text": "hello", "voice_data": RECORDING, "response_format": "wav"}
    ],
    "audio.transcriptions.create": [
        {"model": "glm-asr-2512", "file": RECORDING, **more}
        for more in (
            {},
            {"stream": True},
            {"prompt": "earlier", "hotwords": ["tongtong"]},
            {"stream": False, "request_id": "listen-0001", "user_id": "user-0001"},
        )
    ],
    "files.create": [
        {"file": JOBS, "purpose": "batch"},
        {"file": PAPER, "purpose": "agent"},
        {"file": PAPER, "purpose": "code-interpreter"},
        {"file": PAPER, "purpose": "retrieval", "knowledge_id": "1", "sentence_size": 300},
        {"file": RECORDING, "purpose": "voice-clone-input"},
    ],
    "files.list": [{"purpose": "batch", "limit": 5}, {"purpose": "agent", "order": "created_at"}],
    "batches.list": [{}, {"limit": 1}],
    "voice.list": [{}, {"voice_type": "OFFICIAL", "voice_name": "tong"}, {"request_id": "voices-0001"}],
    "file_parser.create": [
        {"file": PAPER, "file_type": kind, "tool_type": tool}
        for kind, tool in (("pdf", "lite"), ("PDF", "expert"), ("pdf", "prime"))
    ],
    "file_parser.create_sync": [{"file": PAPER, "file_type": "pdf", "tool_type": "prime-sync"}],
    "ocr.handwriting_ocr": [
        {"file": PHOTO, "tool_type": "hand_write"},
        {"file": PHOTO, "tool_type": "hand_write", "language_type": "CHN_ENG", "probability": True},
    ],
    "layout_parsing.create": [
        {"model": "glm-ocr", "file": "https://example.org/a.pdf", "start_page_id": 1, "end_page_id": 2},
        {"model": "glm-ocr", "file": DATA_URI, "return_crop_images": True, "need_layout_visualization": True},
    ],
    "web_search.web_search": [
        {"search_engine": "search_pro", "search_query": "cats"},
        {"search_engine": "search_std", "search_query": "cats", "count": 15, "content_size": "high"},
        {
            "search_engine": "search_pro_sogou", "search_query": "cats", "search_intent": True,
            "search_domain_filter": "example.com", "search_recency_filter": "oneWeek",
        },
        {"search_engine": "search_pro_quark", "search_query": "cats", "include_image": True, **NO_CHECK},
    ],
    "tools.web_search": [
        {"model": "web-search-pro", **HI},
        {"model": "web-search-pro", **HI, "stream": True, "recent_days": 3, "request_id": "search-0001"},
    ],
    "web_reader.web_reader": [
        {"url": "https://example.com"},
        {"url": "https://example.com", "return_format": "text", "no_cache": True, "timeout": "20"},
    ],
    "moderations.create": [
        {"model": "moderation", "input": one}
        for one in ("hi", {"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": LINK}}, ["a", "b"])
    ],
    "agents.invoke": [
        {"agent_id": "general_translation", **HI, "custom_variables": {"source_lang": "auto", "target_lang": "zh-CN"}},
        {"agent_id": "general_translation", **HI_IN_PARTS, "stream": True},
        {"agent_id": "slides_glm_agent", **HI_IN_PARTS, "stream": True},
        {"agent_id": "intelligent_education_solve_agent", **HI_IN_PARTS, "stream": True},
    ],
    "assistant.conversation": [
        {"assistant_id": "65940acff94777010aa6b796", "model": "glm-4-assistant", **HI_IN_PARTS, "stream": True},
        {
            "assistant_id": "65940acff94777010aa6b796", "model": "glm-4-assistant", **HI_IN_PARTS, "stream": True,
            "attachments": None, "metadata": None, "request_id": "request_1790291013237211136", "user_id": "12345678",
        },
    ],
    "assistant.query_support": [{"assistant_id_list": []}],
    "assistant.query_conversation_usage": [{"assistant_id": "65940acff94777010aa6b796", "page": 2, "page_size": 1}],
}  # fmt: skip

VIDU: Body = {"prompt": "waves", "movement_amplitude": "auto"}
SUBMISSIONS: dict[str, list[Body]] = {
    "chat.asyncCompletions.create": [
        {"model": "glm-4.5", **HI},
        {"model": "glm-4-air", **HI, "temperature": 0.3, "max_tokens": 10, "response_format": {"type": "text"}},
        {"model": "glm-4.5-flash", **user("1 plus 2"), "tools": [ADD], "tool_choice": "auto"},
    ],
    "images.async_generations": [
        {"model": "glm-image", "prompt": "a cat"},
        {"model": "glm-image", "prompt": "a cat", "quality": "hd", "size": "1280x1280", "user_id": "user-0001"},
    ],
    "videos.generations": [
        {"model": "cogvideox-3", "prompt": "waves", "with_audio": True, "size": "1920x1080", "fps": 30, "duration": 5},
        {"model": "cogvideox-3", "prompt": "waves", "image_url": [LINK, LINK]},
        {"model": "cogvideox-2", "prompt": "waves", "quality": "quality", "image_url": DATA_URI},
        {"model": "viduq1-text", **VIDU, "style": "general", "duration": 5, "aspect_ratio": "16:9"},
        {"model": "vidu2-image", **VIDU, "image_url": LINK, "duration": 4, "size": "1280x720", "off_peak": True},
        {"model": "vidu2-start-end", **VIDU, "image_url": [LINK, LINK], "duration": 4, "size": "1280x720"},
        {"model": "vidu2-reference", **VIDU, "image_url": [LINK], "duration": 4, "aspect_ratio": "16:9"},
    ],
}  # fmt: skip
"""Each is polled with the method beside it until it has ended."""
POLLS = {
    "chat.asyncCompletions.create": "chat.asyncCompletions.retrieve_completion_result",
    "images.async_generations": "images.retrieve_images_result",
    "videos.generations": "videos.retrieve_videos_result",
}

OPENAI: dict[str, list[Body]] = {
    "chat.completions.create": [
        {"model": "glm-4.7", **HI},
        {"model": "glm-4.7", **HI, "stream": True, "stream_options": {"include_usage": True}},
        {"model": "glm-4.7", **HI, "extra_body": {"thinking": {"type": "disabled"}}, "temperature": 0.2},
        {"model": "glm-4.7", **user("1 plus 2"), "tools": [ADD], "tool_choice": "auto", "stream": True},
        {"model": "glm-4.7", **ADDED, "tools": [ADD]},
        {"model": "glm-4.5v", **picture(DATA_URI), "max_tokens": 100},
        {"model": "glm-4.7", **user("Give JSON"), "response_format": {"type": "json_object"}},
    ],
    "embeddings.create": [
        {"model": "embedding-3", "input": "hi"},
        {"model": "embedding-3", "input": ["a", "b"], "dimensions": 512, "encoding_format": "float"},
    ],
    "images.generate": [{"model": "cogview-4", "prompt": "a cat", "size": "1024x1024"}],
    "audio.speech.create": [
        {"model": "glm-tts", "input": "hi", "voice": "tongtong", "response_format": "wav"}
    ],
    "audio.transcriptions.create": [{"model": "glm-asr-2512", "file": RECORDING}],
    "files.create": [{"file": JOBS, "purpose": "batch"}],
    "files.list": [{"purpose": "batch"}],
    "batches.list": [{"limit": 2}],
    "models.list": [{}],
    "moderations.create": [{"model": "moderation", "input": "hi"}],
}
