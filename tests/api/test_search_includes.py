"""`_include` and `_revinclude` over HTTP. https://hl7.org/fhir/R4/search.html#include"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.resources import (
    created,
    fresh,
    identified,
    link,
    observation,
    post,
    refused,
    run,
)

if TYPE_CHECKING:
    import httpx

    from tests.programs import Programs

FORM = {"content-type": "application/x-www-form-urlencoded"}


def entries(answer: httpx.Response, mode: str) -> list[str]:
    """The references of a searchset's entries in one mode, each with its whole address."""
    assert answer.status_code == 200, answer.text
    found = [each for each in answer.json().get("entry", []) if each["search"]["mode"] == mode]
    references = [f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in found]
    for entry, reference in zip(found, references, strict=True):
        assert entry["fullUrl"].endswith(f"/{reference}")
    return references


async def _world(client: httpx.AsyncClient) -> tuple[str, str, list[str], str]:
    """An organization, a patient of it, two observations of theirs, and their mark."""
    mark = fresh()
    organization = await created(client, identified(mark, "Organization", name=f"Oak {mark}"))
    told = identified(mark, managingOrganization={"reference": organization})
    someone = await created(client, told)
    measured = [await created(client, identified(mark) | observation(someone)) for _ in range(2)]
    return organization, someone, measured, mark


async def test_matches_and_what_stands_beside_them_are_marked(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    organization, someone, measured, mark = await _world(client)
    asked = f"identifier={mark}&_include=Observation:subject:Patient"
    answer = await client.get(f"/Observation?{asked}")

    assert entries(answer, "match") == measured
    assert entries(answer, "include") == [someone]
    assert answer.json()["entry"][-1]["fullUrl"] == f"{all_in_one.fhir}/{someone}"
    assert answer.json()["entry"][-1]["resource"] == (await client.get(f"/{someone}")).json()
    assert "_include=Observation%3Asubject%3APatient" in (link(answer, "self") or "")

    further = f"{asked}&_include:iterate=Patient:organization&_total=accurate"
    answer = await client.get(f"/Observation?{further}")
    assert entries(answer, "include") == [someone, organization]
    assert answer.json()["total"] == 2

    answer = await client.post("/Observation/_search", content=further, headers=FORM)
    assert entries(answer, "include") == [someone, organization]


async def test_what_refers_to_a_match_stands_beside_it(client: httpx.AsyncClient) -> None:
    organization, someone, measured, mark = await _world(client)
    answer = await client.get(f"/Patient?identifier={mark}&_revinclude=Observation:subject")
    assert entries(answer, "match") == [someone]
    assert entries(answer, "include") == measured

    asked = "_revinclude=Patient:organization&_revinclude:iterate=Observation:patient"
    answer = await client.get(f"/Organization?identifier={mark}&{asked}")
    assert entries(answer, "match") == [organization]
    assert entries(answer, "include") == [someone, *measured]


async def test_each_page_has_its_own_and_none_twice(client: httpx.AsyncClient) -> None:
    _, someone, measured, mark = await _world(client)
    [first, second] = measured
    body = (await client.get(f"/{second}")).json()
    body["hasMember"] = [{"reference": first}]
    assert (await client.put(f"/{second}", json=body)).status_code == 200

    asked = f"identifier={mark}&_include=Observation:subject&_include=Observation:has-member"
    answer = await client.get(f"/Observation?{asked}")
    assert entries(answer, "match") == measured
    assert entries(answer, "include") == [someone]

    answer = await client.get(f"/Observation?{asked}&_count=1&_sort=_lastUpdated")
    assert (entries(answer, "match"), entries(answer, "include")) == ([first], [someone])
    answer = await client.get(link(answer, "next") or "")
    assert entries(answer, "match") == [second]
    assert sorted(entries(answer, "include")) == sorted([first, someone])


async def test_what_is_included_is_whole(client: httpx.AsyncClient) -> None:
    _, someone, _, mark = await _world(client)
    asked = f"identifier={mark}&_include=Observation:subject&_elements=status"
    answer = await client.get(f"/Observation?{asked}")
    *matches, included = answer.json()["entry"]
    assert all("subject" not in each["resource"] for each in matches)
    assert included["resource"] == (await client.get(f"/{someone}")).json()

    answer = await client.get(f"/Observation?{asked.replace('_elements=status', '_count=0')}")
    assert "entry" not in answer.json()


async def test_every_service_includes_what_another_one_owns(
    client: httpx.AsyncClient, all_in_one: Programs
) -> None:
    organization, someone, measured, mark = await _world(client)
    progress, intake = all_in_one.base("progress"), all_in_one.base("intake")
    asked = f"identifier={mark}&_include=Observation:subject"
    answer = await client.get(f"{progress}/Observation?{asked}")
    assert (entries(answer, "match"), entries(answer, "include")) == (measured, [someone])
    asked = f"identifier={mark}&_revinclude=Observation:subject&_include=Patient:organization"
    answer = await client.get(f"{intake}/Patient?{asked}")
    assert sorted(entries(answer, "include")) == sorted([organization, *measured])


async def test_more_than_a_thousand_are_cut_and_told(client: httpx.AsyncClient) -> None:
    mark = fresh()
    someone = await created(client, identified(mark))
    for _ in range(2):
        answer = await run(client, "batch", *(post(observation(someone)) for _ in range(501)))
        assert answer.status_code == 200
    answer = await client.get(f"/Patient?identifier={mark}&_revinclude=Observation:subject")
    assert len(entries(answer, "include")) == 1000
    *_, last = answer.json()["entry"]
    assert last["search"] == {"mode": "outcome"}
    [issue] = last["resource"]["issue"]
    assert (issue["severity"], issue["code"]) == ("warning", "too-costly")
    assert "more to include" in issue["diagnostics"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("_include=*", "takes no '*'"),
        ("_include=Observation:*", "takes no '*'"),
        ("_include=Observation:code", "is no reference"),
        ("_include=Observation:nothing", "valid for Observation are"),
        ("_include=Patient:organization", "_include:iterate"),
        ("_revinclude=Encounter:patient", "leads to the matches"),
        ("_include:recurse=Observation:subject", "valid is 'iterate'"),
    ],
)
async def test_what_cannot_be_included_is_refused(
    client: httpx.AsyncClient, asked: str, said: str
) -> None:
    assert said in refused(await client.get(f"/Observation?{asked}"), 400)
    answer = await client.get(
        f"/Observation?{asked}&_count=1", headers={"prefer": "handling=lenient"}
    )
    assert answer.status_code == 200
    assert said in str(answer.json()["entry"][-1]["resource"])


async def test_a_condition_includes_nothing(client: httpx.AsyncClient) -> None:
    mark = fresh()
    criteria = f"identifier={mark}&_include=Patient:organization"
    answer = await client.post(
        "/Patient", json=identified(mark), headers={"if-none-exist": criteria}
    )
    assert "include none" in refused(answer, 400)
