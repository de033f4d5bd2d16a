"""A resource is held to the profiles that it claims and the record knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.resources import (
    bundle,
    created,
    fresh,
    patient,
    places,
    post,
    put,
    refused,
    run,
)
from tests.unit.profiles.definitions import element, profile
from tests.unit.terminology.colours import SYSTEM, URL, composed, filtered, listed

if TYPE_CHECKING:
    import httpx

TOLD = {"Prefer": "return=OperationOutcome"}


async def published(client: httpx.AsyncClient, *elements: dict[str, Any], base: str = "") -> str:
    """Publish a profile on Patient, or on another profile, and give its url."""
    name = fresh()
    definition = profile(name, "Patient", *elements)
    definition["baseDefinition"] = base or definition["baseDefinition"]
    answer = await client.post("/StructureDefinition", json=definition)
    assert answer.status_code == 201, answer.text
    url: str = definition["url"]
    return url


def claiming(*urls: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    return patient(meta={"profile": list(urls)}, **members)


async def test_a_claim_of_a_known_profile_is_checked_on_every_write(
    client: httpx.AsyncClient,
) -> None:
    url = await published(client, element("Patient.birthDate", min=1))
    kept, broken = claiming(url, birthDate="1980"), claiming(url)

    made = await client.post("/Patient", json=kept)
    assert made.status_code == 201, made.text
    answer = await client.post("/Patient", json=broken)
    assert "requires 1 'birthDate'" in refused(answer, 422)
    assert places(answer) == ["Patient"]
    key = made.json()["id"]
    refused(await client.put(f"/Patient/{key}", json=broken | {"id": key}), 422)


async def test_a_profile_holds_with_the_one_it_builds_on(client: httpx.AsyncClient) -> None:
    base = await published(client, element("Patient.birthDate", min=1))
    url = await published(client, element("Patient.gender", min=1), base=base)

    assert (await client.post("/Patient", json=patient())).status_code == 201
    answer = await client.post("/Patient", json=claiming(url))
    refused(answer, 422)
    assert places(answer) == ["Patient", "Patient"]


async def test_a_claim_in_a_transaction_is_told_at_its_entry(client: httpx.AsyncClient) -> None:
    url = await published(client, element("Patient.birthDate", min=1))

    answer = await run(client, "transaction", post(patient()), post(claiming(url)))
    refused(answer, 422)
    assert places(answer) == ["Bundle.entry[1].resource"]


async def test_a_claim_of_an_unknown_profile_is_taken(client: httpx.AsyncClient) -> None:
    urls = ("http://example.org/unknown", "http://example.org/a,b|c$d\\e", "urn:x|1.0")

    for url in urls:
        made = await client.post("/Patient", json=claiming(url))
        assert made.status_code == 201, made.text
        assert made.json()["meta"]["profile"] == [url]


async def test_a_profile_that_changed_holds_as_it_is_now(client: httpx.AsyncClient) -> None:
    url = await published(client, element("Patient.birthDate", min=1))
    found = await client.get("/StructureDefinition", params={"url": url})
    stored = found.json()["entry"][0]["resource"]
    stored["differential"]["element"] = [element("Patient.gender", min=1)]
    changed = await run(client, "transaction", put(stored), post(claiming(url, birthDate="1980")))

    # Within one transaction the profile of before it holds.
    assert changed.status_code == 200, changed.text
    refused(await client.post("/Patient", json=claiming(url, birthDate="1980")), 422)
    assert (await client.post("/Patient", json=claiming(url, gender="male"))).status_code == 201


async def test_a_claim_within_a_resource_is_checked_at_its_place(client: httpx.AsyncClient) -> None:
    url = await published(client, element("Patient.birthDate", min=1))
    kept, broken = claiming(url, birthDate="1980"), claiming(url)

    def holders(inner: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
        observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
        about = {"contained": [inner | {"id": "p"}], "subject": {"reference": "#p"}}
        many = [{"resource": patient()}, {"resource": inner}]
        return [
            (observation | about, "Observation.contained[0]"),
            (bundle("collection") | {"entry": many}, "Bundle.entry[1].resource"),
        ]

    for holder, place in holders(broken):
        path = f"/{holder['resourceType']}"
        answer = await client.post(path, json=holder)
        refused(answer, 422)
        assert places(answer) == [place]
        told = (await client.post(f"{path}/$validate", json=holder)).json()["issue"]
        assert [each["expression"] for each in told if each["severity"] == "error"] == [[place]]
    for holder, _ in holders(kept):
        answer = await client.post(f"/{holder['resourceType']}", json=holder)
        assert answer.status_code == 201, answer.text


async def test_no_claim_is_passed_over_because_there_are_many(client: httpx.AsyncClient) -> None:
    # In the order of their urls it is the last.
    url = await published(client, element("Patient.birthDate", min=1))
    unknown = [f"http://a.example/{number}" for number in range(1_000)]

    refused(await client.post("/Patient", json=claiming(*unknown[:300], url)), 422)
    many = claiming(*unknown[:300], url, birthDate="1980")
    assert (await client.post("/Patient", json=many)).status_code == 201
    too_many = claiming(*unknown, url, birthDate="1980")
    assert "More than 1,000 profiles" in refused(await client.post("/Patient", json=too_many), 422)


@pytest.mark.parametrize("strength", ["required", "extensible"])
async def test_a_write_keeps_the_bindings_of_a_profile_to_stored_value_sets(
    client: httpx.AsyncClient, strength: str
) -> None:
    name = f"http://test.example/{fresh()}"
    await created(client, SYSTEM)
    await created(client, composed(filtered("is-a", "red"), url=f"{name}/reds"))
    await created(client, composed({"valueSet": [f"{name}/reds"]}, listed("sky"), url=name))
    binding = {"strength": strength, "valueSet": f"{name}|1"}
    url = await published(client, element("Patient.maritalStatus", binding=binding))
    stated = (await client.get("/ValueSet", params={"url": name})).json()["entry"][0]["resource"]

    async def write(code: str) -> httpx.Response:
        body = claiming(url, maritalStatus={"coding": [{"system": URL, "code": code}]})
        return await client.post("/Patient", json=body, headers=TOLD)

    def told(answer: httpx.Response) -> list[str]:
        return [each for each in map(str, answer.json()["issue"]) if "By the profile" in each]

    # Of this value set no version 1 is known yet.
    assert told(await write("blue")) == []
    await client.put(f"/ValueSet/{stated['id']}", json=stated | {"version": "1"})
    for code in ("crimson", "sky"):
        assert told(await write(code)) == []
    answer = await write("blue")
    assert answer.status_code == (422 if strength == "required" else 201)
    assert len(told(answer)) == 1
    assert f"must have a code of {name}" in answer.text


async def test_a_rule_of_a_profile_knows_what_day_it_is(client: httpx.AsyncClient) -> None:
    rule = {
        "key": "x-1",
        "severity": "error",
        "human": "Is born.",
        "expression": "birthDate <= today()",
    }
    url = await published(client, element("Patient", constraint=[rule]))

    made = await client.post("/Patient", json=claiming(url, birthDate="2000-01-31"), headers=TOLD)
    assert made.status_code == 201
    assert "Is born." not in made.text
    unborn = claiming(url, birthDate="2999-01-31")
    assert "Is born. (x-1)" in refused(await client.post("/Patient", json=unborn), 422)
    answer = await client.post(f"/Patient/$validate?profile={url}", json=unborn)
    assert "Is born. (x-1)" in answer.text
