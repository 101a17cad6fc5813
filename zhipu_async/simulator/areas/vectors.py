"""Embeddings, rerank and the tokenizer. No I/O here."""

from __future__ import annotations

from ..fields import anything, array, flag, integer, text
from ..likeness import likeness, raw_score, vector
from ..models import CHAT, EMBEDDING, RERANK
from ..operation import Answer, Ask, Operation, Whole
from ..refusals import Refusal, illegal
from ..shapes import Body, array_of, flag_of, integer_of, is_array, objects_of, text_of
from ..turns import TOKENS_PER_PART, tokens_of_prompt
from ..writing import count

DIMENSIONS = 2048
DIMENSIONS_OF_EMBEDDING_2 = 1024
TOKENS_PER_TEXT = {"embedding-3": 3072, "embedding-2": 512}
TOKENS_PER_TEXT_OTHERWISE = 3072
LARGEST_DIMENSIONS = 4096
"""No range is documented above 2048; this keeps a typo from filling the memory."""
CHARACTERS_PER_DOCUMENT = 4096


def embed(ask: Ask) -> Answer:
    texts = texts_to_embed(ask.body.get("input"))
    limit = TOKENS_PER_TEXT.get(ask.model.lower(), TOKENS_PER_TEXT_OTHERWISE)
    tokens = [count(one) for one in texts]
    if max(tokens) > limit:
        raise Refusal("1261", f"A text of input is longer than {limit} tokens")
    size = dimensions_of(ask)
    items: list[object] = [
        {"index": index, "object": "embedding", "embedding": vector(one, size, ask.platform.seed)}
        for index, one in enumerate(texts)
    ]
    total = sum(tokens)
    usage = {"prompt_tokens": total, "completion_tokens": 0, "total_tokens": total}
    return Whole({"model": ask.model, "object": "list", "data": items, "usage": usage}, seconds=0.2)


def texts_to_embed(given: object) -> list[str]:
    texts = given if is_array(given) else [given]
    clean = [one for one in texts if isinstance(one, str) and one]
    if not clean or len(clean) != len(texts):
        raise illegal("input", "a text or a list of texts, none of them empty, expected")
    if len(clean) > 64:
        raise illegal("input", "at most 64 items expected")
    return clean


def dimensions_of(ask: Ask) -> int:
    if ask.model.lower() == "embedding-2":
        return DIMENSIONS_OF_EMBEDDING_2
    return integer_of(ask.body, "dimensions", DIMENSIONS)


def rerank(ask: Ask) -> Answer:
    query, documents = text_of(ask.body, "query"), array_of(ask.body, "documents")
    seed = ask.platform.seed
    score = raw_score if flag_of(ask.body, "return_raw_scores") else likeness
    results: list[tuple[float, int, str]] = []
    for index, document in enumerate(documents):
        if not isinstance(document, str) or len(document) > CHARACTERS_PER_DOCUMENT:
            raise illegal("documents", f"texts of at most {CHARACTERS_PER_DOCUMENT} characters expected")
        results.append((score(query, document, seed), index, document))
    results.sort(key=lambda result: (-result[0], result[1]))
    best = results[: integer_of(ask.body, "top_n") or None]
    with_text = flag_of(ask.body, "return_documents")
    listed = [rerank_result(*result, with_text=with_text) for result in best]
    tokens = count(query) + sum(count(document) for _, _, document in results)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Whole({**head(ask), "results": listed, "usage": usage}, seconds=0.3)


def head(ask: Ask) -> Body:
    return {"id": ask.platform.new_id(), "created": ask.platform.now(), "request_id": ask.request_id}


def rerank_result(score: float, index: int, document: str, *, with_text: bool) -> Body:
    result: Body = {"index": index, "relevance_score": score}
    return {**result, "document": document} if with_text else result


def tokenize(ask: Ask) -> Answer:
    parts = [part for message in objects_of(ask.body, "messages") for part in objects_of(message, "content")]
    kinds = [text_of(part, "type") for part in parts]
    images = kinds.count("image_url") * TOKENS_PER_PART["image_url"]
    videos = kinds.count("video_url") * TOKENS_PER_PART["video_url"]
    total = tokens_of_prompt(ask.body)
    usage = {"prompt_tokens": total - images - videos, "image_tokens": images, "video_tokens": videos}
    return Whole({**head(ask), "usage": {**usage, "total_tokens": total}}, seconds=0.1)


EMBED = {
    "model": text().needed,
    "input": anything().needed,
    "dimensions": integer(1, LARGEST_DIMENSIONS),
    "encoding_format": text(),
}
RERANK_FIELDS = {
    "model": text().needed,
    "query": text(1, 4096).needed,
    "documents": array(1, 128).needed,
    "top_n": integer(0),
    "return_documents": flag(),
    "return_raw_scores": flag(),
}
TOKENIZE = {"model": text().needed, "messages": array(1).needed, "tools": array(0, 128)}

OPERATIONS = (
    Operation("POST", "/paas/v4/embeddings", embed, EMBED, models=EMBEDDING),
    Operation("POST", "/paas/v4/rerank", rerank, RERANK_FIELDS, models=RERANK),
    Operation("POST", "/paas/v4/tokenizer", tokenize, TOKENIZE, models=CHAT),
)
