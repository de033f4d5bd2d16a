"""A Slot takes as many as it says, by whatever ways its places are asked for at the same moment."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.api.resources import count, entry, fresh, run
from tests.api.resources import put as put_entry
from tests.journey.test_booking import (
    AT_ONCE,
    WAYS,
    Clinic,
    appointment,
    at,
    identifier,
    patched,
    patiently,
    posted,
)

if TYPE_CHECKING:
    from tests.api.resources import Resource


@pytest.fixture
def clinic(client: httpx.AsyncClient) -> Clinic:
    return Clinic(client)


async def batched(client: httpx.AsyncClient, wanted: Resource) -> httpx.Response:
    """Book inside a batch, and give the answer as if it had come alone."""
    answer = await run(client, "batch", entry("POST", "Appointment", wanted))
    told = answer.json()["entry"][0]["response"]
    return httpx.Response(int(told["status"][:3]), json=told.get("outcome", {}))


async def seats(clinic: Clinic, places: int, *, session: bool) -> tuple[Resource, Any]:
    """A Slot with places, and what an Appointment in it says."""
    name = fresh() if session else None
    slot = await clinic.slot(places, name)
    named: Any = {"slot": [{"reference": f"Slot/{slot['id']}"}]}
    return slot, named | ({"identifier": [identifier(name)]} if name else {})


async def held(clinic: Clinic, slot: Resource) -> int:
    return await count(
        clinic.client, "Appointment", slot=f"Slot/{slot['id']}", status="booked,arrived,pending"
    )


@pytest.mark.parametrize("session", [False, True], ids=["a Slot", "the Slot of a session"])
@pytest.mark.parametrize("places", [1, 5])
async def test_of_sixteen_as_many_are_booked_as_there_are_places(
    clinic: Clinic, places: int, *, session: bool
) -> None:
    slot, named = await seats(clinic, places, session=session)
    wanted = [appointment(each, **named) for each in await clinic.people(AT_ONCE)]
    ways = [*(WAYS | {"batch": batched}).values()]
    turns = [(ways[number % len(ways)], each) for number, each in enumerate(wanted)]
    for way, each in turns:
        if way is patched:
            await clinic.put(each | {"status": "proposed"})
    random.Random(places).shuffle(turns)

    answers = await asyncio.gather(*(patiently(way, clinic.client, each) for way, each in turns))

    codes = Counter(409 if each.status_code == 409 else each.is_success for each in answers)
    assert codes == {True: places, 409: AT_ONCE - places}, [each.text for each in answers]
    refused = [each.json()["issue"][0] for each in answers if each.status_code == 409]
    assert {each["code"] for each in refused} == {"conflict"}
    assert all(f"is full: it takes {places}" in each["diagnostics"] for each in refused)
    assert await held(clinic, slot) == places


async def test_a_transaction_has_all_of_its_places_or_none(clinic: Clinic) -> None:
    slot, named = await seats(clinic, 5, session=False)
    people = await clinic.people(AT_ONCE * 2)
    pairs = [people[n : n + 2] for n in range(0, len(people), 2)]

    async def both(client: httpx.AsyncClient, pair: list[str]) -> httpx.Response:
        return await run(
            client, "transaction", *(put_entry(appointment(each, **named)) for each in pair)
        )

    answers = await asyncio.gather(*(patiently(both, clinic.client, each) for each in pairs))

    codes = Counter(each.status_code for each in answers)
    assert codes == {200: 2, 409: len(pairs) - 2}
    assert await held(clinic, slot) == 4
    [last] = await clinic.people(1)
    assert (await posted(clinic.client, appointment(last, **named))).status_code == 201
    assert await held(clinic, slot) == 5


async def test_places_that_are_given_back_are_taken_once_each(clinic: Clinic) -> None:
    slot, named = await seats(clinic, 4, session=True)
    people = await clinic.people(4 + AT_ONCE)
    have = [await clinic.put(appointment(each, **named)) for each in people[:4]]
    wanted = [appointment(each, **named) for each in people[4:]]

    async def until_taken(each: Resource) -> int:
        """Ask again, as somebody does who waits at the counter."""
        for _ in range(3):
            answer = await patiently(posted, clinic.client, each)
            if answer.is_success:
                break
            assert answer.status_code == 409
        return answer.status_code

    leaving = [clinic.put(have[0] | {"status": "cancelled"}), clinic.put(have[1] | at(14))]
    _, _, *codes = await asyncio.gather(*leaving, *map(until_taken, wanted))

    late = [await until_taken(each) for each in wanted[:3]] if codes.count(201) < 2 else []
    assert (codes + late).count(201) == 2
    nine = {"date": "2026-01-12T09:00:00Z", "status": "booked"}
    assert await count(clinic.client, "Appointment", slot=f"Slot/{slot['id']}", **nine) == 4
