"""FHIR transaction over HTTP: all entries or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import (
    SYSTEM,
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

    from tests.programs import Programs


async def test_the_answers_stand_in_the_order_of_the_entries(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    present = await updated(client, patient(id=fresh()))
    leaving = await created(client, patient())
    value = fresh()

    answer = await run(
        client,
        "transaction",
        entry("GET", present),
        put(patient(id=fresh(), active=True)),
        post(identified(value)),
        entry("DELETE", leaving),
        put(patient(id=present.partition("/")[2], active=True)),
    )

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["resourceType"], told["type"]) == ("Bundle", "transaction-response")
    responses = [each["response"] for each in told["entry"]]
    assert [each["status"][:3] for each in responses] == ["200", "201", "201", "204", "200"]
    assert [each["etag"] for each in responses] == [f'W/"{n}"' for n in (2, 1, 1, 2, 2)]
    assert all(each["lastModified"].endswith("Z") for each in responses)
    assert responses[4]["location"] == f"{all_in_one.fhir}/{present}/_history/2"
    # A GET sees what the transaction wrote.
    assert told["entry"][0]["resource"]["active"] is True
    read = await client.get(responses[2]["location"].partition("/_history")[0])
    assert read.json()["identifier"][0]["value"] == value
    refused(await client.get(f"/{leaving}"), 410)


async def test_a_transaction_does_all_or_nothing(client: httpx.AsyncClient) -> None:
    value, present = fresh(), await updated(client, patient(id=fresh(), active=True))
    logical_id = present.partition("/")[2]
    entries = [
        post(identified(value)),
        put(patient(id=logical_id, active=False)),
        entry("DELETE", await created(client, patient())),
    ]
    bad = await run(client, "transaction", *entries, post(patient(gender="robot")))
    refused(bad, 422)
    assert await count(client, "Patient", identifier=value) == 0
    assert (await client.get(f"/{present}")).headers["etag"] == 'W/"1"'
    assert (await client.get(f"/{entries[2]['request']['url']}")).status_code == 200

    good = await run(client, "transaction", *entries, post(patient(gender="other")))
    assert good.status_code == 200
    assert await count(client, "Patient", identifier=value) == 1


async def test_a_transaction_may_hold_the_types_of_all_services(client: httpx.AsyncClient) -> None:
    someone = f"urn:uuid:{fresh()}"
    plan = {"resourceType": "CarePlan", "status": "draft", "intent": "plan"}
    answer = await run(
        client,
        "transaction",
        post(observation(someone)),
        post(plan | {"subject": {"reference": someone}}),
        post(patient(), full_url=someone),
    )
    assert answer.status_code == 200, answer.text


async def test_an_empty_transaction_is_answered(client: httpx.AsyncClient) -> None:
    for kind in ("transaction", "batch"):
        answer = await run(client, kind)
        assert answer.status_code == 200
        assert answer.json() == {"resourceType": "Bundle", "type": f"{kind}-response"}


async def test_get_head_and_search_entries_are_answered(client: httpx.AsyncClient) -> None:
    value, reference = fresh(), await created(client, patient())
    for kind in ("transaction", "batch"):
        answer = await run(
            client,
            kind,
            entry("GET", reference),
            entry("GET", f"{reference}/_history/1"),
            entry("GET", f"{reference}/_history"),
            entry("GET", f"Patient?identifier={value}"),
            entry("GET", reference, ifNoneMatch='W/"1"'),
            entry("HEAD", reference),
        )
        assert answer.status_code == 200, answer.text
        entries = answer.json()["entry"]
        statuses = [each["response"]["status"][:3] for each in entries]
        assert statuses == ["200", "200", "200", "200", "304", "200"]
        assert [each.get("resource", {}).get("resourceType") for each in entries] == [
            "Patient", "Patient", "Bundle", "Bundle", None, None,
        ]  # fmt: skip


async def test_a_search_in_a_transaction_sees_what_it_wrote(client: httpx.AsyncClient) -> None:
    value = fresh()
    search = entry("GET", f"Patient?identifier={value}&_summary=count")
    answer = await run(client, "transaction", search, post(identified(value)))
    assert answer.json()["entry"][0]["resource"]["total"] == 1


async def test_a_read_of_nothing_fails_the_transaction_and_not_the_batch(
    client: httpx.AsyncClient,
) -> None:
    entries = post(patient()), entry("GET", f"Patient/{fresh()}")
    answer = await run(client, "transaction", *entries)
    refused(answer, 404)
    assert places(answer) == ["Bundle.entry[1]"]
    assert (await run(client, "batch", *entries)).status_code == 200


async def test_an_update_that_changes_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    told = patient(id=fresh(), active=True)
    await updated(client, told)
    answer = await run(client, "transaction", put(told), post(patient()))
    [same, _] = answer.json()["entry"]
    assert same["response"]["status"][:3] == "200"
    assert same["response"]["etag"] == 'W/"1"'
    assert same["resource"]["active"] is True


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_a_conditional_create_finds_or_makes(client: httpx.AsyncClient, kind: str) -> None:
    value = fresh()
    make = post(identified(value), ifNoneExist=f"identifier={SYSTEM}|{value}")
    first = (await run(client, kind, make)).json()["entry"][0]["response"]
    again = (await run(client, kind, make)).json()["entry"][0]["response"]
    assert (first["status"][:3], again["status"][:3]) == ("201", "200")
    assert first["location"] == again["location"]
    assert await count(client, "Patient", identifier=value) == 1


async def test_what_a_conditional_create_finds_is_referred_to(client: httpx.AsyncClient) -> None:
    value, someone = fresh(), f"urn:uuid:{fresh()}"
    present = await created(client, identified(value))
    answer = await run(
        client,
        "transaction",
        post(observation(someone)),
        post(identified(value), full_url=someone, ifNoneExist=f"identifier={value}"),
    )
    assert answer.json()["entry"][0]["resource"]["subject"] == {"reference": present}


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_the_client_prefers_what_entries_answer(client: httpx.AsyncClient, kind: str) -> None:
    reference = await created(client, patient())
    entries = post(patient()), entry("GET", reference)

    minimal = await run(client, kind, *entries, Prefer="return=minimal")
    [made, read] = minimal.json()["entry"]
    assert "resource" not in made
    assert read["resource"]["resourceType"] == "Patient"

    told = await run(client, kind, *entries, Prefer="return=OperationOutcome")
    [made, _] = told.json()["entry"]
    assert "resource" not in made
    assert made["response"]["outcome"]["resourceType"] == "OperationOutcome"

    whole = await run(client, kind, *entries, Prefer="return=representation")
    assert whole.json()["entry"][0]["resource"]["resourceType"] == "Patient"


async def test_every_digit_goes_through_a_transaction(client: httpx.AsyncClient) -> None:
    body = (
        '{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST",'
        '"url":"Patient"},"resource":{"resourceType":"Patient","extension":[{"url":"urn:a",'
        '"valueDecimal":1.10},{"url":"urn:b","valueDecimal":1E-2}]}}]}'
    )
    base = str(client.base_url).rstrip("/")
    answer = await client.post(base, content=body)
    assert answer.status_code == 200, answer.text
    read = await client.get(answer.json()["entry"][0]["response"]["location"])
    for text in (answer.text, read.text):
        assert '"valueDecimal":1.10}' in text
        assert '"valueDecimal":1E-2}' in text


@pytest.mark.parametrize(
    "kind",
    ["document", "message", "history", "searchset", "collection", "batch-response", "x", None, 5],
)
async def test_another_bundle_posted_to_the_base_is_refused(
    client: httpx.AsyncClient, kind: object
) -> None:
    base = str(client.base_url).rstrip("/")
    told = {"resourceType": "Bundle"} | ({} if kind is None else {"type": kind})
    answer = await client.post(base, json=told)
    refused(answer, 400)
    assert places(answer) == ["Bundle.type"]


async def test_only_a_bundle_is_posted_to_the_base(client: httpx.AsyncClient) -> None:
    base = str(client.base_url).rstrip("/")
    for body in (patient(), {}, {"resourceType": ["Bundle"]}):
        refused(await client.post(base, json=body), 400)
    refused(await client.post(base), 400)
    answer = await client.put(base, json={})
    refused(answer, 405)
    assert "POST" in answer.headers["allow"]
    assert issues(answer)
