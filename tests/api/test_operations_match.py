"""Patient/$match over HTTP: candidates with a score and reasons, and nobody merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.care.canonical import profile
from tests.api.parameters import carried, given
from tests.api.resources import SYSTEM, count, created, fresh, identified, patient, refused

if TYPE_CHECKING:
    import httpx

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
Person = dict[str, Any]


async def people(client: httpx.AsyncClient) -> tuple[Person, str, str]:
    """Somebody, where they stand in the record, and somebody else of the same name."""
    family, mrn = f"Ma\u0308rz{fresh()[:12]}", fresh()
    name = [{"family": family, "given": [f"Anna{fresh()[:8]}"]}]
    anna = identified(mrn, name=name, birthDate="1980-02-29", gender="female")
    other = patient(name=name, gender="female")
    return anna, await created(client, anna), await created(client, other)


async def matched(
    client: httpx.AsyncClient, wanted: Person, **values: object
) -> list[tuple[str, str, float]]:
    """Who may be meant: the reference, the grade and the score of each, in their order."""
    body = given(carried("resource", wanted), **values)
    answer = await client.post("/Patient/$match", json=body)
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    found = []
    for entry in bundle.get("entry", []):
        search, reference = entry["search"], f"Patient/{entry['resource']['id']}"
        assert entry["fullUrl"].endswith(reference)
        assert search["mode"] == "match"
        told = [e["valueCode"] for e in search["extension"] if e["url"] == GRADE]
        found.append((reference, told[0], search["score"]))
    return found


async def test_the_best_match_comes_first_with_its_reasons(client: httpx.AsyncClient) -> None:
    anna, here, other = await people(client)
    found = await matched(client, anna)
    assert [(reference, grade) for reference, grade, _ in found] == [
        (here, "certain"),
        (other, "possible"),
    ]
    assert found[0][2] > found[1][2]
    answer = await client.post("/Patient/$match", json=anna)
    [_, *reasons] = answer.json()["entry"][0]["search"]["extension"]
    assert {each["url"] for each in reasons} == {profile("match-reason")}
    values = [
        {part["url"]: next(v for k, v in part.items() if k != "url") for part in each["extension"]}
        for each in reasons
    ]
    assert {"element": "identifier", "finding": "agrees", "points": 60} in values
    points = sum(each["points"] for each in values)
    assert found[0][2] == min(points, 100) / 100


async def test_each_way_to_describe_somebody_finds_them(client: httpx.AsyncClient) -> None:
    anna, here, other = await people(client)
    family = anna["name"][0]["family"]
    plain = family.replace("\u0308", "").upper()
    mrn = {"identifier": anna["identifier"]}
    assert await matched(client, patient(**mrn)) == [(here, "probable", 0.6)]
    named = patient(name=[{"family": plain}], birthDate="1980-02-29")
    assert (await matched(client, named))[0][:2] == (here, "possible")
    both = await matched(client, patient(name=[anna["name"][0] | {"family": plain}]))
    assert {(reference, grade) for reference, grade, _ in both} == {
        (here, "possible"),
        (other, "possible"),
    }
    contact = [{"system": "email", "value": f"{fresh()}@test.example"}]
    reached = await created(client, patient(telecom=contact, gender="female"))
    assert await matched(client, patient(telecom=contact, gender="female")) == [
        (reached, "possible", 0.11)
    ]
    address = [{"postalCode": fresh()[:9], "line": ["1 Elm St"]}]
    body = patient(birthDate="1980-02-29", address=address)
    moved = await created(client, body)
    assert [each[0] for each in await matched(client, body)] == [moved]


async def test_only_a_certain_match_is_given_when_asked(client: httpx.AsyncClient) -> None:
    anna, here, _ = await people(client)
    only: dict[str, Any] = {"onlyCertainMatches_valueBoolean": True}
    assert [each[0] for each in await matched(client, anna, **only)] == [here]
    unsure = patient(name=anna["name"], birthDate=anna["birthDate"])
    assert await matched(client, unsure, **only) == []
    # Where two are certain, nobody is.
    await created(client, anna)
    assert await matched(client, anna, **only) == []
    assert len(await matched(client, anna)) == 3


async def test_the_number_of_matches_is_limited(client: httpx.AsyncClient) -> None:
    anna, here, _ = await people(client)
    assert [each[0] for each in await matched(client, anna, count_valueInteger=1)] == [here]
    body = given(carried("resource", anna), count_valueInteger=1)
    assert (await client.post("/Patient/$match", json=body)).json()["total"] == 2
    assert await matched(client, anna, count_valueInteger=0) == []
    less = given(carried("resource", anna), count_valueInteger=-1)
    assert "count" in refused(await client.post("/Patient/$match", json=less), 400)


async def test_nobody_is_written_or_found_after_a_deletion(client: httpx.AsyncClient) -> None:
    anna, here, other = await people(client)
    await created(client, patient(name=anna["name"], birthDate="1991-07-01", gender="female"))
    before = await count(client, "Patient")
    assert len(await matched(client, anna)) == 2
    assert await count(client, "Patient") == before
    await client.delete(f"/{here}")
    assert [each[0] for each in await matched(client, anna)] == [other]


async def test_separators_in_values_are_values(client: httpx.AsyncClient) -> None:
    value = f"a,b|c$d\\{fresh()}"
    here = await created(client, identified(value))
    wanted = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}]}
    assert [each[0] for each in await matched(client, wanted)] == [here]


async def test_what_describes_nobody_is_refused(client: httpx.AsyncClient) -> None:
    path = "/Patient/$match"
    for nobody in (patient(), patient(gender="female"), patient(name=[{"family": "-"}])):
        assert "identifier" in refused(await client.post(path, json=nobody), 400)
    refused(await client.post(path, json=patient(birthDate="1981-02-29")), 422)
    refused(await client.post(path, json=given()), 400)
    refused(await client.post(path, json={"resourceType": "Basic", "code": {}}), 400)
    anna = patient(name=[{"family": "A", "given": ["B"]}])
    assert (await client.post(path, json=anna)).status_code == 200
