"""What an operation asks of another service: one transaction Bundle, answered before it goes on.

The Bundle carries ids or conditions derived from its cause, so that asking again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.client.client import ACTOR_HEADER, FhirClient
from shared.client.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.fhir.reader import JsonObject
    from shared.server.request import Context

_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 15.0


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
        headers = {"X-Request-Id": context.request_id}
        if context.caller.reference is not None:
            headers[ACTOR_HEADER] = context.caller.reference
        client = self._client(name)
        answer = await client.transaction(bundle, headers=headers, repeatable=True)
        if not answer.is_success:
            raise refusal(answer)
        return answer.resource()

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
