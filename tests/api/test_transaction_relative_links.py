"""Relative references between entries whose fullUrls are addresses of another server.

https://hl7.org/fhir/R4/bundle.html#references
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

OTHER = "http://elsewhere.example/fhir"


def entry(full_url: str, resource: dict[str, Any]) -> dict[str, Any]:
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"fullUrl": full_url, "resource": resource, "request": request}


def flag(subject: str) -> dict[str, Any]:
    return {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "safety"},
        "subject": {"reference": subject},
    }


async def run(client: httpx.AsyncClient, *entries: dict[str, Any]) -> httpx.Response:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    return await client.post("", json=bundle)


async def test_a_relative_reference_means_the_entry_below_the_same_base(
    client: httpx.AsyncClient,
) -> None:
    answer = await run(
        client,
        entry(f"{OTHER}/Flag/f", flag("Patient/p")),
        entry(f"{OTHER}/Patient/p", {"resourceType": "Patient"}),
    )

    assert answer.status_code == 200, answer.text
    written, person = (each["resource"] for each in answer.json()["entry"])
    assert written["subject"]["reference"] == f"Patient/{person['id']}"


async def test_a_relative_reference_does_not_mean_an_entry_below_another_base(
    client: httpx.AsyncClient,
) -> None:
    answer = await run(
        client,
        entry("http://third.example/fhir/Flag/f", flag("Patient/p")),
        entry(f"{OTHER}/Patient/p", {"resourceType": "Patient"}),
    )

    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.subject"]
