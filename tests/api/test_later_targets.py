"""What is referred to may come later, where that is allowed: searches lead to it all the same.

https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.api.resources import created, fresh, observation, patient, updated
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

TOLD = {"front-door": {"STEPDOWN_EXTERNAL_REFERENCES": "true"}}


@pytest.fixture(scope="module")
def open_programs(make_database: Callable[[], str]) -> Iterator[Programs]:
    with Programs.all_in_one(make_database(), told=TOLD) as programs:
        yield programs


@pytest.fixture
async def lax(open_programs: Programs) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server where references may lead to what is not there."""
    base = open_programs.fhir
    async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False) as client:
        yield client


async def asked(client: httpx.AsyncClient, query: str) -> tuple[list[str], int]:
    """Give what is found and shown beside it, and how many matches are counted."""
    answer = await client.get(f"/{query}&_total=accurate")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    found = [
        f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in told.get("entry", ())
    ]
    return found, told["total"]


async def test_what_comes_later_is_reached_by_every_search(lax: httpx.AsyncClient) -> None:
    someone = f"Patient/{fresh()}"
    held = await created(lax, observation(someone))
    # Who is asked for are many, so that what is looked at is each Observation's own subject.
    chain = f"Observation?_id={held.partition('/')[2]}&subject:Patient.active=true"
    assert await asked(lax, chain) == ([], 0)
    name = someone.partition("/")[2]
    await updated(lax, patient(id=name, active=True))
    assert await asked(lax, chain) == ([held], 1)
    assert await asked(lax, f"{chain}&_include=Observation:subject") == ([held, someone], 1)
    has = f"Patient?_has:Observation:subject:_id={held.partition('/')[2]}"
    assert await asked(lax, has) == ([someone], 1)


async def test_what_is_brought_back_is_reached_by_who_told_of_it_meanwhile(
    client: httpx.AsyncClient,
) -> None:
    source, target = await created(client, patient()), await created(client, patient())
    await client.delete(f"/{source}")
    told = {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-03-01T00:00:00Z",
        "agent": [{"who": {"display": "somebody"}}],
        "entity": [{"role": "source", "what": {"reference": f"{source}/_history/1"}}],
    }
    said = await created(client, told)
    await updated(client, patient(id=source.partition("/")[2], active=True))
    chain = f"Provenance?_id={said.partition('/')[2]}&entity:Patient.active=true"
    assert await asked(client, chain) == ([said], 1)
    assert await asked(client, f"{chain}&_include=Provenance:entity") == ([said, source], 1)


async def test_who_comes_at_the_same_moment_is_reached_too(lax: httpx.AsyncClient) -> None:
    held: list[str] = []
    for _ in range(8):
        people = [fresh() for _ in range(3)]
        of_them = (created(lax, observation(f"Patient/{each}")) for each in people)
        themselves = (updated(lax, patient(id=each, active=True)) for each in people)
        held += (await asyncio.gather(*of_them, *themselves))[: len(people)]
    ids = ",".join(each.partition("/")[2] for each in held)
    found, total = await asked(lax, f"Observation?_id={ids}&subject:Patient.active=true")
    assert (sorted(found), total) == (sorted(held), len(held))
