"""What other clients of the platform call things, for those who type it from habit. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping

RENAMED: Mapping[str, Mapping[str, str]] = {
    "AsyncZhipuAI": {
        "aclose": "close",
        "assistant": "assistants",
        "batch": "batches",
        "beta": "chat.completions",
        "completion": "chat.completions",
        "completions": "chat.completions",
        "copy": "with_options",
        "embedding": "embeddings",
        "file": "files",
        "fine_tuning": "request('POST', '/fine_tuning/jobs', body=...)",
        "layout_parsing": "layout",
        "model_api": "chat.completions",
        "moderation": "moderations",
        "responses": "chat.completions",
        "tools": "web_search.pro",
        "vector_stores": "knowledge",
        "video": "videos",
        "voice": "voices",
    },
    "Assistants": {
        "conversation": "assistants.stream",
        "query_conversation_usage": "assistants.conversations",
        "query_support": "assistants.list",
    },
    "Audio": {"transcribe": "audio.transcriptions.create", "transcription": "audio.transcriptions.create"},
    "Chat": {
        "completion": "chat.completions",
        "create": "chat.completions.create",
        "stream": "chat.completions.stream",
    },
    "Completions": {"acreate": "chat.completions.create", "retrieve": "tasks.attach('chat:<id>')"},
    "FileParser": {
        "content": "tasks.attach('file_parser:<task_id>')",
        "create": "file_parser.submit",
        "create_sync": "file_parser.parse",
    },
    "Files": {"create": "files.upload", "retrieve_content": "files.content"},
    "Images": {
        "async_generations": "images.submit",
        "create": "images.generate",
        "generations": "images.generate",
        "retrieve_images_result": "tasks.attach('images:<id>')",
    },
    "Knowledge": {
        "document": "knowledge.documents",
        "modify": "knowledge.update",
        "query": "knowledge.list",
        "used": "knowledge.capacity",
    },
    "Documents": {"create": "knowledge.documents.upload"},
    "Layout": {"create": "layout.parse"},
    "Ocr": {"handwriting_ocr": "ocr.recognize"},
    "Videos": {
        "create": "videos.submit",
        "generations": "videos.submit",
        "retrieve": "tasks.attach('videos:<id>')",
        "retrieve_videos_result": "tasks.attach('videos:<id>')",
    },
    "WebReader": {"web_reader": "web_reader.read"},
    "WebSearch": {"web_search": "web_search.search"},
}


def nothing_called(name: str, owner: object) -> AttributeError:
    """Return the error for a name that is not there; it says what the thing is called here, where that is known."""
    kind = type(owner).__name__
    here = RENAMED.get(kind, {}).get(name)
    hint = f"; here that is `zhipu.{here}`" if here else ""
    return AttributeError(f"{kind!r} object has no attribute {name!r}{hint}", name=name, obj=owner)
