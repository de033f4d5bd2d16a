"""FHIR batch over HTTP: each entry on its own. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    count,
    created,
    entry,
    fresh,
    identified,
    observation,
    patient,
    post,
    put,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

# What stands in a Bundle and is no entry, and where that shows.
NO_ENTRY: list[tuple[Any, str]] = [
    (None, ""),
    ({}, ""),
    (5, ""),
    ({"request": []}, ".request"),
    ({"request": {"method": "GET"}}, ".request"),
    ({"request": {"method": "LOOK", "url": "Patient"}}, ".request.method"),
    ({"request": {"method": "GET", "url": ""}}, ".request.url"),
    ({"request": {"method": "POST", "url": "Patient"}, "resource": "x"}, ".resource"),
    ({"request": {"method": "GET", "url": "metadata"}, "fullUrl": ["x"]}, ".fullUrl"),
    ({"request": {"method": "GET", "url": "metadata"}, "extra": 1}, ".extra"),
]


async def test_each_entry_of_a_batch_succeeds_or_fails_on_its_own(
    client: httpx.AsyncClient,
) -> None:
    value, leaving = fresh(), await created(client, patient())
    answer = await run(
        client,
        "batch",
        post(identified(value)),
        post(patient(gender="robot")),
        entry("GET", f"Patient/{fresh()}"),
        entry("GET", leaving),
        entry("DELETE", leaving),
        entry("GET", leaving),
        put(patient(id=fresh()), ifMatch='W/"1"'),
        entry("GET", "Nothing/1"),
        entry("PATCH", leaving, patient()),
        {"resource": patient()},
        post(observation("Patient?identifier=x")),
        post(observation(f"urn:uuid:{fresh()}")),
        entry("POST", "Patient", {"resourceType": "Basic"}),
        post(identified(value)),
    )
    assert answer.status_code == 200
    told = answer.json()
    assert told["type"] == "batch-response"
    statuses = [each["response"]["status"][:3] for each in told["entry"]]
    assert statuses == [
        "201", "422", "404", "200", "204", "410", "412", "404", "400", "400", "400", "422",
        "400", "201",
    ]  # fmt: skip
    assert await count(client, "Patient", identifier=value) == 2
    for each in told["entry"]:
        failed = each["response"]["status"][0] == "4"
        assert failed == ("outcome" in each["response"])
        assert not failed or "resource" not in each


async def test_a_failed_entry_tells_its_issues_with_their_places(
    client: httpx.AsyncClient,
) -> None:
    answer = await run(client, "batch", post(patient(gender="robot", birthDate="x")))
    outcome = answer.json()["entry"][0]["response"]["outcome"]
    found = [place for issue in outcome["issue"] for place in issue["expression"]]
    assert found == ["Patient.gender", "Patient.birthDate"]


async def test_an_entry_of_a_batch_may_not_depend_on_another(client: httpx.AsyncClient) -> None:
    someone = f"urn:uuid:{fresh()}"
    answer = await run(
        client,
        "batch",
        post(patient(), full_url=someone),
        post(observation(someone)),
        post(observation(f"urn:uuid:{fresh()}")),
    )
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert statuses == ["201", "400", "422"]


async def test_a_batch_serves_the_types_of_all_services(client: httpx.AsyncClient) -> None:
    types = ("Patient", "CarePlan", "Observation", "Encounter", "Goal", "Questionnaire")
    answer = await run(client, "batch", *(entry("GET", f"{each}?_count=1") for each in types))
    statuses = {each["response"]["status"] for each in answer.json()["entry"]}
    assert statuses == {"200"}


@pytest.mark.parametrize(("wrong", "part"), NO_ENTRY, ids=repr)
async def test_what_is_no_entry_leaves_the_others_of_a_batch(
    client: httpx.AsyncClient, wrong: object, part: str
) -> None:
    value = fresh()
    bundle = {"resourceType": "Bundle", "entry": [post(identified(value)), wrong]}

    answer = await client.post("", json=bundle | {"type": "batch"})
    assert answer.status_code == 200, answer.text
    good, bad = (each["response"] for each in answer.json()["entry"])
    assert (good["status"], bad["status"]) == ("201", "422")
    assert bad["outcome"]["issue"][0]["expression"] == [f"Bundle.entry[1]{part}"]

    refused(await client.post("", json=bundle | {"type": "transaction"}), 422)
    assert await count(client, "Patient", identifier=value) == 1


async def test_a_batch_that_is_no_bundle_is_refused_whole(client: httpx.AsyncClient) -> None:
    value = fresh()
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [post(identified(value))]}
    wrongs: tuple[dict[str, Any], ...] = (
        {"extra": 1}, {"entry": {}}, {"entry": []}, {"entry": None}, {"total": -1}
    )  # fmt: skip
    for wrong in wrongs:
        refused(await client.post("", json=bundle | wrong), 422)
    assert await count(client, "Patient", identifier=value) == 0
    assert (await client.post("", json=bundle)).status_code == 200
