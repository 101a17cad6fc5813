"""A program in an environment of its own: makes the calls of `zhipuai` that it reads, and writes what came back.

One JSON object a line: `{"method": "chat.completions.create", "arguments": {...}}` comes in, `{"replies": [...]}` or
`{"error": "APIStatusError", "says": "..."}` goes out. Bytes are `{"$bytes": base64}`.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import sys
from operator import attrgetter
from typing import Any


def written(value: Any) -> object:
    """What JSON has no word for: bytes, and the client's replies."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", warnings=False)
    return value.content.decode(errors="replace")


def read(value: dict[str, Any]) -> Any:
    """What `written` made of bytes, as bytes again."""
    return base64.b64decode(value["$bytes"]) if "$bytes" in value else value


def as_file(value: Any) -> Any:
    """Files are pairs, which JSON has made lists of."""
    match value:
        case [str(name), bytes(content)]:
            return name, content
        case _:
            return value


def asked(method: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Younger arguments go where this client's users put them: into `extra_body`."""
    known = inspect.signature(method).parameters
    younger = {name: value for name, value in arguments.items() if name not in known}
    ours = {name: as_file(value) for name, value in arguments.items() if name in known}
    return {**ours, "extra_body": {**younger, **ours.get("extra_body", {})}} if younger else ours


def reply(client: Any, order: dict[str, Any]) -> dict[str, Any]:
    arguments = order["arguments"]
    try:
        method = attrgetter(order["method"])(client)
        made = method(**asked(method, arguments))
        pages = arguments.get("stream") or order["method"] == "batches.list"
        return {"replies": list(made) if pages else [made]}
    except Exception as error:  # noqa: BLE001  (whatever it is, the test is to hear of it)
        return {"error": type(error).__name__, "says": str(error)}


def methods(thing: Any, path: str = "") -> list[str]:
    """Every public method of every resource."""
    found: list[str] = []
    for name in dir(thing):
        value = None if name.startswith("_") else getattr(thing, name)
        if not type(value).__module__.startswith("zhipuai.api_resource"):
            if path and inspect.ismethod(value):
                found.append(path + name)
        else:
            found += methods(value, f"{path}{name}.")
    return found


def main(base_url: str, api_key: str) -> None:
    library: Any = importlib.import_module("zhipuai")
    client = library.ZhipuAI(api_key=api_key, base_url=base_url, max_retries=0)
    signing = library.ZhipuAI(api_key=api_key, base_url=base_url, max_retries=0, disable_token_cache=False)
    for line in sys.stdin:
        order = json.loads(line, object_hook=read)
        if "method" in order:
            answer = reply(signing if order.get("signed") else client, order)
        else:
            answer = {"methods": methods(client)}
        print(json.dumps(answer, default=written), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
