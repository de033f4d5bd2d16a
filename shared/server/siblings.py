"""What is asked of another service and answered before the asking one goes on.

An operation sends one transaction Bundle, which carries ids or conditions derived from its cause,
so that asking again changes nothing. A batch sends on an operation that another service has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import httpx

from shared.client.client import ACTOR_HEADER, FhirClient
from shared.client.refusal import refusal
from shared.fhir.errors import OutcomeUnknown, Unavailable
from shared.fhir.writer import write
from shared.server.request import FhirResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject
    from shared.server.request import Context, FhirRequest

_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 15.0
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Siblings:
    """The other services by name, each at its FHIR base."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._clients: dict[str, FhirClient] = {}

    async def ask(self, name: str, bundle: JsonObject, context: Context) -> JsonObject:
        """Have a transaction Bundle run by a sibling for the same caller; its answer.

        :raises FhirError: the sibling's own refusal.
        :raises Unavailable: when it does not answer.
        """
        client = self._client(name)
        answer = await client.transaction(bundle, headers=_headers(context), repeatable=True)
        if not answer.is_success:
            raise refusal(answer)
        return answer.resource()

    async def forward(self, name: str, request: FhirRequest, context: Context) -> FhirResponse:
        """Have an operation run by a sibling for the same caller; its answer.

        :raises FhirError: the sibling's own refusal.
        :raises Unavailable: when it does not answer.
        :raises OutcomeUnknown: when it stopped answering, and may have acted.
        """
        body = None if request.resource is None else write(request.resource)
        try:
            answer = await self._client(name).request(
                request.method, _address(request), body, _headers(context)
            )
        except Unavailable as error:
            if request.method != "POST" or isinstance(error.__cause__, _NEVER_SENT):
                raise
            raise OutcomeUnknown(f"{name}_api stopped answering, and may have acted.") from error
        if not answer.is_success:
            raise refusal(answer)
        return FhirResponse(answer.status, answer.body or None)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _client(self, name: str) -> FhirClient:
        if name not in self._clients:
            self._clients[name] = FhirClient(
                self._urls[name], timeout=_TIMEOUT_SECONDS, attempts=_ATTEMPTS
            )
        return self._clients[name]


def _headers(context: Context) -> dict[str, str]:
    headers = {"X-Request-Id": context.request_id}
    if context.caller.reference is not None:
        headers[ACTOR_HEADER] = context.caller.reference
    return headers


def _address(request: FhirRequest) -> str:
    steps = (request.type, request.id, f"${request.operation}")
    address = "/".join(step for step in steps if step)
    return f"{address}?{urlencode(request.query)}" if request.query else address
