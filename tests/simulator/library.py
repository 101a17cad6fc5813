"""Knowledge bases with documents in them, for the tests of what is done with both."""

from __future__ import annotations

from zhipu_async.simulator.shapes import Body, object_of, text_of

from .asking import FileParts, Text, at_root, first, form
from .conftest import Caller, Reply

OPEN = "/llm-application/open"
RULES = "Holidays: ten days a year.\nLunch: at noon in the canteen.\nParking: behind the house.\n"


async def ask(caller: Caller, method: str, path: str, body: object = None) -> Reply:
    reply = await caller.send(method, at_root(caller, OPEN + path), body=body)
    assert reply.status == 200
    return reply


async def data(caller: Caller, method: str, path: str, body: object = None) -> Body:
    """The content of a successful answer."""
    reply = (await ask(caller, method, path, body)).json
    assert (reply["code"], reply["message"]) == (200, "ok"), reply
    assert len(str(reply["timestamp"])) == 13
    return object_of(reply, "data")


async def code(caller: Caller, method: str, path: str, body: object = None) -> object:
    """The code of a refusal."""
    reply = (await ask(caller, method, path, body)).json
    assert set(reply) == {"code", "message"}
    return reply["code"]


async def base(caller: Caller, **settings: object) -> str:
    made = await data(caller, "POST", "/knowledge", {"embedding_id": 11, "name": "Handbook", **settings})
    return text_of(made, "id")


async def upload(caller: Caller, base_id: str, files: FileParts | None = None, /, **texts: Text) -> Body:
    url = at_root(caller, f"{OPEN}/document/upload_document/{base_id}")
    parts = {"files": ("rules.txt", RULES.encode())} if files is None else files
    reply = (await caller.send("POST", url, data=form(parts, **texts))).json
    return object_of(reply, "data") or reply


async def document(
    caller: Caller, base_id: str, name: str = "rules.txt", text: str = RULES, **texts: Text
) -> str:
    """Upload a document and wait until it is vectorised."""
    taken = await upload(caller, base_id, {"files": (name, text.encode())}, **texts)
    document_id = text_of(first(taken, "successInfos"), "documentId")
    await looks(caller, document_id)
    return document_id


async def looks(caller: Caller, document_id: str) -> list[Body]:
    return [await data(caller, "GET", f"/document/{document_id}") for _ in range(2)]
