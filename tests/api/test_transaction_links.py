"""Links between a transaction's entries, and conditional references.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    SYSTEM,
    bundle,
    count,
    created,
    entry,
    fresh,
    identified,
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


def _resources(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in answer.json()["entry"]]


async def test_links_to_entries_are_rewritten_where_the_definition_says_so_and_nowhere_else(
    client: httpx.AsyncClient,
) -> None:
    urn = f"urn:uuid:{fresh()}"
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="%s">x</a> %s</div>'
    holder = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "title": urn,
        "subject": {"reference": urn, "display": urn},
        "author": {"reference": f"{urn}#part"},
        "instantiatesUri": [urn, "http://other.example"],
        "instantiatesCanonical": [urn],
        "identifier": [{"system": urn, "value": urn}],
        "text": {"status": "generated", "div": div % (urn, urn)},
        "extension": [
            {"url": "http://a.example", "valueUri": urn},
            {"url": "http://a.example", "valueUrl": urn},
            {"url": "http://a.example", "valueString": urn},
        ],
    }
    [plan, someone] = _resources(
        await run(client, "transaction", post(holder), post(patient(), full_url=urn))
    )
    target = f"Patient/{someone['id']}"
    assert plan["subject"] == {"reference": target, "display": urn}
    assert plan["author"] == {"reference": f"{target}#part"}
    assert plan["instantiatesUri"] == [target, "http://other.example"]
    assert plan["instantiatesCanonical"] == [urn]
    assert plan["identifier"] == [{"system": target, "value": urn}]
    assert plan["text"]["div"] == div % (target, urn)
    assert [each[key] for each, key in zip(
        plan["extension"], ("valueUri", "valueUrl", "valueString"), strict=True
    )] == [target, target, urn]  # fmt: skip
    assert plan["title"] == urn
    refused(await client.delete(f"/{target}"), 409)


async def test_a_uuid_takes_the_new_id_and_an_oid_can_hold_none(client: httpx.AsyncClient) -> None:
    urn, oid = "urn:uuid:0b9f0d5c-4b0f-4c5e-9d39-2d1f6f1f0a08", "urn:oid:1.2.3.4"

    def linking(kind: str, link: str) -> dict[str, Any]:
        return post(patient(extension=[{"url": "http://a.example", kind: link}]))

    named = post(patient(), full_url=urn)
    [made, someone] = _resources(await run(client, "transaction", linking("valueUuid", urn), named))
    assert made["extension"][0]["valueUuid"] == f"urn:uuid:{someone['id']}"
    [made, _] = _resources(await run(client, "transaction", linking("valueOid", oid), named))
    assert made["extension"][0]["valueOid"] == oid

    for kind, link, entry_ in (
        ("valueUuid", urn, put(patient(id=fresh()), full_url=urn)),
        ("valueOid", oid, post(patient(), full_url=oid)),
    ):
        answer = await run(client, "transaction", linking(kind, link), entry_)
        refused(answer, 422)
        assert places(answer) == ["Bundle.entry[0].resource.extension[0].value"]


async def test_entries_may_refer_to_one_another_in_a_circle(client: httpx.AsyncClient) -> None:
    one, two = f"urn:uuid:{fresh()}", f"urn:uuid:{fresh()}"

    def linked(other: str) -> dict[str, Any]:
        return patient(link=[{"other": {"reference": other}, "type": "seealso"}])

    answer = await run(
        client, "transaction", post(linked(two), full_url=one), post(linked(one), full_url=two)
    )
    [first, second] = _resources(answer)
    assert first["link"][0]["other"]["reference"] == f"Patient/{second['id']}"
    assert second["link"][0]["other"]["reference"] == f"Patient/{first['id']}"


async def test_an_absolute_full_url_is_a_name_like_any_other(client: httpx.AsyncClient) -> None:
    name = f"http://elsewhere.example/fhir/Patient/{fresh()}"
    [made, someone] = _resources(
        await run(
            client,
            "transaction",
            post(observation(name)),
            put(patient(id=fresh()), full_url=name),
        )
    )
    assert made["subject"] == {"reference": f"Patient/{someone['id']}"}


async def test_a_version_specific_reference_stays_one(client: httpx.AsyncClient) -> None:
    name = f"http://elsewhere.example/fhir/Patient/{fresh()}"
    [made, someone] = _resources(
        await run(
            client,
            "transaction",
            post(observation(f"{name}/_history/1")),
            post(patient(), full_url=name),
        )
    )
    assert made["subject"] == {"reference": f"Patient/{someone['id']}/_history/1"}


async def test_an_entry_may_refer_to_one_that_is_written_under_a_known_id(
    client: httpx.AsyncClient,
) -> None:
    told = patient(id=fresh())
    reference = f"Patient/{told['id']}"
    answer = await run(client, "transaction", post(observation(reference)), put(told))
    assert _resources(answer)[0]["subject"] == {"reference": reference}
    refused(await run(client, "transaction", post(observation(f"Patient/{fresh()}"))), 422)


@pytest.mark.parametrize("made_here", [True, False])
async def test_a_conditional_reference_finds_what_is_there_or_what_is_made_here(
    client: httpx.AsyncClient, *, made_here: bool
) -> None:
    value = fresh()
    asked = post(observation(f"Patient?identifier={SYSTEM}|{value}"))
    if made_here:
        [made, someone] = _resources(
            await run(client, "transaction", asked, post(identified(value)))
        )
        target = f"Patient/{someone['id']}"
    else:
        target = await created(client, identified(value))
        [made] = _resources(await run(client, "transaction", asked))
    assert made["subject"] == {"reference": target}
    assert (await client.get(f"/Observation?subject={target}&_summary=count")).json()["total"] == 1


async def test_a_conditional_reference_finds_a_resource_as_the_transaction_leaves_it(
    client: httpx.AsyncClient,
) -> None:
    old, new = fresh(), fresh()
    someone = await updated(client, identified(old, id=fresh()))
    moved = put(identified(new, id=someone.partition("/")[2]))

    lost = await run(client, "transaction", post(observation(f"Patient?identifier={old}")), moved)
    refused(lost, 412)
    found = await run(client, "transaction", post(observation(f"Patient?identifier={new}")), moved)
    assert _resources(found)[0]["subject"] == {"reference": someone}

    gone = await run(
        client,
        "transaction",
        post(observation(f"Patient?identifier={new}", id="x")),
        entry("DELETE", someone),
    )
    refused(gone, 412)


async def test_a_conditional_reference_without_one_match_fails_the_transaction(
    client: httpx.AsyncClient,
) -> None:
    several, wanted = fresh(), fresh()
    for _ in range(2):
        await created(client, identified(several))
    for asked, status in (
        (f"Patient?identifier={fresh()}", 412),
        (f"Patient?identifier={several}", 412),
        ("Patient?nonsense=1", 400),
        ("Patient?", 400),
        ("Patient?_count=1", 400),
        ("Patient?name.nonsense=1", 400),
    ):
        answer = await run(
            client, "transaction", post(identified(wanted)), post(observation(asked))
        )
        refused(answer, status)
        assert places(answer) == ["Bundle.entry[1].resource.subject"]
    assert await count(client, "Patient", identifier=wanted) == 0


async def test_several_made_here_are_too_many(client: httpx.AsyncClient) -> None:
    value = fresh()
    answer = await run(
        client,
        "transaction",
        post(observation(f"Patient?identifier={value}")),
        post(identified(value)),
        post(identified(value)),
    )
    assert "Several" in refused(answer, 412)


async def test_a_conditional_reference_that_writes_nothing_leaves_the_others_alone(
    client: httpx.AsyncClient,
) -> None:
    value = fresh()
    someone = identified(value, id=fresh())
    await updated(client, someone)
    [made, same] = _resources(
        await run(
            client, "transaction", post(observation(f"Patient?identifier={value}")), put(someone)
        )
    )
    assert made["subject"] == {"reference": f"Patient/{someone['id']}"}
    assert same["meta"]["versionId"] == "1"


async def test_a_stored_document_keeps_the_links_between_its_own_entries(
    client: httpx.AsyncClient,
) -> None:
    urn = f"urn:uuid:{fresh()}"
    document = bundle(
        "collection",
        {"fullUrl": urn, "resource": patient()},
        {"fullUrl": f"urn:uuid:{fresh()}", "resource": observation(urn)},
        {
            "fullUrl": "http://elsewhere.example/fhir/Observation/1",
            "resource": observation("Patient/of-another-server", id="1"),
        },
    )
    answer = await client.post("/Bundle", json=document)
    assert answer.status_code == 201, answer.text
    subjects = [each["resource"].get("subject") for each in answer.json()["entry"]]
    assert subjects == [None, {"reference": urn}, {"reference": "Patient/of-another-server"}]
