"""What the operator may demand of those who write, and allow them: each setting beside its absence.

The settings are told in docs/deployment.md.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
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
from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SETTINGS = {
    "STEPDOWN_EXTERNAL_REFERENCES": "true",
    "STEPDOWN_IF_MATCH_TYPES": "CarePlan, Task",
    "STEPDOWN_MULTIPLE_DELETE": "true",
}
RETITLED = [{"op": "add", "path": "/title", "value": "Changed"}]
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture(scope="module")
def own_database(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture(scope="module")
def governed_programs(own_database: str) -> Iterator[Programs]:
    with Programs.all_in_one(own_database, told={"front-door": SETTINGS}) as programs:
        yield programs


@pytest.fixture(scope="module")
async def governed(governed_programs: Programs) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has all three settings."""
    base = governed_programs.fhir
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as client:
        yield client


def _plan(**elements: object) -> dict[str, Any]:
    told = {"status": "draft", "intent": "plan", "subject": {"reference": "Patient/any"}}
    return {"resourceType": "CarePlan", **told, **elements}


async def _statement(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    statement = (await client.get("/metadata")).json()
    found: list[dict[str, Any]] = statement["rest"][0]["resource"]
    return found


# If-Match


async def _plan_of_someone(client: httpx.AsyncClient, **elements: object) -> dict[str, Any]:
    subject = {"reference": await created(client, patient())}
    plan = _plan(id=fresh(), subject=subject, **elements)
    await updated(client, plan)
    return plan


async def test_a_change_of_a_named_type_needs_if_match(
    client: httpx.AsyncClient, governed: httpx.AsyncClient
) -> None:
    for each, status in ((client, 200), (governed, 428)):
        plan = await _plan_of_someone(each)
        url = f"/CarePlan/{plan['id']}"
        answer = await each.put(url, json=plan | {"title": "Changed"})
        assert answer.status_code == status
        patched = await each.patch(url, json=RETITLED, headers=JSON_PATCH)
        assert patched.status_code == status
    assert "CarePlan needs If-Match" in refused(answer, 428)
    assert issues(patched)[0]["code"] == "required"
    for told, expected in (('W/"9"', 412), ("9", 400), ('W/"1"', 200), ("*", 200)):
        answer = await governed.put(url, json=plan | {"title": told}, headers={"If-Match": told})
        assert answer.status_code == expected


async def test_what_cannot_be_lost_needs_no_if_match(governed: httpx.AsyncClient) -> None:
    plan = await _plan_of_someone(governed)
    url = f"/CarePlan/{plan['id']}"
    assert (await governed.delete(url)).status_code == 204
    assert (await governed.put(url, json=plan)).status_code == 201
    unknown = await governed.patch(f"/CarePlan/{fresh()}", json=RETITLED, headers=JSON_PATCH)
    assert unknown.status_code == 404
    someone = await created(governed, patient())
    other = patient(id=someone.partition("/")[2], active=True)
    assert (await governed.put(f"/{someone}", json=other)).status_code == 200


async def test_a_conditional_change_of_a_named_type_needs_if_match(
    governed: httpx.AsyncClient,
) -> None:
    value = fresh()
    plan = await _plan_of_someone(governed, identifier=[{"system": SYSTEM, "value": value}])
    url = f"/CarePlan?identifier={value}"
    changed = plan | {"title": "Changed"}
    refused(await governed.put(url, json=changed), 428)
    refused(await governed.patch(url, json=RETITLED, headers=JSON_PATCH), 428)
    answer = await governed.put(url, json=changed, headers={"If-Match": 'W/"1"'})
    assert answer.status_code == 200
    told = JSON_PATCH | {"If-Match": 'W/"2"'}
    assert (await governed.patch(url, json=RETITLED, headers=told)).status_code == 200
    made = await governed.put(f"/CarePlan?identifier={fresh()}", json=_plan())
    assert made.status_code == 201


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_an_entry_that_changes_a_named_type_needs_if_match(
    governed: httpx.AsyncClient, kind: str
) -> None:
    plan = await _plan_of_someone(governed)
    changed = plan | {"title": "Changed"}
    answer = await run(governed, kind, post(patient()), put(changed))
    if kind == "transaction":
        refused(answer, 428)
        assert places(answer) == ["Bundle.entry[1]"]
    else:
        assert answer.json()["entry"][1]["response"]["status"] == "428"
    answer = await run(governed, kind, post(patient()), put(changed, ifMatch='W/"1"'))
    assert answer.json()["entry"][1]["response"]["status"] == "200"


# A conditional delete of several


@pytest.fixture
async def several(governed: httpx.AsyncClient) -> str:
    """The identifier that three Patients of the governed server have."""
    value = fresh()
    for _ in range(3):
        await created(governed, identified(value))
    return value


def _url(value: str, *, of: int | None = None) -> str:
    return f"/Patient?identifier={SYSTEM}|{value}" + ("" if of is None else f"&_count={of}")


async def test_several_matches_are_deleted_where_asked_for_and_allowed(
    client: httpx.AsyncClient, governed: httpx.AsyncClient, several: str
) -> None:
    refused(await governed.delete(_url(several)), 412)
    assert await count(governed, "Patient", identifier=several) == 3
    for _ in range(2):
        await created(client, identified(several))
    refused(await client.delete(_url(several, of=5)), 412)

    answer = await governed.delete(_url(several, of=5))

    assert answer.status_code == 200, answer.text
    assert [each["diagnostics"] for each in issues(answer)] == ["3 resources were deleted."]
    assert await count(governed, "Patient", identifier=several) == 0
    again = await governed.delete(_url(several, of=5))
    assert (again.status_code, again.content) == (204, b"")


async def test_no_more_are_deleted_than_were_asked_for(
    governed: httpx.AsyncClient, several: str
) -> None:
    assert (await governed.delete(_url(several, of=1))).status_code == 204
    assert await count(governed, "Patient", identifier=several) == 2
    assert (await governed.delete(_url(several, of=2))).status_code == 200
    assert await count(governed, "Patient", identifier=several) == 0


@pytest.mark.parametrize(
    "query", ["_count=5", "identifier=&_count=5", "nonsense=1&_count=5", "_count=all&identifier=x"]
)
async def test_an_unusable_criterion_never_deletes_several(
    governed: httpx.AsyncClient, several: str, query: str
) -> None:
    refused(await governed.delete(f"/Patient?{query}"), 400)
    assert await count(governed, "Patient", identifier=several) == 3


async def test_of_several_all_are_deleted_or_none(
    governed: httpx.AsyncClient, several: str
) -> None:
    someone = await created(governed, identified(several))
    held = await created(governed, observation(someone))
    assert held in refused(await governed.delete(_url(several, of=9)), 409)
    assert await count(governed, "Patient", identifier=several) == 4
    await governed.delete(f"/{held}")
    assert (await governed.delete(_url(several, of=9))).status_code == 200


async def test_several_that_refer_to_one_another_go_together(governed: httpx.AsyncClient) -> None:
    value, first = fresh(), await created(governed, patient())
    linked = [{"other": {"reference": first}, "type": "seealso"}]
    second = await created(governed, identified(value, link=linked))
    back = [{"other": {"reference": second}, "type": "seealso"}]
    await updated(governed, identified(value, id=first.partition("/")[2], link=back))
    assert (await governed.delete(_url(value, of=2))).status_code == 200
    assert await count(governed, "Patient", identifier=value) == 0


async def test_each_of_several_deletions_is_in_history_and_audit(
    governed: httpx.AsyncClient, own_database: str, several: str
) -> None:
    found = (await governed.get(_url(several))).json()["entry"]
    await governed.delete(_url(several, of=9), headers={"X-Request-Id": several})
    for each in found:
        history = await governed.get(f"/Patient/{each['resource']['id']}/_history")
        methods = [told["request"]["method"] for told in history.json()["entry"]]
        assert methods == ["DELETE", "POST"]
    connection = await asyncpg.connect(own_database)
    try:
        ids = [each["resource"]["id"] for each in found]
        audited = await connection.fetchval(
            "SELECT count(*) FROM record.audit WHERE interaction = 'delete' AND request_id = $1",
            several,
        )
        fed = await connection.fetchval(
            "SELECT count(*) FROM record.feed WHERE id = ANY($1) AND version = 2", ids
        )
    finally:
        await connection.close()
    assert (audited, fed) == (3, 3)


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_a_bundle_may_delete_several_by_one_entry(
    governed: httpx.AsyncClient, several: str, kind: str
) -> None:
    other = fresh()
    deleting = entry("DELETE", _url(several, of=9)[1:])
    answer = await run(governed, kind, post(identified(other)), deleting)
    assert answer.status_code == 200, answer.text
    made, told = answer.json()["entry"]
    assert made["response"]["status"] == "201"
    assert told["response"]["status"] == "200"
    assert told["response"]["outcome"]["issue"][0]["diagnostics"] == "3 resources were deleted."
    assert "resource" not in told
    assert await count(governed, "Patient", identifier=several) == 0


async def test_many_deletions_of_several_at_once_delete_each_once(
    governed: httpx.AsyncClient, several: str
) -> None:
    answers = await asyncio.gather(*(governed.delete(_url(several, of=9)) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 204, 204, 204]


async def test_the_statement_tells_whether_several_are_deleted(
    client: httpx.AsyncClient, governed: httpx.AsyncClient
) -> None:
    for each, expected in ((client, "single"), (governed, "multiple")):
        told = {one["conditionalDelete"] for one in await _statement(each)}
        assert told - {"not-supported"} == {expected}
        own = str(each.base_url).removesuffix("/fhir/") + "/plan/fhir/metadata"
        statement = (await each.get(own)).json()
        assert statement["rest"][0]["resource"][0]["conditionalDelete"] == expected


# References to what is not there


async def test_a_reference_may_lead_to_what_is_not_there_where_allowed(
    client: httpx.AsyncClient, governed: httpx.AsyncClient
) -> None:
    for reference in (
        f"Patient/{fresh()}",
        f"Patient/{fresh()}/_history/9",
        "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a06",
    ):
        refused(await client.post("/Observation", json=observation(reference)), 422)
        answer = await governed.post("/Observation", json=observation(reference))
        assert answer.status_code == 201, answer.text
        assert answer.json()["subject"] == {"reference": reference}


async def test_what_is_no_reference_is_refused_also_where_they_are_free(
    governed: httpx.AsyncClient,
) -> None:
    for reference in ("foo", "Nonsense/1", "Patient?identifier=x"):
        answer = await governed.post("/Observation", json=observation(reference))
        assert answer.status_code in {400, 422}
    urn = "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a07"
    refused(await run(governed, "transaction", post(observation(urn))), 422)
    told = post(observation(f"Patient/{fresh()}"))
    assert (await run(governed, "transaction", told)).status_code == 200


async def test_what_leads_nowhere_is_searched_read_changed_and_deleted_as_all_else(
    governed: httpx.AsyncClient,
) -> None:
    subject = f"Patient/{fresh()}"
    made = await created(governed, observation(subject))
    found = await governed.get(f"/Observation?subject={subject}")
    assert [each["resource"]["id"] for each in found.json()["entry"]] == [made.partition("/")[2]]
    included = await governed.get(f"/Observation?subject={subject}&_include=Observation:subject")
    assert included.status_code < 500
    content = (await governed.get(f"/{made}")).json() | {"issued": "2026-03-01T09:00:00Z"}
    assert (await governed.put(f"/{made}", json=content)).status_code == 200
    assert (await governed.get(f"/{made}/_history")).json()["entry"]
    assert (await governed.delete(f"/{made}")).status_code == 204


async def test_who_comes_later_is_referred_to_and_stays(governed: httpx.AsyncClient) -> None:
    someone = fresh()
    made = await created(governed, observation(f"Patient/{someone}"))
    await updated(governed, patient(id=someone))
    assert made in refused(await governed.delete(f"/Patient/{someone}"), 409)
    assert (await governed.delete(f"/{made}")).status_code == 204
    assert (await governed.delete(f"/Patient/{someone}")).status_code == 204
