"""A resource is held to the profiles that it claims and the record knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.resources import fresh, patient, places, post, put, refused, run
from tests.unit.profiles.definitions import element, profile

if TYPE_CHECKING:
    import httpx


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
