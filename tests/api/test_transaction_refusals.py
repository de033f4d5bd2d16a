"""What a transaction or batch refuses, and how it names the entry, the place and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    bundle,
    count,
    created,
    entry,
    fresh,
    identified,
    issues,
    observation,
    patient,
    places,
    post,
    put,
    refused,
    run,
    updated,
)

if TYPE_CHECKING:
    import httpx

MOST = 5000


async def test_all_issues_of_all_entries_are_told_with_their_full_places(
    client: httpx.AsyncClient,
) -> None:
    answer = await run(
        client,
        "transaction",
        post(patient(name=[{"given": ["a", ""]}])),
        post(patient()),
        put(patient(id=fresh(), birthDate="2021-13-01", gender="robot")),
        post(observation(f"Patient/{fresh()}", status="no")),
    )
    refused(answer, 422)
    for place in (
        "Bundle.entry[0].resource.name[0].given[1]",
        "Bundle.entry[2].resource.birthDate",
        "Bundle.entry[2].resource.gender",
        "Bundle.entry[3].resource.status",
    ):
        assert place in places(answer)


async def test_a_reference_to_nothing_is_told_with_its_full_place(
    client: httpx.AsyncClient,
) -> None:
    answer = await run(client, "transaction", post(patient()), post(observation("Patient/nobody")))
    assert "Patient/nobody" in refused(answer, 422)
    assert places(answer) == ["Bundle.entry[1].resource.subject"]


@pytest.mark.parametrize(
    ("bad", "status", "place"),
    [
        (entry("POST", "Patient", {"resourceType": "Basic"}), 400, "Bundle.entry[1].resource"),
        (entry("POST", "Patient"), 400, "Bundle.entry[1].resource"),
        (entry("PUT", "Patient/a", patient(id="b")), 400, "Bundle.entry[1].resource.id"),
        (entry("PUT", "Patient/a", patient()), 400, "Bundle.entry[1].resource.id"),
        (entry("PUT", "Patient/a", patient(id="a"), ifMatch="1"), 400, "Bundle.entry[1]"),
        (entry("PUT", "Patient/a", patient(id="a"), ifMatch='W/"9"'), 412, "Bundle.entry[1]"),
        (entry("GET", "Nothing/1"), 404, "Bundle.entry[1].request.url"),
        (entry("GET", "Patient/a/b/c"), 404, "Bundle.entry[1].request.url"),
        (entry("POST", "Patient/a", patient(id="a")), 405, "Bundle.entry[1].request.url"),
        (entry("DELETE", "Patient"), 400, "Bundle.entry[1].request.url"),
        (entry("GET", "Patient?nonsense=1"), 400, "Bundle.entry[1]"),
        (entry("PATCH", "Patient/a", patient()), 400, "Bundle.entry[1]"),
        (entry("DELETE", "Patient?nonsense=a"), 400, "Bundle.entry[1].request.url"),
        (entry("GET", "http://other.example/fhir/Patient/a"), 400, "Bundle.entry[1].request.url"),
        (entry("POST", "/", bundle("batch")), 400, "Bundle.entry[1].request.url"),
        (post(patient(), ifNoneExist="nonsense=1"), 400, "Bundle.entry[1].request.ifNoneExist"),
        (post(patient(), ifNoneExist="?"), 400, "Bundle.entry[1].request.ifNoneExist"),
        ({"resource": patient()}, 400, "Bundle.entry[1]"),
        (post(observation(f"urn:uuid:{fresh()}")), 422, "Bundle.entry[1].resource.subject"),
    ],
)
async def test_the_entry_and_the_place_of_a_refusal_are_named(
    client: httpx.AsyncClient, bad: dict[str, Any], status: int, place: str
) -> None:
    value = fresh()
    answer = await run(client, "transaction", post(identified(value)), bad)
    refused(answer, status)
    assert places(answer)[0] == place
    assert await count(client, "Patient", identifier=value) == 0


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ("text", "Bundle.entry[0]"),
        (None, "Bundle.entry"),
        ({}, "Bundle.entry[0]"),
        ({"request": {"method": "GET"}}, "Bundle.entry[0].request"),
        ({"request": {"method": "get", "url": "Patient"}}, "Bundle.entry[0].request.method"),
        ({"request": {"method": "GET", "url": 5}}, "Bundle.entry[0].request.url"),
        ({"request": {"method": "GET", "url": "a\x00b"}}, "Bundle.entry[0].request.url"),
        ({"request": [], "resource": patient()}, "Bundle.entry[0].request"),
        ({"request": {"method": "POST", "url": "Patient"}, "resource": 5}, "Bundle.entry[0]"),
        ({"request": {"method": "GET", "_url": {"id": "x"}}}, "Bundle.entry[0].request"),
        ({"request": {"_method": {"id": "x"}, "url": "Patient"}}, "Bundle.entry[0].request"),
        ({"fullUrl": 5, **post(patient())}, "Bundle.entry[0].fullUrl"),
    ],
)
async def test_a_broken_entry_is_refused_before_anything_runs(
    client: httpx.AsyncClient, bad: object, place: str
) -> None:
    value = fresh()
    base = str(client.base_url).rstrip("/")
    entries = [bad, post(identified(value))]
    told = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await client.post(base, json=told)
    assert answer.status_code in {400, 422}, answer.text
    assert any(each.startswith(place) for each in places(answer)), places(answer)
    assert await count(client, "Patient", identifier=value) == 0


async def test_one_identity_twice_fails(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh())
    present = await created(client, identified(value := fresh()))
    again = put(patient(id=present.partition("/")[2], active=True))
    condition = f"identifier={value}"
    other = f"identifier={fresh()}"
    for first, second in (
        (put(told), put(told)),
        (put(told), entry("DELETE", f"Patient/{told['id']}")),
        (entry("DELETE", present), entry("DELETE", present)),
        (again, post(identified(value), ifNoneExist=condition)),
        (post(patient(), ifNoneExist=condition), post(patient(), ifNoneExist=condition)),
        (post(patient(), ifNoneExist=other), post(patient(), ifNoneExist=other)),
    ):
        answer = await run(client, "transaction", first, second)
        assert "Bundle.entry[" in refused(answer, 400)
        assert places(answer)[0].startswith("Bundle.entry[")
    assert (await run(client, "transaction", put(told), again)).status_code == 200


async def test_one_full_url_for_two_resources_fails(client: httpx.AsyncClient) -> None:
    someone = f"urn:uuid:{fresh()}"
    twins = post(patient(), full_url=someone), post(patient(), full_url=someone)
    answer = await run(client, "transaction", *twins)
    refused(answer, 400)
    assert places(answer) == ["Bundle.entry[1].fullUrl"]


async def test_several_matches_of_a_condition_fail(client: httpx.AsyncClient) -> None:
    value = fresh()
    for _ in range(2):
        await created(client, identified(value))
    answer = await run(
        client, "transaction", post(identified(value), ifNoneExist=f"identifier={value}")
    )
    refused(answer, 412)
    assert places(answer) == ["Bundle.entry[0]"]


async def test_a_reference_to_what_the_same_transaction_deletes_fails(
    client: httpx.AsyncClient,
) -> None:
    subject = await created(client, patient())
    answer = await run(client, "transaction", post(observation(subject)), entry("DELETE", subject))
    refused(answer, 422)
    assert places(answer) == ["Bundle.entry[0].resource.subject"]
    assert (await client.get(f"/{subject}")).status_code == 200


async def test_a_resource_goes_together_with_what_refers_to_it(client: httpx.AsyncClient) -> None:
    subject = await created(client, patient())
    told = observation(subject, id=fresh())
    reference = await updated(client, told)
    answer = await run(client, "transaction", entry("DELETE", subject))
    assert reference in refused(answer, 409)

    answer = await run(client, "transaction", entry("DELETE", subject), entry("DELETE", reference))
    assert answer.status_code == 200, answer.text


async def test_a_reference_moves_away_while_its_target_is_deleted(
    client: httpx.AsyncClient,
) -> None:
    old, new = await created(client, patient()), await created(client, patient())
    told = observation(old, id=fresh())
    await updated(client, told)
    moved = put(told | {"subject": {"reference": new}})
    answer = await run(client, "transaction", moved, entry("DELETE", old))
    assert answer.status_code == 200, answer.text


def _many(number: int, value: str) -> list[dict[str, Any]]:
    return [post(identified(value)) for _ in range(number)]


async def test_five_thousand_entries_are_taken_and_one_more_is_not(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    answer = await run(client, "transaction", *_many(MOST + 1, value))
    assert "5,000" in refused(answer, 413)
    refused(await run(client, "batch", *_many(MOST + 1, value)), 413)
    assert await count(client, "Patient", identifier=value) == 0

    answer = await run(client, "transaction", *_many(MOST, value), Prefer="return=minimal")
    assert answer.status_code == 200, issues(answer)
    assert len(answer.json()["entry"]) == MOST
    assert await count(client, "Patient", identifier=value) == MOST
