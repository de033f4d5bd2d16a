"""A discharge loses its connection at every single statement: it is kept whole or not at all.

The service runs in this process, so that the connection can be cut at a statement by its number.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from services.intake_api.definition import DEFINITION
from shared.access.access import ANONYMOUS, Access
from shared.access.policy import Policy
from shared.fhir.errors import Unavailable
from shared.fhir.search.reading import Reading
from shared.server.engine import Engine
from shared.server.request import Context, FhirRequest
from shared.server.siblings import Siblings
from shared.store.finding import find
from shared.store.pool import PoolLimits
from shared.store.store import Store
from tests.notices import identifier, notice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from tests.notices import Resource

BASE = "http://127.0.0.1/fhir"
NOW = datetime(2026, 3, 3, tzinfo=UTC)
SYSTEM = Access.system("test")
OPENED = {"Encounter": 1, "Condition": 1, "ServiceRequest": 1, "Task": 3, "EpisodeOfCare": 1}
MOST_STATEMENTS = 200


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    texts = Reading(bases=(BASE,))
    limits = PoolLimits(size=1)
    store = Store(database_url, "intake", 1, texts=texts, keeps_door=True, limits=limits)
    await store.open()
    yield Engine(DEFINITION, store, "test", Siblings({}))
    await store.close()


async def sent(engine: Engine, message: Resource) -> bool:
    """Send a notice, and tell whether it was acknowledged."""
    raw = json.dumps(message).encode()
    request = FhirRequest(
        "POST", "operation", operation="process-message", resource=json.loads(raw), raw=raw
    )
    context = Context(
        caller=ANONYMOUS,
        access=SYSTEM,
        now=NOW,
        request_id=uuid.uuid4().hex,
        base=BASE,
        bases=(BASE,),
        zone=ZoneInfo("UTC"),
        policy=Policy(),
    )
    try:
        return (await engine.dispatch(request, context)).status == 200
    except Unavailable:
        return False


class Cut:
    """Cuts the one connection of the pool when so many statements have run on it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ran = 0
        self.armed = True

    async def prepare(self, engine: Engine) -> None:
        async with engine.store.pool.connection() as connection:

            def count(_: asyncpg.connection.LoggedQuery) -> None:
                self.ran += self.armed
                if self.armed and self.ran == self.number:
                    connection.terminate()

            connection.add_query_logger(count)


async def kept(engine: Engine, person: str) -> dict[str, list[str]]:
    """What there is of a person, by type; nothing where the notice was not kept."""
    number = identifier("mrn", person)
    asked = ("identifier", f"{number['system']}|{number['value']}")
    async with engine.store.reading(SYSTEM) as reading:
        people = await find(reading, "Patient", asked)
        if not people:
            return {}
        whose = ("patient", people[0].reference)
        return {
            each: [found.reference for found in await find(reading, each, whose)] for each in OPENED
        }


async def test_a_discharge_that_is_cut_off_at_any_statement_is_whole_or_not_there(
    engine: Engine,
) -> None:
    states = set()
    for number in range(1, MOST_STATEMENTS):
        person = uuid.uuid4().hex
        message = notice(person=person)
        cut = Cut(number)
        await cut.prepare(engine)
        was_acknowledged = await sent(engine, message)
        cut.armed = False

        state = await kept(engine, person)
        counts = {name: len(each) for name, each in state.items()}
        assert counts in ({}, OPENED), number
        assert counts == OPENED or not was_acknowledged
        states.add(bool(counts))
        assert await sent(engine, message)
        again = await kept(engine, person)
        assert again == (state or again)
        assert {name: len(each) for name, each in again.items()} == OPENED
        if cut.ran < number:
            break
    assert number > len(OPENED)
    assert states == {True, False}
