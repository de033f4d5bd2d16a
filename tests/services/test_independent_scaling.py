"""Independent scaling: what exhausts one service's connections leaves the others theirs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.ownership import SERVICES, owner_of
from shared.fhir.definitions import TYPE_CODE
from shared.server.settings import Settings
from tests.record import owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.programs import Programs

POOL_SIZE = Settings.model_fields["pool_size"].default
OWN = {"intake": "Basic", "plan": "Group", "progress": "Measure"}
CONTENT: dict[str, dict[str, object]] = {
    "Basic": {"code": {"text": "a note"}},
    "Group": {"type": "person", "actual": True},
    "Measure": {"status": "draft"},
}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=180, trust_env=False) as each:
        yield each


async def put(
    http: httpx.AsyncClient, base: str, resource_type: str, logical_id: str, **changes: object
) -> httpx.Response:
    resource = {"resourceType": resource_type, "id": logical_id, **CONTENT[resource_type]}
    return await http.put(f"{base}/{resource_type}/{logical_id}", json=resource | changes)


@asynccontextmanager
async def held(url: str, resource_type: str, logical_id: str) -> AsyncIterator[None]:
    """Keep one resource from being written, as a long transaction would."""
    sql = "SELECT FROM record.resource WHERE type = $1 AND id = $2 FOR UPDATE"
    async with owner(url) as connection, connection.transaction():
        await connection.execute(sql, TYPE_CODE[resource_type], logical_id)
        yield


async def lent(http: httpx.AsyncClient, base: str) -> float:
    """How many connections a service's metrics say that it has lent."""
    answer = await http.get(base.replace("/fhir", "/metrics"))
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    [sample] = families["stepdown_pool_connections_in_use"].samples
    return sample.value


@pytest.mark.parametrize("busy", SERVICES)
async def test_a_service_without_a_free_connection_leaves_the_others_theirs(
    stack: Programs, http: httpx.AsyncClient, database_url: str, busy: str
) -> None:
    base, name = stack.base(busy), OWN[busy]
    assert (await put(http, base, name, "wanted")).is_success
    async with held(database_url, name, "wanted"):
        asked = [
            asyncio.create_task(put(http, base, name, "wanted", language=f"x-{number}"))
            for number in range(3 * POOL_SIZE)
        ]
        while await lent(http, base) < POOL_SIZE:  # noqa: ASYNC110 - in another program
            await asyncio.sleep(0.02)

        for other in (each for each in SERVICES if each != busy):
            for reached in (stack.base(other), stack.fhir):
                written = await put(http, reached, OWN[other], f"beside-{busy}")
                assert written.is_success, written.text
                assert (await http.get(f"{reached}/{OWN[other]}?_count=5")).is_success
            assert await lent(http, stack.base(other)) < POOL_SIZE
        _, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert len(waiting) >= POOL_SIZE
    # Now the first can go on; others were told to come again.
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert all(answer.json()["resourceType"] == "OperationOutcome" for answer in refused)

    assert (await put(http, base, name, "wanted", language="x-now")).is_success
    assert await lent(http, base) < POOL_SIZE


async def test_what_waits_too_long_ends_and_says_when_to_come_again(
    stack: Programs, http: httpx.AsyncClient, database_url: str
) -> None:
    assert (await put(http, stack.plan, "Group", "long")).is_success
    async with held(database_url, "Group", "long"):
        answer = await put(http, stack.plan, "Group", "long", language="x-other")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await put(http, stack.plan, "Group", "long", language="x-other")).is_success


async def test_each_service_counts_its_own_requests(
    stack: Programs, http: httpx.AsyncClient
) -> None:
    for name in SERVICES:
        for logical_id in ("one", "two"):
            await put(http, stack.fhir, OWN[name], logical_id)
    for name in SERVICES:
        answer = await http.get(stack.base(name).replace("/fhir", "/metrics"))
        samples = [
            sample
            for family in text_string_to_metric_families(answer.text)
            if family.name == "stepdown_requests"
            for sample in family.samples
            if sample.name == "stepdown_requests_total" and sample.labels["type"]
        ]
        assert {sample.labels["service"] for sample in samples} == {name}
        assert {owner_of(sample.labels["type"]) for sample in samples} == {name}
        assert sum(each.value for each in samples if each.labels["type"] == OWN[name]) >= 2


async def test_each_service_logs_in_as_itself(stack: Programs, database_url: str) -> None:
    query = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()"
    async with owner(database_url) as connection:
        seen = {row[0] for row in await connection.fetch(query)}

    assert seen >= {f"stepdown_{name}" for name in SERVICES}
    assert seen <= {f"stepdown_{name}" for name in SERVICES} | {"stepdown"}
