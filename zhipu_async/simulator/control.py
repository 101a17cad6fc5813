"""The control URL: everything a test in another language needs, as JSON.

POST   /_simulator/script     one script or a list of them, members as in `Simulator.script`, faults as
                              {"fault": {"cut": {"after_events": 3}}} or {"fault": "reset"}
DELETE /_simulator/script     forget what was scripted and not used
GET    /_simulator/requests   what came in; `?after=7` gives what came after number 7
GET    /_simulator/counts     peaks and answers by status and code
POST   /_simulator/caps       {"glm-4.7": 3, "glm-5": [[0, 8], [2.5, 3]], "glm-4.6": null}
POST   /_simulator/realtime   {"answers": [{"text": "hi"}], "faults": [{"kind": "drop"}]}, see `realtime.Orders`
POST   /_simulator/refuse     {"seconds": 2.5}: close the port for so long; connections that are open break
POST   /_simulator/release    let stalled answers go on
POST   /_simulator/forget     begin anew

As long as other machines cannot reach the simulator, programs of this machine need no key here. A web page of elsewhere
that a browser of this machine happens to show is refused: it would need a key that was chosen, not the made-up one,
which everybody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from .auth import Keys
from .operation import encode
from .refusals import Refusal, rendered
from .shapes import Body

if TYPE_CHECKING:
    from .requests import Received
    from .server import Simulator

CONTROL = "/_simulator"
ELSEWHERE = (
    "this comes from a web page of elsewhere, or under a name of elsewhere: "
    "start the simulator with a key of your own, and send that in Authorization"
)
Order = Callable[[object, Mapping[str, str]], object]
LONGEST_CLOSED = 3600.0
"""A port that is to stay closed for more than an hour is a slip of the hand."""


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long the port is to be closed."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_CLOSED)]


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What can only be done when the answer is out."""

    carry_out: Callable[[], None]


class Control:
    """Answers the control URL."""

    def __init__(self, simulator: Simulator, *, key: str | None, key_needed: bool) -> None:
        self._simulator = simulator
        self._keys = Keys(frozenset({key})) if key else None
        self._key_needed = key_needed
        self._table: dict[tuple[str, str], Order] = {
            ("POST", "/script"): self._script,
            ("DELETE", "/script"): self._unscript,
            ("GET", "/requests"): self._requests,
            ("GET", "/counts"): self._counts,
            ("POST", "/caps"): self._caps,
            ("POST", "/realtime"): self._realtime,
            ("POST", "/refuse"): self._refuse,
            ("POST", "/release"): self._release,
            ("POST", "/forget"): self._forget,
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Answer with JSON: 400 and a sentence where the order is not understood."""
        order = self._table.get((request.method, request.path.removeprefix(CONTROL)))
        needs_key = self._key_needed or not is_of_this_machine(request.headers)
        if needs_key and self._keys is None:
            return reply({"error": ELSEWHERE}, 403)
        if order is None:
            return reply(
                {"error": "there is no such order", "orders": [" ".join(name) for name in self._table]}, 404
            )
        try:
            if needs_key and self._keys is not None:
                self._keys.who(request.headers.get("Authorization"), 0)
            content = await request.read()
            done = order(msgspec.json.decode(content) if content else None, request.query)
            return await told(request, done) if isinstance(done, Afterwards) else reply(done)
        except Refusal as refusal:
            status, body = rendered(refusal)
            return reply(body, status)
        except (
            ValueError,
            msgspec.DecodeError,
            RecursionError,
        ) as error:  # a ValidationError is a DecodeError
            return reply({"error": str(error)}, 400)

    def _script(self, content: object, query: Mapping[str, str]) -> object:
        return {"scripted": self._simulator.load_script(content)}

    def _unscript(self, content: object, query: Mapping[str, str]) -> object:
        left = len(self._simulator.platform.scripts)
        self._simulator.platform.scripts.clear()
        return {"forgotten": left}

    def _requests(self, content: object, query: Mapping[str, str]) -> object:
        after = int(query.get("after", "0"))
        return [plain(received) for received in self._simulator.requests if received.number > after]

    def _counts(self, content: object, query: Mapping[str, str]) -> object:
        return self._simulator.counts.plain()

    def _caps(self, content: object, query: Mapping[str, str]) -> object:
        caps = msgspec.convert(content, dict[str, int | list[tuple[float, int]] | None])
        for model, cap in caps.items():
            self._simulator.set_cap(model, cap)
        return {"caps": len(caps)}

    def _realtime(self, content: object, query: Mapping[str, str]) -> object:
        self._simulator.realtime.order(content)
        return {}

    def _refuse(self, content: object, query: Mapping[str, str]) -> object:
        closed = msgspec.convert(content, Closed)
        return Afterwards(lambda: self._simulator.refuse_connections(closed.seconds))

    def _release(self, content: object, query: Mapping[str, str]) -> object:
        self._simulator.release()
        return {}

    def _forget(self, content: object, query: Mapping[str, str]) -> object:
        self._simulator.forget()
        return {}


async def told(request: web.Request, order: Afterwards) -> web.Response:
    """Answer before the order is carried out: it breaks the connection that the answer travels on."""
    answer = reply({})
    answer.force_close()
    await answer.prepare(request)
    await answer.write_eof()
    order.carry_out()
    return answer


def is_of_this_machine(headers: Mapping[str, str]) -> bool:
    """Whether what a browser has to say about itself names only this machine.

    Pages can send to loopback (Origin tells), and with a name of their own that points there even read (Host tells).
    """
    origin, host = headers.get("Origin"), headers.get("Host")
    return (origin is None or is_loopback(origin)) and (host is None or is_loopback(f"//{host}"))


def is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def plain(received: Received) -> Body:
    """A recorded request as JSON, without the key."""
    return {
        "number": received.number,
        "method": received.method,
        "path": received.path,
        "query": dict(received.query),
        "headers": {
            readable(name): readable(value)
            for name, value in received.headers.items()
            if name.lower() != "authorization"
        },
        "body": received.body,
        "files": [
            {"field": file.field, "filename": file.filename, "bytes": len(file.content)}
            for file in received.files
        ],
        "unknown_fields": list(received.unknown_fields),
        "status": received.status,
        "code": received.code,
        "fault": received.fault,
        "finished": received.finished,
        "gone": received.gone,
    }


def readable(header: str) -> str:
    """Bytes that are no UTF-8 stand in headers as lone surrogates, which JSON cannot hold."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def reply(body: object, status: int = 200) -> web.Response:
    return web.Response(body=encode(body), status=status, content_type="application/json")
