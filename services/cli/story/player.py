"""Plays by plain FHIR: asks as somebody, and lets the services do what follows."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from services.cli.console import Failure
from shared.client.client import ACTOR_HEADER
from shared.fhir.writer import write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.client import FhirClient
    from shared.client.answer import Answer
    from shared.fhir.reader import JsonObject

# Longer than a busy server takes to answer: the clock runs meanwhile, and never goes back.
_A_MOMENT: Final = timedelta(minutes=5)


class Player:
    """A client of one server; each request says who acts."""

    def __init__(self, client: FhirClient, base: str, clock: asyncio.Lock | None = None) -> None:
        self._client = client
        self.base = base.rstrip("/")
        # People play at the same time, and only one may move the clock.
        self._clock = clock or asyncio.Lock()
        self._calls: dict[str, None] = {}

    def another(self) -> Player:
        """Give one who plays beside, on the same clock, and whose calls are not heard here."""
        return Player(self._client, self.base, self._clock)

    def calls(self) -> list[str]:
        """Name the writes and operations since this was last asked, each once."""
        heard, self._calls = list(self._calls), {}
        return heard

    def link(self, resource: JsonObject) -> str:
        """Give the address of a resource."""
        return f"{self.base}/{resource['resourceType']}/{resource['id']}"

    async def put(self, resource: JsonObject, actor: str | None = None) -> JsonObject:
        """Write a resource under its own id."""
        path = f"{resource['resourceType']}/{resource['id']}"
        return await self._ask("PUT", path, resource, actor)

    async def post(self, resource: JsonObject, actor: str | None = None) -> JsonObject:
        """Create a resource."""
        return await self._ask("POST", resource["resourceType"], resource, actor)

    async def get(self, path: str) -> JsonObject:
        """Read what is at a path."""
        return await self._ask("GET", path, None, None)

    async def search(self, resource_type: str, **parameters: str) -> list[JsonObject]:
        """Find up to a thousand resources."""
        query = urlencode({"_count": "1000", **parameters})
        bundle = await self.get(f"{resource_type}?{query}")
        return [each["resource"] for each in bundle.get("entry", ())]

    async def count(self, resource_type: str, **parameters: str) -> int:
        """Count what a search finds."""
        query = urlencode({"_summary": "count", **parameters})
        return int((await self.get(f"{resource_type}?{query}"))["total"])

    async def call(
        self, path: str, actor: str | None = None, **values: dict[str, Any]
    ) -> JsonObject:
        """Call an operation with Parameters: `reason={"valueString": "…"}`."""
        given = [{"name": name.replace("_", "-"), **value} for name, value in values.items()]
        body: JsonObject = {"resourceType": "Parameters"}
        if given:
            body["parameter"] = given
        return await self._ask("POST", path, body, actor)

    async def together(self, resources: Iterable[JsonObject], actor: str | None = None) -> None:
        """Write several resources in one transaction, each under its id if it has one."""
        entries = [{"resource": each, "request": _request(each)} for each in resources]
        if entries:
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            await self._ask("POST", "", bundle, actor)

    async def send(self, path: str, body: JsonObject, actor: str | None = None) -> JsonObject:
        """Post a body that is no Parameters to an operation."""
        return await self._ask("POST", path, body, actor)

    async def time(self) -> datetime:
        """Ask what time it is there."""
        told = await self.call("$clock")
        return datetime.fromisoformat(told["parameter"][0]["valueInstant"])

    async def move_clock(self, to: datetime) -> None:
        """Move the server's clock forward; everything due by then has happened afterwards."""
        async with self._clock:
            await self._move_clock(to)

    async def _move_clock(self, to: datetime) -> None:
        await self.call("$clock", instant={"valueInstant": to.isoformat(timespec="milliseconds")})

    async def settle(self) -> None:
        """Let happen what the services do by themselves: the clock moves only after all of it."""
        async with self._clock:
            await self._move_clock(await self.time() + _A_MOMENT)

    async def _ask(
        self, method: str, path: str, body: JsonObject | None, actor: str | None
    ) -> JsonObject:
        headers = {ACTOR_HEADER: actor} if actor else {}
        raw = None if body is None else write(body)
        answer = await self._client.request(method, path, raw, headers)
        if not answer.is_success:
            raise Failure(f"{method} {path or 'Bundle'} was refused: {_reasons(answer)}")
        if (method != "GET" or "$" in path) and path != "$clock":
            self._calls[_named(method, path)] = None
        return answer.resource() if answer.body else {}


def _named(method: str, path: str) -> str:
    """Name a call as it is documented, without the ids that this server gave."""
    parts = path.partition("?")[0].split("/")
    if len(parts) > 1 and not parts[1].startswith("$") and parts[0] != "PlanDefinition":
        parts[1] = "[id]"
    return f"{method} {'/'.join(parts)}" if path else f"{method} [base], a transaction"


def _request(resource: JsonObject) -> JsonObject:
    if "id" not in resource:
        return {"method": "POST", "url": resource["resourceType"]}
    return {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}


def _reasons(answer: Answer) -> str:
    return "; ".join(answer.reasons()[:3])
