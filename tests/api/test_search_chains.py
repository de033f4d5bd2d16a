"""Chains and `_has` over HTTP. https://hl7.org/fhir/R4/search.html#chaining"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    count,
    created,
    fresh,
    identified,
    link,
    matches,
    observation,
    post,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def _world(client: httpx.AsyncClient) -> tuple[str, str, str, str]:
    """An organization, a patient of it, an observation of theirs, and the mark of all."""
    mark = fresh()
    organization = await created(client, identified(mark, "Organization", name=f"Oak {mark}"))
    told: dict[str, Any] = {"managingOrganization": {"reference": organization}}
    someone = await created(
        client, identified(mark, name=[{"family": f"F{mark}"}], birthDate="1980-05-06", **told)
    )
    measured = await created(client, observation(someone, effectiveDateTime="2020-02-03"))
    return organization, someone, measured, mark


async def test_a_chain_leads_into_what_is_contained_until_it_is_no_more(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    mark = fresh()
    inner = {"resourceType": "Patient", "id": "p", "name": [{"family": f"F{mark}"}]}
    told = observation("#p", contained=[inner])
    measured = await created(client, told)
    path = f"/Observation?subject:Patient.family=f{mark}"
    assert matches(await client.get(path)) == [measured.partition("/")[2]]
    someone = await created(client, {"resourceType": "Patient"})
    told = observation(someone, id=measured.partition("/")[2])
    answer = await client.put(f"/{measured}", json=told)
    assert answer.status_code == 200
    assert matches(await client.get(path)) == []


async def test_a_chain_narrows_by_what_a_reference_leads_to(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    _, _, measured, mark = await _world(client)
    for asked, found in (
        (f"subject:Patient.name=F{mark}", True),
        (f"subject.name=f{mark}", True),
        (f"subject:Patient.name:exact=f{mark}", False),
        (f"patient.identifier={mark}", True),
        (f"subject:Patient.organization.name=oak {mark}", True),
        (f"subject:Patient.organization.name=oak {mark}&date=2020", True),
        (f"subject:Patient.organization.name=oak {mark}&date=2021", False),
        (f"patient.identifier={mark}&subject:Patient.birthdate=lt1990", True),
        (f"patient.identifier={mark}&subject:Patient.birthdate=ge1990", False),
        (f"patient.identifier={mark}&subject:Patient.birthdate:missing=false", True),
        (f"subject:Patient._has:Observation:subject:date=2020&patient.identifier={mark}", True),
        (f"subject:Location.name=F{mark}", False),
    ):
        expected = [measured.partition("/")[2]] if found else []
        assert matches(await client.get(f"/Observation?{asked}")) == expected, asked
        by_form = await client.post("/Observation/_search", content=asked, headers=FORM)
        assert matches(by_form) == expected, asked
        # The service of observations reads the patients of another one.
        own = await client.get(f"{all_in_one.base('progress')}/Observation?{asked}")
        assert matches(own) == expected, asked


async def test_has_narrows_by_who_refers(client: httpx.AsyncClient) -> None:
    organization, someone, _, mark = await _world(client)
    for asked, reference in (
        (f"identifier={mark}&_has:Observation:patient:date=2020", someone),
        (f"identifier={mark}&_has:Observation:patient:date=2021", None),
        (f"identifier={mark}&_has:Observation:patient:code:missing=false", someone),
        (f"_has:Observation:patient:subject:Patient.name=F{mark}", someone),
        (f"_has:Patient:organization:name=F{mark}", organization),
        (
            f"identifier={mark}&_has:Patient:organization:_has:Observation:patient:date=2020",
            organization,
        ),
        (f"_has:Encounter:patient:status=finished&identifier={mark}", None),
    ):  # fmt: skip
        name = "Organization" if "Patient:organization" in asked else "Patient"
        expected = [reference.partition("/")[2]] if reference else []
        assert matches(await client.get(f"/{name}?{asked}")) == expected, asked


async def test_the_pages_of_a_chain_go_on(client: httpx.AsyncClient) -> None:
    _, someone, measured, mark = await _world(client)
    further = [await created(client, observation(someone)) for _ in range(3)]
    asked = f"/Observation?patient.identifier={mark}&_count=2&_total=accurate&_sort=-_lastUpdated"
    first = await client.get(asked)
    assert first.json()["total"] == 4
    second = await client.get(link(first, "next") or "")
    found = [f"Observation/{each}" for each in (*matches(first), *matches(second))]
    assert found == [*reversed(further), measured]
    assert link(second, "next") is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Observation?subject:Patient.nam=x", "valid for Patient are"),
        ("Observation?subject:Practitioner.name=x", "valid are Device, Group, Location, Patient"),
        ("Observation?code.name=x", "is no reference"),
        ("Observation?sub.name=x", "valid for Observation are"),
        ("Observation?subject:Patient.birthdate=soon", "cannot be read"),
        ("Observation?has-member.has-member.has-member.has-member.code=x", "at most 3"),
        ("Patient?_has:Observation:code=x", "_has needs a type"),
        ("Patient?_has:Observation:code:code=x", "is no reference"),
        ("Patient?_has:Organization:partof:name=x", "does not refer to Patient"),
        ("QuestionnaireResponse?questionnaire.nam=x", "valid for Questionnaire are"),
    ],
)
async def test_what_does_not_lead_on_is_refused_with_what_does(
    client: httpx.AsyncClient, asked: str, said: str
) -> None:
    assert said in refused(await client.get(f"/{asked}"), 400)
    name, _, pairs = asked.partition("?")
    by_form = await client.post(f"/{name}/_search", content=pairs, headers=FORM)
    assert said in refused(by_form, 400)


async def test_a_condition_may_be_a_chain(client: httpx.AsyncClient) -> None:
    _, someone, measured, mark = await _world(client)
    criteria = f"patient.identifier={mark}&date=2020"
    answer = await client.post(
        "/Observation", json=observation(someone), headers={"if-none-exist": criteria}
    )
    assert answer.status_code == 200
    assert answer.json()["id"] == measured.partition("/")[2]

    body = observation(someone, effectiveDateTime="2020-02-03", status="amended")
    answer = await client.put("/Observation", params=f"patient.identifier={mark}", json=body)
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["status"]) == (
        measured.partition("/")[2], "amended",
    )  # fmt: skip

    answer = await client.post(
        "/Observation",
        json=observation(someone),
        headers={"if-none-exist": f"patient.identifier={fresh()}"},
    )
    assert answer.status_code == 201
    answer = await client.delete("/Patient", params=f"_has:Observation:patient:_id={fresh()}")
    assert answer.status_code in {200, 204}
    assert await count(client, "Patient", identifier=mark) == 1


async def test_a_reference_may_be_a_chain_through_what_is_written_with_it(
    client: httpx.AsyncClient,
) -> None:
    mark = fresh()
    organization = "urn:uuid:6c1f8c2e-3d1a-4f59-9a36-1f1d6f0a1b2c"
    told: dict[str, Any] = {"managingOrganization": {"reference": organization}}
    answer = await run(
        client,
        "transaction",
        post(observation(f"Patient?organization.identifier={mark}")),
        post(identified(mark, **told)),
        post(identified(mark, "Organization"), organization),
    )
    assert answer.status_code == 200, answer.text
    assert await count(client, "Observation", **{"patient.identifier": mark}) == 1
