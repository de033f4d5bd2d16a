"""Labels over HTTP: told, put on and taken off, each change a version of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.parameters import given, told
from tests.api.resources import created, fresh, patient, refused

if TYPE_CHECKING:
    import httpx

    from tests.api.auditing import Audit

TAGS = "http://test.example/tags"
PROFILE = "http://test.example/StructureDefinition/none"


def tag(code: str, **elements: str) -> dict[str, str]:
    return {"system": TAGS, "code": code, **elements}


def labels(**kinds: object) -> dict[str, Any]:
    return given(meta_valueMeta=kinds)


async def version(client: httpx.AsyncClient, reference: str) -> int:
    return int((await client.get(f"/{reference}")).json()["meta"]["versionId"])


async def test_labels_are_put_on_and_taken_off(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient(meta={"tag": [tag("a", display="A")]}))
    body = labels(tag=[tag("a"), tag("b")], security=[tag("r")], profile=[PROFILE])
    added = await client.post(f"/{reference}/$meta-add", json=body)
    assert added.headers["etag"] == 'W/"2"'
    meta = told(added, "return")
    assert meta["tag"] == [tag("a", display="A"), tag("b")]
    assert (meta["security"], meta["profile"]) == ([tag("r")], [PROFILE])
    assert meta == (await client.get(f"/{reference}")).json()["meta"]

    body = labels(tag=[tag("a", display="other"), tag("z")], profile=[PROFILE])
    taken = await client.post(f"/{reference}/$meta-delete", json=body)
    assert told(taken, "return")["tag"] == [tag("b")]
    assert "profile" not in told(taken, "return")
    assert told(taken, "return")["versionId"] == "3"
    assert told(await client.get(f"/{reference}/$meta"), "return") == told(taken, "return")
    assert told(await client.post(f"/{reference}/$meta"), "return") == told(taken, "return")


async def test_what_changes_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient(meta={"tag": [tag("a")]}))
    for path, code in (("$meta-add", "a"), ("$meta-delete", "z")):
        answer = await client.post(f"/{reference}/{path}", json=labels(tag=[tag(code)]))
        assert told(answer, "return")["versionId"] == "1"
    # A plain update does not take a label off.
    body = {"resourceType": "Patient", "id": reference.partition("/")[2], "active": True}
    assert (await client.put(f"/{reference}", json=body)).json()["meta"]["tag"] == [tag("a")]


async def test_a_label_is_found_as_soon_as_it_is_put_on(client: httpx.AsyncClient) -> None:
    reference, code = await created(client, patient()), fresh()
    searched = {"_tag": f"{TAGS}|{code}"}
    assert "entry" not in (await client.get("/Patient", params=searched)).json()
    await client.post(f"/{reference}/$meta-add", json=labels(tag=[tag(code)]))
    found = (await client.get("/Patient", params=searched)).json()["entry"]
    assert [f"Patient/{each['resource']['id']}" for each in found] == [reference]


async def test_writers_at_the_same_moment_lose_no_label(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    codes = [f"t{number}" for number in range(12)]
    answers = await asyncio.gather(
        *(client.post(f"/{reference}/$meta-add", json=labels(tag=[tag(code)])) for code in codes)
    )
    assert all(answer.status_code == 200 for answer in answers)
    meta = told(await client.get(f"/{reference}/$meta"), "return")
    assert {each["code"] for each in meta["tag"]} == set(codes)
    assert meta["versionId"] == str(1 + len(codes))


async def test_a_stale_version_is_refused(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    body = labels(tag=[tag("a")])
    stale = {"If-Match": 'W/"7"'}
    refused(await client.post(f"/{reference}/$meta-add", json=body, headers=stale), 412)
    current = {"If-Match": 'W/"1"'}
    assert (
        await client.post(f"/{reference}/$meta-add", json=body, headers=current)
    ).status_code == 200


@pytest.mark.parametrize("name", ["$meta-add", "$meta-delete"])
async def test_what_is_no_change_of_labels_is_refused(client: httpx.AsyncClient, name: str) -> None:
    reference = await created(client, patient())
    refused(await client.post(f"/{reference}/{name}", json=given()), 400)
    refused(await client.post(f"/{reference}/{name}", json=labels(tag="a")), 400)
    refused(await client.get(f"/{reference}/{name}"), 405)
    refused(await client.post(f"/Patient/{fresh()}/{name}", json=labels(tag=[tag("a")])), 404)
    refused(await client.post(f"/Patient/{name}", json=labels(tag=[tag("a")])), 404)
    await client.delete(f"/{reference}")
    refused(await client.post(f"/{reference}/{name}", json=labels(tag=[tag("a")])), 410)
    refused(await client.get(f"/{reference}/$meta"), 410)


async def test_a_resource_is_not_called_a_part_of_itself(client: httpx.AsyncClient) -> None:
    reference = await created(client, patient())
    part = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED",
    }
    refused(await client.post(f"/{reference}/$meta-add", json=labels(tag=[part])), 422)
    assert await version(client, reference) == 1


async def test_labels_in_use_are_summed_up(client: httpx.AsyncClient) -> None:
    one, two, gone = fresh(), fresh(), fresh()
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    await created(client, basic | {"meta": {"tag": [tag(one), tag(two)]}})
    await created(client, basic | {"meta": {"tag": [tag(one)], "security": [tag(two)]}})
    deleted = await created(client, basic | {"meta": {"tag": [tag(gone)]}})
    await client.delete(f"/{deleted}")
    of_type = told(await client.get("/Basic/$meta"), "return")
    used = [each["code"] for each in of_type["tag"]]
    assert (used.count(one), used.count(two), used.count(gone)) == (1, 1, 0)
    assert tag(two) in of_type["security"]
    of_all = told(await client.get("/$meta"), "return")
    assert tag(one) in of_all["tag"]
    of_another = told(await client.get("/Account/$meta"), "return")
    assert of_another is None


async def test_a_change_of_labels_is_audited(client: httpx.AsyncClient, audit: Audit) -> None:
    reference, trace = await created(client, patient()), fresh()
    body = labels(tag=[tag("a")])
    answer = await client.post(
        f"/{reference}/$meta-add", json=body, headers={"X-Request-Id": trace}
    )
    assert answer.status_code == 200
    rows = await audit.of(trace)
    assert {each.interaction for each in rows} == {"update", "operation"}
