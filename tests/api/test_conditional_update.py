"""FHIR conditional update: PUT with criteria. https://hl7.org/fhir/R4/http.html#cond-update"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.api.resources import (
    SYSTEM,
    count,
    created,
    entry,
    fresh,
    identified,
    patient,
    places,
    post,
    put,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

    from tests.api.resources import Resource

PARALLEL = 16


def _url(value: str) -> str:
    return f"/Patient?identifier={SYSTEM}|{value}"


async def _update(client: httpx.AsyncClient, value: str, **elements: object) -> httpx.Response:
    return await client.put(_url(value), json=identified(value, "Patient", **elements))


async def _entry(
    client: httpx.AsyncClient, kind: str, value: str, told: Resource | None = None, **request: str
) -> httpx.Response:
    told = told or identified(value)
    return await run(client, kind, entry("PUT", _url(value)[1:], told, **request))


async def test_without_match_it_creates(client: httpx.AsyncClient) -> None:
    value = fresh()
    answer = await _update(client, value)

    assert answer.status_code == 201
    made = f"Patient/{answer.json()['id']}"
    assert answer.headers["location"].endswith(f"{made}/_history/1")
    assert (await client.get(f"/{made}")).content == answer.content
    assert await count(client, "Patient", identifier=value) == 1


async def test_the_one_match_is_updated(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value, active=True))
    answer = await _update(client, value, active=False)

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert "location" not in answer.headers
    assert f"Patient/{answer.json()['id']}" == reference
    assert (await client.get(f"/{reference}")).json()["active"] is False


async def test_what_changes_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    value = fresh()
    await _update(client, value)
    again = await _update(client, value)
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"')


async def test_several_matches_are_refused_and_stay(client: httpx.AsyncClient) -> None:
    value = fresh()
    references = [await created(client, identified(value)) for _ in range(2)]
    refused(await _update(client, value, active=True), 412)
    for each in references:
        assert (await client.get(f"/{each}")).headers["etag"] == 'W/"1"'


async def test_without_match_the_id_of_the_body_is_taken(client: httpx.AsyncClient) -> None:
    value, logical_id = fresh(), fresh()
    answer = await _update(client, value, id=logical_id)
    assert (answer.status_code, answer.json()["id"]) == (201, logical_id)


async def test_without_match_an_id_that_is_taken_is_a_conflict(client: httpx.AsyncClient) -> None:
    value, other = fresh(), (await created(client, patient())).removeprefix("Patient/")
    refused(await _update(client, value, id=other), 409)
    assert (await client.get(f"/Patient/{other}")).headers["etag"] == 'W/"1"'

    await client.delete(f"/Patient/{other}")
    answer = await _update(client, value, id=other)
    assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"3"')


async def test_an_id_that_is_not_the_match_s_is_malformed(client: httpx.AsyncClient) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    answer = await _update(client, value, id=fresh())
    refused(answer, 400)
    assert places(answer) == ["Patient.id"]

    own = reference.removeprefix("Patient/")
    assert (await _update(client, value, id=own, active=True)).status_code == 200


@pytest.mark.parametrize("given", [5, None, "", "a b", "x" * 65, "..", ["a"], {}])
async def test_an_id_that_is_none_is_malformed(client: httpx.AsyncClient, given: object) -> None:
    value = fresh()
    refused(await _update(client, value, id=given), 400)
    assert await count(client, "Patient", identifier=value) == 0


@pytest.mark.parametrize("query", ["", "?", "?_count=1", "?nonsense=1", "?identifier=", "?_id="])
async def test_an_unusable_criterion_is_malformed(client: httpx.AsyncClient, query: str) -> None:
    refused(await client.put(f"/Patient{query}", json=patient()), 400)


async def test_lenient_handling_drops_no_criterion(client: httpx.AsyncClient) -> None:
    value = fresh()
    headers = {"Prefer": "handling=lenient"}
    url = f"{_url(value)}&nonsense=1"
    refused(await client.put(url, json=identified(value), headers=headers), 400)
    answer = await client.put(_url(value), json=identified(value), headers=headers)
    assert answer.status_code == 201


async def test_layout_is_no_criterion(client: httpx.AsyncClient) -> None:
    value = fresh()
    answer = await client.put(f"{_url(value)}&_pretty=true&_format=json", json=identified(value))
    assert answer.status_code == 201
    assert b"\n  " in answer.content
    refused(await client.put("/Patient?_pretty=true", json=patient()), 400)


@pytest.mark.parametrize(("told", "status"), [('W/"1"', 200), ('W/"2"', 412), ("*", 200)])
async def test_if_match_is_honoured(client: httpx.AsyncClient, told: str, status: int) -> None:
    value = fresh()
    await created(client, identified(value))
    headers = {"If-Match": told}
    answer = await client.put(_url(value), json=identified(value, active=True), headers=headers)
    assert answer.status_code == status


async def test_if_match_never_creates_and_if_none_match_only_creates(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    told = identified(value)
    refused(await client.put(_url(value), json=told, headers={"If-Match": "*"}), 412)
    only_create = {"If-None-Match": "*"}
    assert (await client.put(_url(value), json=told, headers=only_create)).status_code == 201
    refused(await client.put(_url(value), json=told, headers=only_create), 412)


async def test_labels_are_carried_forward(client: httpx.AsyncClient) -> None:
    value = fresh()
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    await created(client, identified(value, meta={"security": [label]}))
    assert (await _update(client, value)).json()["meta"]["security"] == [label]


async def test_a_resource_read_in_part_is_refused(client: httpx.AsyncClient) -> None:
    value = fresh()
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}
    await created(client, identified(value))
    refused(await _update(client, value, meta={"tag": [tag | {"code": "SUBSETTED"}]}), 422)
    assert (await _update(client, value, meta={"tag": [tag | {"code": "x"}]})).status_code == 200


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_in_a_bundle_it_creates_and_then_updates(
    client: httpx.AsyncClient, kind: str
) -> None:
    value = fresh()
    for active, status in ((True, "201"), (False, "200"), (False, "200")):
        answer = await _entry(client, kind, value, identified(value, active=active))
        assert answer.status_code == 200, answer.text
        [told] = answer.json()["entry"]
        assert told["response"]["status"] == status
        assert told["response"]["location"].startswith(str(client.base_url))
    assert told["response"]["etag"] == 'W/"2"'
    assert await count(client, "Patient", identifier=value) == 1


async def test_in_a_transaction_several_matches_fail_the_whole(client: httpx.AsyncClient) -> None:
    value, other = fresh(), fresh()
    for _ in range(2):
        await created(client, identified(value))
    told = entry("PUT", _url(value)[1:], identified(value))
    answer = await run(client, "transaction", put(patient(id=other)), told)
    refused(answer, 412)
    assert places(answer) == ["Bundle.entry[1]"]
    assert (await client.get(f"/Patient/{other}")).status_code == 404

    answer = await run(client, "batch", put(patient(id=other)), told)
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert statuses == ["201", "412"]


async def test_in_a_transaction_its_criteria_are_located(client: httpx.AsyncClient) -> None:
    answer = await run(client, "transaction", entry("PUT", "Patient?nonsense=1", patient()))
    refused(answer, 400)
    assert places(answer) == ["Bundle.entry[0].request.url"]


async def test_in_a_transaction_one_resource_may_not_be_meant_twice(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    told = entry("PUT", _url(value)[1:], identified(value, active=True))
    direct = identified(value, id=reference.removeprefix("Patient/"), gender="other")
    refused(await run(client, "transaction", told, put(direct)), 400)
    refused(await run(client, "transaction", told, told), 400)
    assert (await run(client, "transaction", told)).status_code == 200


async def test_in_a_transaction_a_link_to_it_is_rewritten_to_the_match(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    reference = await created(client, identified(value))
    name = f"urn:uuid:{fresh()[:8]}-0000-4000-8000-000000000000"
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "falls"},
        "subject": {"reference": name},
    }
    told = entry("PUT", _url(value)[1:], identified(value, active=True), full_url=name)
    answer = await run(client, "transaction", entry("POST", "Flag", flag), told)
    assert answer.status_code == 200, answer.text
    assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == reference


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_in_a_transaction_no_other_entry_may_make_what_was_looked_for(
    client: httpx.AsyncClient, method: str
) -> None:
    value = fresh()
    if method == "PUT":
        told = entry("PUT", _url(value)[1:], identified(value))
    else:
        told = post(identified(value), ifNoneExist=f"identifier={SYSTEM}|{value}")
    answer = await run(client, "transaction", told, post(identified(value)))
    refused(answer, 412)
    assert places(answer) == ["Bundle.entry[0]"]
    assert await count(client, "Patient", identifier=value) == 0

    other = post(identified(fresh()))
    assert (await run(client, "transaction", told, other)).status_code == 200
    assert await count(client, "Patient", identifier=value) == 1


async def _round(client: httpx.AsyncClient) -> list[int]:
    value = fresh()
    answers = await asyncio.gather(
        *(_update(client, value, name=[{"family": f"n{i}"}]) for i in range(PARALLEL))
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    versions = sorted(int(answer.json()["meta"]["versionId"]) for answer in answers)
    assert versions == list(range(1, PARALLEL + 1))
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("rounds", [10, pytest.param(1000, marks=pytest.mark.long)])
async def test_sixteen_at_once_make_one_resource(client: httpx.AsyncClient, rounds: int) -> None:
    for _ in range(rounds):
        assert await _round(client) == [200] * (PARALLEL - 1) + [201]


async def test_one_identifier_asked_for_in_many_ways_makes_one_resource(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(5):
        value = fresh()
        told = identified(value, "Patient", active=True)
        ways = (
            f"identifier={value}",
            f"identifier={SYSTEM}|{value}",
            f"active=true&identifier={SYSTEM}|{value}",
            f"identifier={value},{fresh()}",
        )
        answers = await asyncio.gather(
            *(client.put(f"/Patient?{way}", json=told) for way in ways * 4),
        )
        assert {answer.status_code for answer in answers} == {200, 201}
        assert len({answer.json()["id"] for answer in answers}) == 1


async def test_creates_and_updates_on_one_condition_make_one_resource(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(5):
        value = fresh()
        condition = {"If-None-Exist": f"identifier={SYSTEM}|{value}"}
        told = identified(value)
        answers = await asyncio.gather(
            *(client.post("/Patient", json=told, headers=condition) for _ in range(8)),
            *(_update(client, value, active=True) for _ in range(8)),
        )
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert [answer.status_code for answer in answers].count(201) == 1
        assert await count(client, "Patient", identifier=value) == 1
