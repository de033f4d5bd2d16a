"""Answers what the end of the program cuts off.

A server that is told to stop cancels the requests that outlast its grace; each would end in a 500,
although nothing is wrong with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.responses import Response

from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.fhir.outcome import operation_outcome
from shared.fhir.writer import write
from shared.observability.request_id import request_id
from shared.server.content import FHIR_JSON

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READS: Final = frozenset({"GET", "HEAD"})
_OF_A_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
_RETRY_AFTER: Final = {"Retry-After": "1", "Connection": "close"}


class AnsweredWhenCutOff:
    """An app each of whose requests is answered, though the program ends meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer; tell a client that waits in vain whether to ask again."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # An app may do what is asked without reading that nothing more comes.
        has_body = any(name in _OF_A_BODY for name, _ in scope["headers"])
        exchange = _Exchange(receive, send, is_asked=not has_body)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            # What was begun stays unfinished, and the server closes the connection.
            if not exchange.is_answered:
                refusal = _refusal(scope, may_have_acted=exchange.is_asked)
                await refusal(scope, receive, send)


@dataclass(slots=True)
class _Exchange:
    """How far a request and its answer have come."""

    _receive: Receive
    _send: Send
    is_asked: bool
    is_answered: bool = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.is_asked = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        self.is_answered = True
        await self._send(message)


def _refusal(scope: Scope, *, may_have_acted: bool) -> Response:
    error = Unavailable("The server is stopping; try again.", headers=_RETRY_AFTER)
    if may_have_acted and scope["method"] not in _READS:
        error = OutcomeUnknown("The server is stopping, and may have acted.")
    trace = request_id(Headers(scope=scope).get("x-request-id"))
    headers = error.headers | {"X-Request-Id": trace, "Cache-Control": "no-store"}
    outcome = write(operation_outcome(error.issues))
    return Response(outcome, error.status, headers, media_type=f"{FHIR_JSON}; charset=utf-8")
