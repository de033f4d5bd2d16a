"""A small FHIR client that repeats what may be repeated, and nothing else.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

import httpx

from shared.client.answer import Answer
from shared.client.guard import NotAllowedError
from shared.client.retry import IDEMPOTENT, may_repeat, pause
from shared.fhir import writer
from shared.fhir.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from shared.fhir.reader import JsonObject

FHIR_JSON: Final = "application/fhir+json"
ACTOR_HEADER: Final = "X-Stepdown-Actor"

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class FhirClient:
    """Speaks to one FHIR base; open it with `async with`, or call `close`."""

    def __init__(
        self,
        base_url: str,
        *,
        actor: str | None = None,
        timeout: float = 30.0,
        attempts: int = 6,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Take the base as a URL; `timeout` is in seconds and holds for each attempt."""
        self._base = base_url.rstrip("/")
        self._attempts = attempts
        headers = {"Accept": FHIR_JSON} | ({ACTOR_HEADER: actor} if actor else {})
        # A proxy or a password of the environment must not come between two services.
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(timeout, pool=None),
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        """Send one request to a path below the base; any status is an answer.

        `repeatable` says that a POST or PATCH changes nothing more when it arrives twice, because
        it carries ids or conditions of its own.

        :raises Unavailable: no answer, after every repetition that is safe.
        :raises NotAllowedError: the transport calls no such address, or it is none at all.
        """
        url = f"{self._base}/{path.lstrip('/')}".rstrip("/")
        given = dict(headers or {})
        if body is not None:
            given = {"Content-Type": FHIR_JSON} | given
        try:
            request = self._http.build_request(method, url, content=body, headers=given)
        except httpx.InvalidURL as error:
            raise NotAllowedError("This is no address.") from error
        idempotent = repeatable or method in IDEMPOTENT
        attempt = 0
        outcome = await self._try(request)
        if isinstance(outcome, NotAllowedError):
            raise outcome
        while attempt < self._attempts - 1 and _may_repeat(outcome, idempotent=idempotent):
            # Spread out, so that many senders do not come back in the same instant.
            await asyncio.sleep(_seconds(attempt, outcome) * random.uniform(1.0, 1.25))  # noqa: S311
            attempt += 1
            outcome = await self._try(request)
        if isinstance(outcome, Answer):
            return outcome
        raise self._silent() from outcome

    async def transaction(
        self,
        bundle: JsonObject | bytes,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        """Post a transaction or batch Bundle to the base."""
        body = bundle if isinstance(bundle, bytes) else writer.write(bundle)
        return await self.request("POST", "", body, headers, repeatable=repeatable)

    async def _try(self, request: httpx.Request) -> Answer | httpx.RequestError:
        try:
            response = await self._http.send(request)
        except httpx.RequestError as error:
            return error
        return Answer(response.status_code, response.headers, response.content)

    def _silent(self) -> Unavailable:
        # httpx leaves a user's name and password out of `netloc`; ours may stand in the address.
        url = httpx.URL(self._base)
        place = f"{url.scheme}://{url.netloc.decode()}{url.path}"
        return Unavailable(f"{place} does not answer.", headers={"Retry-After": "1"})


def _may_repeat(outcome: Answer | httpx.RequestError, *, idempotent: bool) -> bool:
    if isinstance(outcome, Answer):
        return may_repeat(outcome.status, idempotent=idempotent)
    return idempotent or isinstance(outcome, _NEVER_SENT)


def _seconds(attempt: int, outcome: Answer | httpx.RequestError) -> float:
    if isinstance(outcome, Answer):
        return pause(attempt, outcome.headers.get("retry-after"), now=datetime.now(UTC))
    return pause(attempt)
