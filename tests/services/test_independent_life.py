"""Independent life: what a service that is killed takes with it, and what comes when it is back."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.ownership import SERVICES, owner_of
from shared.fhir.definitions import RESOURCE_TYPES
from shared.store.embedded import EmbeddedServer
from tests.programs import Programs
from tests.record import counts, faults, settled
from tests.services.person import LOW, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.person import Resource

ITS_OWN = {"intake": "Encounter", "plan": "CarePlan", "progress": "Observation"}


@pytest.fixture(scope="module")
def http(stack: Programs) -> Iterator[httpx.Client]:
    headers = {"X-Stepdown-Actor": "Practitioner/tester"}
    with httpx.Client(base_url=stack.fhir, headers=headers, timeout=180, trust_env=False) as each:
        yield each


@pytest.fixture
def person(http: httpx.Client) -> Person:
    return Person(http)


def a(resource_type: str, person: Person) -> Resource:
    """A resource of a service's own, that starts no reaction."""
    by_type = {
        "Encounter": person.stay("in-progress"),
        "Observation": person.risk(LOW, status="preliminary"),
        "CarePlan": {"status": "active", "intent": "plan", "subject": person.reference},
    }
    return by_type[resource_type] | {"resourceType": resource_type, "id": f"own-{person.id}"}


def send_together(base: str, *resources: Resource, http: httpx.Client) -> None:
    paths = [f"{resource['resourceType']}/{resource['id']}" for resource in resources]
    entries = [
        {"resource": resource, "request": {"method": "PUT", "url": path}}
        for resource, path in zip(resources, paths, strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = http.post(base, json=bundle)
    assert answer.is_success, answer.text


def answers_its_own_types(service: str, base: str, person: Person) -> None:
    own = ITS_OWN[service]
    written = person.put(a(own, person), base=base)
    assert person.http.get(f"{base}/{own}/{written['id']}").json() == written
    found = person.http.get(f"{base}/{own}", params={"patient": person.id}).json()
    assert [entry["resource"] for entry in found["entry"]] == [written]


def test_the_front_door_answers_for_all_but_the_one_that_is_dead(
    stack: Programs, http: httpx.Client, person: Person
) -> None:
    for dead in SERVICES:
        stack.kill(dead)
        for name in RESOURCE_TYPES:
            answer = http.get(name, params={"_count": "1"})
            if owner_of(name) == dead:
                assert answer.status_code == 503, name
                assert int(answer.headers["Retry-After"]) > 0
                assert answer.json()["resourceType"] == "OperationOutcome"
                assert f"{dead}_api" in answer.json()["issue"][0]["diagnostics"]
            else:
                assert answer.status_code == 200, name
        for alive in (name for name in SERVICES if name != dead):
            answers_its_own_types(alive, stack.base(alive), person)
            answers_its_own_types(alive, stack.fhir, person)
        assert http.get("metadata").status_code == 200
        stack.start(dead)
        answers_its_own_types(dead, stack.fhir, person)


@pytest.mark.parametrize("dead", SERVICES)
async def test_what_happened_meanwhile_has_its_effects_once_when_it_is_back(
    stack: Programs, http: httpx.Client, database_url: str, dead: str
) -> None:
    before = await counts(database_url, "CarePlan", "Flag", "Task", "Provenance")
    people = [Person(http) for _ in range(5)]
    stack.kill(dead)
    for person in people:
        if dead == "intake":
            # Only what the others take; the alert has nobody to ask yet.
            person.put(person.risk(), base=stack.progress)
        else:
            # The door takes every type, whoever is away.
            send_together(stack.intake, person.stay(), person.risk(), http=http)
    stack.start(dead)
    await settled(database_url)

    plans = 0 if dead == "intake" else 5
    # Of each stay a plan and a first visit are told of, of each risk an alert and a signal.
    made = {"CarePlan": plans, "Flag": 5, "Task": 5, "Provenance": 2 * plans + 2 * 5}
    after = await counts(database_url, *made)
    assert {name: after[name] - before[name] for name in made} == made
    assert [len(each.found("Flag")) for each in people] == [1] * 5


async def test_a_service_killed_amid_its_reactions_has_each_effect_once(
    stack: Programs, http: httpx.Client, database_url: str
) -> None:
    before = await counts(database_url, "CarePlan", "Flag", "Task", "Provenance")
    people = [Person(http) for _ in range(20)]
    for dead in ("plan", "progress", "intake"):
        for person in people:
            said = [{"text": f"before {dead} died"}]
            person.put(person.risk(note=said), base=stack.progress)
            person.put(person.stay() | {"id": f"{dead}-{person.id}"}, base=stack.intake)
        stack.kill(dead)
        stack.start(dead)
    await settled(database_url)

    made = {"CarePlan": 60, "Flag": 20, "Task": 20, "Provenance": 2 * 60 + 2 * 20}
    after = await counts(database_url, *made)
    assert {name: after[name] - before[name] for name in made} == made
    assert await faults(database_url) == []


def test_each_service_starts_serves_and_stops_while_the_others_are_absent(
    stack: Programs, person: Person
) -> None:
    for name in SERVICES:
        stack.stop(name)
    for name in SERVICES:
        stack.start(name)
        answers_its_own_types(name, stack.base(name), person)
        assert stack.stop(name) == 0
    for name in SERVICES:
        stack.start(name)


@pytest.fixture
def untouched_url() -> Iterator[str]:
    """Give the database of a new PostgreSQL, with no role and no table of ours."""
    folder = Path(tempfile.mkdtemp(prefix="stepdown-test-"))
    folder.chmod(0o755)
    server = EmbeddedServer.start(folder, lambda _: None)
    yield server.url
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_three_services_start_at_once_on_an_empty_database(untouched_url: str) -> None:
    with (
        Programs.separate(untouched_url) as programs,
        httpx.Client(base_url=programs.fhir, timeout=180, trust_env=False) as http,
    ):
        person = Person(http)
        for name in SERVICES:
            answers_its_own_types(name, programs.base(name), person)
