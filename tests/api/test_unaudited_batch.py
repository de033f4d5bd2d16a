"""A batch that has acted, and then cannot leave its own row in the audit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from services.intake_api.definition import DEFINITION
from shared.access.access import ANONYMOUS, Access
from shared.access.policy import Policy
from shared.client.retry import may_repeat
from shared.fhir.errors import OutcomeUnknown
from shared.fhir.search.reading import Reading
from shared.server.engine import Engine
from shared.server.request import Context, FhirRequest
from shared.server.siblings import Siblings
from shared.store.pool import PoolLimits
from shared.store.store import Store
from shared.store.version import Key
from tests.api.resources import bundle, fresh, patient, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BASE = "http://127.0.0.1/fhir"
ACCESS = Access.open(ANONYMOUS)
# Longer than a busy machine takes for one write, which the test waits for in the queue.
LIMITS = PoolLimits(size=1, acquire_seconds=3)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """An engine with one connection."""
    store = Store(
        database_url, "intake", 1, texts=Reading(bases=(BASE,)), keeps_door=True, limits=LIMITS
    )
    await store.open()
    yield Engine(DEFINITION, store, "test", Siblings({}))
    await store.close()


async def test_a_batch_that_has_acted_is_not_said_to_have_failed(engine: Engine) -> None:
    logical_id, context = (
        fresh(),
        Context(
            caller=ANONYMOUS,
            access=ACCESS,
            now=datetime.now(UTC),
            request_id=fresh(),
            base=BASE,
            bases=(BASE,),
            zone=ZoneInfo("UTC"),
            policy=Policy(),
        ),
    )
    # What is made only once, such as the checks of a type, is made before.
    first = FhirRequest("POST", "batch", resource=bundle("batch", put(patient(id=fresh()))))
    await engine.dispatch(first, context)
    request = FhirRequest("POST", "batch", resource=bundle("batch", put(patient(id=logical_id))))
    asked = asyncio.create_task(engine.dispatch(request, context))
    while not engine.store.pool.in_use:  # noqa: ASYNC110 - the batch is a task of its own
        await asyncio.sleep(0)
    # Next in the queue for the connection: it is held until the batch gives up its row.
    async with engine.store.pool.connection():
        with pytest.raises(OutcomeUnknown) as told:
            await asked

    assert not may_repeat(told.value.status, idempotent=False)
    async with engine.store.reading(ACCESS) as reading:
        assert await reading.read(Key("Patient", logical_id)) is not None
